/**
 * 3DS at Stripe: what a request says of it, and what a charge tells of it. Stripe runs the protocol and does
 * not pass transStatus on: it has words of its own, which the table below turns back into EMV's.
 */
import { z } from 'zod';
import type {
  AuthenticationFacts,
  AuthenticationRequest,
  TransStatus,
} from '../../domain/authentication/authentication.ts';
import type { RequiresAction } from '../../domain/payment/outcome.ts';
import type { AuthorizeRequest } from '../provider.ts';

/** `three_d_secure` of a charged card (docs.stripe.com/api/charges/object), as far as it is read. */
export const threeDSecure = z.object({
  authentication_flow: z.string().nullish(),
  electronic_commerce_indicator: z.string().nullish(),
  exemption_indicator: z.string().nullish(),
  exemption_indicator_applied: z.boolean().nullish(),
  result: z.string().nullish(),
  result_reason: z.string().nullish(),
  transaction_id: z.string().nullish(),
  version: z.string().nullish(),
});
type ThreeDSecure = z.infer<typeof threeDSecure>;

interface Meaning {
  readonly transStatus?: TransStatus;
  readonly liabilityShift?: boolean;
}

/**
 * `result`. Which letter each stands for is our reading of its description; the liability shift of `authenticated`
 * and `attempt_acknowledged` is what Stripe documents. Nothing is made of a word that isn't here.
 */
const RESULTS: Readonly<Record<string, Meaning>> = {
  authenticated: { transStatus: 'Y', liabilityShift: true },
  attempt_acknowledged: { transStatus: 'A', liabilityShift: true },
  exempted: { transStatus: 'I', liabilityShift: false },
  failed: { transStatus: 'N', liabilityShift: false },
  processing_error: { transStatus: 'U', liabilityShift: false },
  // Nothing was authenticated, and the protocol never got as far as a transStatus.
  not_supported: { liabilityShift: false },
  data_share_only: { liabilityShift: false },
};

/** `result_reason` of a failure, in EMV's codes. */
const FAILURES: Readonly<Record<string, Partial<AuthenticationFacts>>> = {
  canceled: { challengeCancel: '01' },
  abandoned: { transStatusReason: '14' },
};

const FLOWS = ['frictionless', 'challenge'] as const;

/** What a charge tells of 3DS; undefined where 3DS was not tried. */
export function factsOf(told: ThreeDSecure | null | undefined): AuthenticationFacts | undefined {
  if (told == null) return undefined;
  const { result, result_reason: reason, transaction_id: id } = told;
  const flow = FLOWS.find((known) => known === told.authentication_flow);
  // A payer who fails a challenge is `rejected` as well: only without one is it the issuer's R.
  const rejected = result === 'failed' && reason === 'rejected' && flow !== 'challenge';
  const eci = matching(told.electronic_commerce_indicator, /^0\d$/);
  const version = matching(told.version, /^\d\.\d\.\d$/);
  const dsTransactionId = matching(id, /^[0-9a-fA-F-]{36}$/);
  // The only exemption that Stripe claims by itself.
  const exempted = told.exemption_indicator === 'low_risk' && told.exemption_indicator_applied === true;
  return {
    ...(flow === undefined ? {} : { flow }),
    ...RESULTS[result ?? ''],
    ...(rejected ? { transStatus: 'R' as const } : {}),
    ...(result === 'failed' ? FAILURES[reason ?? ''] : {}),
    ...(eci === undefined ? {} : { eci }),
    ...(version === undefined ? {} : { version }),
    ...(dsTransactionId === undefined ? {} : { dsTransactionId }),
    ...(exempted ? { exemption: 'transaction_risk_analysis' as const } : {}),
  };
}

function matching(value: string | null | undefined, shape: RegExp): string | undefined {
  return value != null && shape.test(value) ? value : undefined;
}

export const nextAction = z.object({
  type: z.string(),
  redirect_to_url: z
    .object({ url: z.url({ protocol: /^https?$/ }) })
    .nullish()
    .catch(undefined),
});

/** Where the payer's browser must go. Any other action would need Stripe's own script, so there is nothing to show. */
export function redirectOf(
  action: z.infer<typeof nextAction> | null | undefined,
): Pick<RequiresAction, 'nextAction'> {
  const url = action?.type === 'redirect_to_url' ? action.redirect_to_url?.url : undefined;
  return url === undefined ? {} : { nextAction: { type: 'redirect_to_url', url } };
}

/**
 * What a request says of authentication and of kept cards. Exemptions are not among it but for a payment that
 * the merchant initiates: Stripe claims them by itself, where the account allows.
 */
export function authenticationParameters({ authentication, storedCredential, returnUrl }: AuthorizeRequest) {
  const merchantInitiated = storedCredential?.initiator === 'merchant';
  const networkId = merchantInitiated ? storedCredential.networkTransactionId : undefined;
  return {
    // Nobody is there who could come back.
    ...(returnUrl === undefined || merchantInitiated ? {} : { return_url: returnUrl }),
    ...(storedCredential?.initiator === 'cardholder' ? { setup_future_usage: 'off_session' as const } : {}),
    ...(merchantInitiated ? { off_session: true } : {}),
    card: {
      ...(authentication === undefined || merchantInitiated ? {} : asked(authentication)),
      // By agreement with Stripe only; its public document does not have it.
      ...(networkId === undefined ? {} : { mit_exemption: { network_transaction_id: networkId } }),
    },
  };
}

function asked({ request }: AuthenticationRequest) {
  return { request_three_d_secure: request };
}
