/**
 * 3DS at Checkout.com: what a request says of it, and what a payment tells of it. Checkout.com runs the protocol on a page of
 * its own, to which every payer is sent whose payment goes through 3DS, challenged or not.
 */
import { z } from 'zod';
import type {
  AuthenticationFacts,
  Exemption,
  TransStatus,
} from '../../domain/authentication/authentication.ts';
import type { AuthorizeRequest } from '../provider.ts';

/** `3ds` of a payment, as far as it is read. */
export const threeDs = z.object({
  authentication_response: z.string().nullish(),
  authentication_status_reason: z.string().nullish(),
  challenged: z.boolean().nullish(),
  exemption_applied: z.string().nullish(),
  version: z.string().nullish(),
  xid: z.string().nullish(),
});

/** `merchant_initiated` is said by a field of its own. */
const EXEMPTIONS: Readonly<Partial<Record<Exemption, string>>> = {
  low_value: 'low_value',
  transaction_risk_analysis: 'transaction_risk_assessment',
  trusted_beneficiary: 'trusted_listing',
  secure_corporate: 'secure_corporate_payment',
  recurring: 'recurring_operation',
};

const STATUSES: readonly TransStatus[] = ['Y', 'A', 'N', 'R', 'U', 'C', 'D', 'I'];

/** What a payment tells of 3DS and exemptions; undefined where it tells nothing. */
export function factsOf(
  told: z.infer<typeof threeDs> | null | undefined,
  eci: string | null | undefined,
): AuthenticationFacts | undefined {
  const transStatus = STATUSES.find((status) => status === told?.authentication_response);
  if (told == null) return undefined;
  if (transStatus === undefined) {
    const named = Object.entries(EXEMPTIONS).find(([, word]) => word === told.exemption_applied);
    return named === undefined ? undefined : { exemption: named[0] as Exemption };
  }
  const transStatusReason = matching(told.authentication_status_reason, /^\d\d$/);
  const indicator = matching(eci, /^0\d$/);
  const version = matching(told.version, /^\d\.\d\.\d$/);
  const dsTransactionId = matching(told.xid, /^[0-9a-fA-F-]{36}$/);
  return {
    ...flowOf(transStatus, told.challenged),
    transStatus,
    ...(transStatusReason === undefined ? {} : { transStatusReason }),
    ...(indicator === undefined ? {} : { eci: indicator }),
    ...(version === undefined ? {} : { version }),
    ...(dsTransactionId === undefined ? {} : { dsTransactionId }),
    // Not told: our reading of the status, as the schemes have it.
    liabilityShift: transStatus === 'Y' || transStatus === 'A',
  };
}

/** Where it could not be performed there was neither a challenge nor its absence. */
function flowOf(
  status: TransStatus,
  challenged: boolean | null | undefined,
): Pick<AuthenticationFacts, 'flow'> {
  if (typeof challenged !== 'boolean' || (status === 'U' && !challenged)) return {};
  return { flow: challenged ? 'challenge' : 'frictionless' };
}

function matching(value: string | null | undefined, shape: RegExp): string | undefined {
  return value != null && shape.test(value) ? value : undefined;
}

const PAYMENT_TYPES = { recurring: 'Recurring', unscheduled: 'Unscheduled' } as const;

/** Fields of the request, and of its `source`, about authentication and kept cards. */
export function authenticationParameters({ authentication, storedCredential, returnUrl }: AuthorizeRequest) {
  const type = storedCredential === undefined ? {} : { payment_type: PAYMENT_TYPES[storedCredential.usage] };
  if (storedCredential?.initiator === 'merchant') {
    const { networkTransactionId: id } = storedCredential;
    // A scheme's id of an earlier payment, wherever that was made, is taken as well as an id of Checkout.com's.
    const earlier = id === undefined ? {} : { previous_payment_id: id };
    return { fields: { ...type, merchant_initiated: true, ...earlier }, source: { stored: true } };
  }
  const request = authentication?.request ?? 'automatic';
  const exemption = EXEMPTIONS[authentication?.exemption ?? 'merchant_initiated'];
  const mandate = request === 'challenge' ? { challenge_indicator: 'challenge_requested_mandate' } : {};
  const saving = storedCredential === undefined ? {} : { store_for_future_use: true };
  return {
    fields: {
      ...type,
      ...(storedCredential === undefined ? {} : { merchant_initiated: false }),
      '3ds': {
        // Not asked for, Checkout.com still upgrades what an issuer would refuse without.
        enabled: request !== 'automatic',
        ...mandate,
        ...(exemption === undefined ? {} : { exemption }),
      },
      ...(returnUrl === undefined ? {} : { success_url: returnUrl, failure_url: returnUrl }),
    },
    source: saving,
  };
}
