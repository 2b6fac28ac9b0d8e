// What a test payment comes to: Adyen's published holder names and result codes
// (docs.adyen.com/development-resources/testing/result-codes), raw scheme codes, and 3DS2 test cards.
import { CHALLENGED, type Issuer } from '../acs/cards.ts';

export interface Outcome {
  resultCode: 'Authorised' | 'Refused' | 'Error' | 'Cancelled' | 'Received';
  refusalReason?: string;
  refusalReasonCode?: string;
  raw: string;
  merchantAdviceCode?: string;
}

const APPROVED: Outcome = { resultCode: 'Authorised', raw: 'AUTHORISED' };

function refusal(
  code: string,
  reason: string,
  raw: string,
  resultCode: Outcome['resultCode'] = 'Refused',
): Outcome {
  return { resultCode, refusalReason: reason, refusalReasonCode: code, raw };
}

const BY_NAME: Readonly<Record<string, Outcome>> = {
  APPROVED,
  UNKNOWN: refusal('0', 'Unknown', 'UNKNOWN', 'Error'),
  DECLINED: refusal('2', 'Refused', '05 : Do not honor'),
  REFERRAL: refusal('3', 'Referral', '01 : Refer to card issuer'),
  ERROR: refusal('4', 'Acquirer Error', '96 : System malfunction', 'Error'),
  BLOCK_CARD: refusal('5', 'Blocked Card', '62 : Restricted card'),
  CARD_EXPIRED: refusal('6', 'Expired Card', '54 : Expired card'),
  INVALID_AMOUNT: refusal('7', 'Invalid Amount', '13 : Invalid amount'),
  INVALID_CARD: refusal('8', 'Invalid Card Number', '14 : Invalid card number'),
  ISSUER_UNAVAILABLE: refusal('9', 'Issuer Unavailable', '91 : Issuer unavailable'),
  NOT_SUPPORTED: refusal('10', 'Not supported', '57 : Transaction not permitted'),
  NOT_3D_AUTHENTICATED: refusal('11', '3D Not Authenticated', '3D NOT AUTHENTICATED'),
  NOT_ENOUGH_BALANCE: refusal('12', 'Not enough balance', '51 : Insufficient funds'),
  PENDING: { resultCode: 'Received', raw: 'PENDING' },
  ACQUIRER_FRAUD: refusal('14', 'Acquirer Fraud', '59 : Suspected fraud'),
  CANCELLED: refusal('15', 'Cancelled', 'CANCELLED', 'Cancelled'),
  SHOPPER_CANCELLED: refusal('16', 'Shopper Cancelled', 'SHOPPER CANCELLED', 'Cancelled'),
  INVALID_PIN: refusal('17', 'Invalid Pin', '55 : Incorrect PIN'),
  PIN_TRIES_EXCEEDED: refusal('18', 'Pin tries exceeded', '75 : PIN tries exceeded'),
  PIN_VALIDATION_NOT_POSSIBLE: refusal(
    '19',
    'Pin validation not possible',
    '86 : PIN validation not possible',
  ),
  FRAUD: refusal('20', 'FRAUD', 'FRAUD', 'Cancelled'),
  NOT_SUBMITTED: refusal('21', 'Not Submitted', 'NOT SUBMITTED', 'Error'),
  FRAUD_CANCELLED: refusal('22', 'FRAUD-CANCELLED', 'FRAUD-CANCELLED', 'Cancelled'),
  TRANSACTION_NOT_PERMITTED: refusal('23', 'Transaction Not Permitted', '57 : Transaction not permitted'),
  CVC_DECLINED: refusal('24', 'CVC Declined', 'N7 : CVC mismatch'),
  RESTRICTED_CARD: refusal('25', 'Restricted Card', '62 : Restricted card'),
  REVOCATION_OF_AUTH: refusal('26', 'Revocation Of Auth', 'R1 : Revocation of authorisation'),
  DECLINED_NON_GENERIC: refusal('27', 'Declined Non Generic', '12 : Invalid transaction'),
  WITHDRAWAL_AMOUNT_EXCEEDED: refusal('28', 'Withdrawal amount exceeded', '61 : Exceeds amount limit'),
  WITHDRAWAL_COUNT_EXCEEDED: refusal('29', 'Withdrawal count exceeded', '65 : Exceeds frequency limit'),
  ISSUER_SUSPECTED_FRAUD: refusal('31', 'Issuer Suspected Fraud', '59 : Suspected fraud'),
  AVS_DECLINED: refusal('32', 'AVS Declined', '82 : AVS declined'),
  AUTHENTICATION_REQUIRED: refusal('38', 'Authentication required', '1A : Authentication required'),
};

// Which mapped reason Adyen gives for the scheme's own code; everything else is a plain refusal.
const BY_SCHEME_CODE: Readonly<Record<string, string>> = {
  '01': 'REFERRAL',
  '04': 'BLOCK_CARD',
  '07': 'BLOCK_CARD',
  '13': 'INVALID_AMOUNT',
  '14': 'INVALID_CARD',
  '41': 'BLOCK_CARD',
  '43': 'BLOCK_CARD',
  '51': 'NOT_ENOUGH_BALANCE',
  '54': 'CARD_EXPIRED',
  '55': 'INVALID_PIN',
  '57': 'TRANSACTION_NOT_PERMITTED',
  '59': 'ISSUER_SUSPECTED_FRAUD',
  '61': 'WITHDRAWAL_AMOUNT_EXCEEDED',
  '62': 'RESTRICTED_CARD',
  '65': 'WITHDRAWAL_COUNT_EXCEEDED',
  '75': 'PIN_TRIES_EXCEEDED',
  '91': 'ISSUER_UNAVAILABLE',
  '96': 'ERROR',
  '1A': 'AUTHENTICATION_REQUIRED',
  N7: 'CVC_DECLINED',
  R0: 'REVOCATION_OF_AUTH',
  R1: 'REVOCATION_OF_AUTH',
};

// Mastercard's merchant advice codes come along with its refusals.
const ADVICE: Readonly<Record<string, string>> = {
  '14': '03 : Do not try again',
  '41': '03 : Do not try again',
  '43': '03 : Do not try again',
  '51': '24 : Retry after 1 hour',
  '54': '01 : New account information available',
  '91': '02 : Try again later',
};

const RAW = /^DECLINED\s*:\s*([0-9A-Z]{1,3})\s*:\s*(.+)$/i;

function rawOutcome(holderName: string, brand: string): Outcome | undefined {
  const match = RAW.exec(holderName);
  const code = match?.[1]?.toUpperCase();
  if (match === null || code === undefined) return undefined;
  const mapped = BY_NAME[BY_SCHEME_CODE[code] ?? 'DECLINED'] ?? APPROVED;
  const advice = brand === 'mc' ? ADVICE[code] : undefined;
  const raw = `${code} : ${match[2]}`;
  return { ...mapped, raw, ...(advice === undefined ? {} : { merchantAdviceCode: advice }) };
}

export interface OutcomeHints {
  holderName: string;
  /** `additionalData.RequestedTestAcquirerResponseCode`. */
  acquirerCode: string | undefined;
  brand: string;
  expired: boolean;
}

export function outcomeOf({ holderName, acquirerCode, brand, expired }: OutcomeHints): Outcome {
  const byCode = Object.values(BY_NAME).find(({ refusalReasonCode }) => refusalReasonCode === acquirerCode);
  if (acquirerCode === '1') return APPROVED;
  if (acquirerCode === '13') return BY_NAME.PENDING ?? APPROVED;
  if (acquirerCode !== undefined && byCode !== undefined) return byCode;
  const named = BY_NAME[holderName.trim().toUpperCase()] ?? rawOutcome(holderName.trim(), brand);
  if (named !== undefined) return named;
  return expired ? (BY_NAME.CARD_EXPIRED ?? APPROVED) : APPROVED;
}

export const NOT_AUTHENTICATED: Outcome = BY_NAME.NOT_3D_AUTHENTICATED ?? APPROVED;

export const AUTHENTICATION_REQUIRED: Outcome = BY_NAME.AUTHENTICATION_REQUIRED ?? APPROVED;
export const CANCELLED: Outcome = BY_NAME.CANCELLED ?? APPROVED;

/** Adyen's published cards for 3DS2. */
const THREE_DS_CARDS = new Map<string, Issuer>([
  ['4212345678910006', CHALLENGED],
  ['4917610000000000', CHALLENGED],
  ['5201281505129736', { threeDs: 'always', ares: 'Y', challengeable: true }],
]);

export function threeDsOf(number: string): Issuer | undefined {
  return THREE_DS_CARDS.get(number);
}
