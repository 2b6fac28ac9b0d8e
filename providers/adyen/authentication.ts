/**
 * 3DS at Adyen: what a request says of it, and what an answer's or a webhook's `additionalData` tells of it.
 * Always by redirect: native 3DS needs Adyen's script on the merchant's page.
 */
import type {
  AuthenticationFacts,
  Exemption,
  StoredCredential,
  TransStatus,
} from '../../domain/authentication/authentication.ts';
import type { RequiresAction } from '../../domain/payment/outcome.ts';
import type { AuthorizeRequest } from '../provider.ts';

/** The four that a request can claim. The other two are said by `shopperInteraction` and the processing model. */
const EXEMPTIONS: Readonly<Partial<Record<Exemption, string>>> = {
  low_value: 'lowValue',
  secure_corporate: 'secureCorporate',
  trusted_beneficiary: 'trustedBeneficiary',
  transaction_risk_analysis: 'transactionRiskAnalysis',
};

const MODELS: Readonly<Record<StoredCredential['usage'], string>> = {
  recurring: 'Subscription',
  unscheduled: 'UnscheduledCardOnFile',
};

/** EMV 3DS: a challenge is mandated. */
const CHALLENGE_MANDATED = '04';

export function authenticationParameters({ authentication, storedCredential }: AuthorizeRequest) {
  const model =
    storedCredential === undefined ? {} : { recurringProcessingModel: MODELS[storedCredential.usage] };
  if (storedCredential?.initiator === 'merchant') {
    const { networkTransactionId: id } = storedCredential;
    const additionalData = id === undefined ? {} : { networkTxReference: id };
    return { fields: { shopperInteraction: 'ContAuth', ...model }, additionalData };
  }
  const request = authentication?.request ?? 'automatic';
  const exemption = EXEMPTIONS[authentication?.exemption ?? 'merchant_initiated'];
  return {
    fields: {
      shopperInteraction: 'Ecommerce',
      ...model,
      authenticationData: {
        ...(request === 'automatic' ? {} : { attemptAuthentication: 'always' }),
        threeDSRequestData: { nativeThreeDS: 'disabled' },
      },
      ...(request === 'challenge'
        ? { threeDS2RequestData: { threeDSRequestorChallengeInd: CHALLENGE_MANDATED } }
        : {}),
    },
    additionalData: exemption === undefined ? {} : { scaExemption: exemption },
  };
}

type AdditionalData = Readonly<Record<string, unknown>>;

const STATUSES: readonly TransStatus[] = ['Y', 'A', 'N', 'R', 'U', 'C', 'D', 'I'];
const RESULT = 'threeds2.threeDS2Result';

/**
 * What `additionalData` tells of 3DS and exemptions; undefined where it tells nothing, which also is so where
 * the account does not include these fields. In a webhook they stand outside of what is signed.
 */
export function factsOf(data: AdditionalData, authorized: boolean): AuthenticationFacts | undefined {
  const text = (...keys: readonly string[]) => keys.map((key) => data[key]).find((value) => isTold(value));
  const transStatus = STATUSES.find(
    (status) => status === text(`${RESULT}.transStatus`, 'threeDAuthenticatedResponse'),
  );
  if (transStatus === undefined && data.threeDOffered !== 'true') {
    const exemption = authorized ? exemptionOf(data) : undefined;
    return exemption === undefined ? undefined : { exemption };
  }
  const flow = flowOf(text('threeDOfferedResponse'));
  const transStatusReason = matching(text(`${RESULT}.transStatusReason`), /^\d\d$/);
  const challengeCancel = matching(text(`${RESULT}.challengeCancel`), /^\d\d$/);
  const eci = matching(text('eci', `${RESULT}.eci`), /^\d\d$/);
  const version = matching(text('threeDSVersion', `${RESULT}.messageVersion`), /^\d\.\d\.\d$/);
  const dsTransactionId = matching(text('dsTransID', `${RESULT}.dsTransID`), /^[0-9a-fA-F-]{36}$/);
  const shifted = text('liabilityShift');
  return {
    ...(flow === undefined ? {} : { flow }),
    ...(transStatus === undefined ? {} : { transStatus }),
    ...(transStatusReason === undefined ? {} : { transStatusReason }),
    ...(challengeCancel === undefined ? {} : { challengeCancel }),
    ...(eci === undefined ? {} : { eci }),
    ...(version === undefined ? {} : { version }),
    ...(dsTransactionId === undefined ? {} : { dsTransactionId }),
    ...(shifted === 'true' || shifted === 'false' ? { liabilityShift: shifted === 'true' } : {}),
  };
}

/** Adyen writes `N/A` for what it has not. */
function isTold(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value !== 'N/A';
}

function matching(value: unknown, shape: RegExp): string | undefined {
  return typeof value === 'string' && shape.test(value) ? value : undefined;
}

/** The directory's first answer: C is a challenge, and what ended there had no friction. */
function flowOf(offered: unknown): AuthenticationFacts['flow'] {
  if (offered === 'C') return 'challenge';
  return offered === 'Y' || offered === 'A' || offered === 'N' || offered === 'R'
    ? 'frictionless'
    : undefined;
}

/** Authorized without 3DS, for the reason that Adyen gave to the issuer. */
function exemptionOf(data: AdditionalData): Exemption | undefined {
  const merchantInitiated =
    data.shopperInteraction === 'ContAuth' &&
    Object.values(MODELS).includes(String(data.recurringProcessingModel));
  if (merchantInitiated) return 'merchant_initiated';
  const named = Object.entries(EXEMPTIONS).find(([, word]) => word === data.scaExemptionRequested);
  return named?.[0] as Exemption | undefined;
}

/** Where the payer's browser must go. A redirect that must be posted would need a page of ours. */
export function redirectOf(
  action:
    | {
        readonly type?: string | undefined;
        readonly method?: string | undefined;
        readonly url?: string | undefined;
      }
    | undefined,
): Pick<RequiresAction, 'nextAction'> {
  const { type, method = 'GET', url } = action ?? {};
  if (type !== 'redirect' || method !== 'GET' || url === undefined) return {};
  return { nextAction: { type: 'redirect_to_url', url } };
}
