/** 3DS at AcmePay: what a request says of it, and what a payment tells of it. Always by redirect. */
import { z } from 'zod';
import type { AuthenticationFacts } from '../../../../domain/authentication/authentication.ts';
import type { RequiresAction } from '../../../../domain/payment/outcome.ts';
import type { AuthorizeRequest } from '../../../../providers/provider.ts';

/** What cannot be read of it is left out: a payment is not less authorized for it. */
export const authenticationSchema = z.object({
  flow: z.enum(['frictionless', 'challenge']).optional().catch(undefined),
  trans_status: z.enum(['Y', 'A', 'N', 'R', 'U', 'C', 'D', 'I']).optional().catch(undefined),
  trans_status_reason: twoDigits(),
  challenge_cancel: twoDigits(),
  eci: twoDigits(),
  version: z
    .string()
    .regex(/^\d\.\d\.\d$/)
    .optional()
    .catch(undefined),
  ds_transaction_id: z
    .string()
    .regex(/^[0-9a-fA-F-]{36}$/)
    .optional()
    .catch(undefined),
  liability_shift: z.boolean().optional().catch(undefined),
  exemption: z
    .enum([
      'low_value',
      'transaction_risk_analysis',
      'trusted_beneficiary',
      'secure_corporate',
      'merchant_initiated',
    ])
    .optional()
    .catch(undefined),
});

function twoDigits() {
  return z
    .string()
    .regex(/^\d\d$/)
    .optional()
    .catch(undefined);
}

const FIELDS = {
  flow: 'flow',
  transStatus: 'trans_status',
  transStatusReason: 'trans_status_reason',
  challengeCancel: 'challenge_cancel',
  eci: 'eci',
  version: 'version',
  dsTransactionId: 'ds_transaction_id',
  liabilityShift: 'liability_shift',
  exemption: 'exemption',
} as const satisfies Record<keyof AuthenticationFacts, keyof z.infer<typeof authenticationSchema>>;

/** What a payment tells of 3DS; undefined where it tells nothing. */
export function factsOf(
  told: z.infer<typeof authenticationSchema> | null | undefined,
): AuthenticationFacts | undefined {
  if (told == null) return undefined;
  const facts = Object.entries(FIELDS)
    .map(([ours, theirs]) => [ours, told[theirs]] as const)
    .filter(([, value]) => value !== undefined);
  return facts.length === 0 ? undefined : (Object.fromEntries(facts) as AuthenticationFacts);
}

export const actionSchema = z.object({
  type: z.string(),
  url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .catch(undefined),
});

/** Where the payer's browser must go. Anything but a redirect would need a page of ours: nothing to show. */
export function redirectOf(
  action: z.infer<typeof actionSchema> | null | undefined,
): Pick<RequiresAction, 'nextAction'> {
  if (action?.type !== 'redirect' || action.url === undefined) return {};
  return { nextAction: { type: 'redirect_to_url', url: action.url } };
}

export function authenticationParameters({ authentication, storedCredential, returnUrl }: AuthorizeRequest) {
  const merchantInitiated = storedCredential?.initiator === 'merchant';
  const networkId = storedCredential?.networkTransactionId;
  return {
    // Nobody is there who could come back.
    ...(returnUrl === undefined || merchantInitiated ? {} : { return_url: returnUrl }),
    ...(authentication === undefined || merchantInitiated ? {} : { authentication }),
    ...(storedCredential === undefined
      ? {}
      : {
          stored_credential: {
            initiator: storedCredential.initiator,
            usage: storedCredential.usage,
            ...(networkId === undefined ? {} : { network_transaction_id: networkId }),
          },
        }),
  };
}
