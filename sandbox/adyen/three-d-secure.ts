// 3DS as Adyen takes and shows it: what a request asks for, and the additionalData of answers and webhooks.
import { firstAnswer, type Issuer, NOT_ENROLLED, ownCard } from '../acs/cards.ts';
import type { Authentication, TransStatus } from '../acs/emv.ts';
import { unreadable } from './errors.ts';
import type { PaymentRow } from './objects.ts';
import { threeDsOf } from './outcomes.ts';
import { type Json, object, string } from './request.ts';

const EXEMPTIONS = ['lowValue', 'secureCorporate', 'trustedBeneficiary', 'transactionRiskAnalysis'];

/** How a payment will be authenticated: known from the start, because the card decides it. */
export interface ThreeDsPlan {
  /** The issuer's first answer; null where 3DS isn't tried. */
  ares: TransStatus | null;
  browserFirst: boolean;
  /** `additionalData.scaExemptionRequested`. */
  exemption: string | null;
  /** Refused without authentication. */
  softDeclined: boolean;
  /** Nobody was there: `ContAuth` with a processing model that says so. */
  merchantInitiated: string | null;
}

const NONE: ThreeDsPlan = {
  ares: null,
  browserFirst: false,
  exemption: null,
  softDeclined: false,
  merchantInitiated: null,
};

export function planThreeDs(body: Json, number: string): ThreeDsPlan {
  const issuer = threeDsOf(number) ?? ownCard(number) ?? NOT_ENROLLED;
  // The merchant brings the result of an authentication of its own.
  if (object(body.mpiData) !== undefined) return NONE;
  if (isMerchantInitiated(body)) return merchantInitiated(body, issuer);
  const exemption = exemptionIn(body, issuer);
  const attempt = object(body.authenticationData)?.attemptAuthentication;
  const asked = askedIn(body);
  const ares = attempt === 'never' ? undefined : firstAnswer({ issuer, asked });
  if (ares === undefined) return { ...NONE, exemption, softDeclined: issuer.softDecline === true };
  // What the issuer decides in 3DS stands above an exemption that was asked for.
  return { ...NONE, ares, browserFirst: issuer.browserFirst === true };
}

function askedIn(body: Json): 'automatic' | 'any' | 'challenge' {
  if (object(body.authenticationData)?.attemptAuthentication !== 'always') return 'automatic';
  const indicator = object(body.threeDS2RequestData)?.threeDSRequestorChallengeInd;
  return indicator === '03' || indicator === '04' ? 'challenge' : 'any';
}

function isMerchantInitiated(body: Json): boolean {
  const unattended = ['Subscription', 'UnscheduledCardOnFile'].includes(
    String(body.recurringProcessingModel),
  );
  return body.shopperInteraction === 'ContAuth' && unattended;
}

/** Nobody can be challenged. The issuer accepts it for a card whose first payment is named. */
function merchantInitiated(body: Json, issuer: Issuer): ThreeDsPlan {
  const named = string(object(body.additionalData)?.networkTxReference) !== undefined;
  const strict = issuer.softDecline === true || (issuer.threeDs === 'always' && issuer.ares === 'C');
  return {
    ...NONE,
    softDeclined: strict && !named,
    merchantInitiated: String(body.recurringProcessingModel),
  };
}

function exemptionIn(body: Json, issuer: Issuer): string | null {
  const asked = string(object(body.additionalData)?.scaExemption);
  if (asked !== undefined && !EXEMPTIONS.includes(asked)) {
    throw unreadable(`Unable to parse field 'additionalData.scaExemption': ${asked}`);
  }
  return asked ?? (issuer.lowRisk === true ? 'transactionRiskAnalysis' : null);
}

/** What answers and webhooks say of it. Everything is text in `additionalData`. */
export function threeDsData({ authentication, threeDs }: PaymentRow): Record<string, string> {
  const exemption = threeDs.exemption === null ? {} : { scaExemptionRequested: threeDs.exemption };
  if (authentication === null) {
    const none = { threeDOffered: 'false', threeDAuthenticated: 'false', liabilityShift: 'false' };
    const silent = { threeDOfferedResponse: 'N/A', threeDAuthenticatedResponse: 'N/A' };
    const model = threeDs.merchantInitiated;
    const unattended = { shopperInteraction: 'ContAuth', recurringProcessingModel: String(model) };
    return { ...none, ...silent, ...exemption, ...(model === null ? {} : unattended) };
  }
  const { transStatus, transStatusReason, challengeCancel, eci, dsTransactionId, version } = authentication;
  const result = 'threeds2.threeDS2Result';
  return {
    threeDOffered: 'true',
    threeDOfferedResponse: offeredResponse(authentication),
    threeDAuthenticated: String(transStatus === 'Y'),
    threeDAuthenticatedResponse: transStatus,
    liabilityShift: String(authentication.liabilityShift),
    eci,
    dsTransID: dsTransactionId,
    threeDSVersion: version,
    ...(authentication.liabilityShift ? { cavv: 'QURZRU4gM0RTMiBURVNUIENBVlY=', cavvAlgorithm: '1' } : {}),
    [`${result}.transStatus`]: transStatus,
    [`${result}.eci`]: eci,
    [`${result}.dsTransID`]: dsTransactionId,
    [`${result}.messageVersion`]: version,
    ...(transStatusReason === undefined ? {} : { [`${result}.transStatusReason`]: transStatusReason }),
    ...(challengeCancel === undefined ? {} : { [`${result}.challengeCancel`]: challengeCancel }),
  };
}

/** The ARes: a challenge was wanted, or it was the end already. */
function offeredResponse({ flow, transStatus }: Authentication): string {
  return flow === 'challenge' ? 'C' : transStatus;
}

/** What the journal keeps of it. */
export function journalled({ authentication, threeDs }: PaymentRow): Partial<Authentication> | undefined {
  if (authentication !== null) return authentication;
  return threeDs.exemption === null ? undefined : { exemption: threeDs.exemption };
}
