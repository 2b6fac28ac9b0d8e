// What a test payment comes to: Checkout.com's published cards (checkout.com/docs/developer-resources/testing/test-cards),
// the amount that declines, and any response code on request.
import { CHALLENGED, type Issuer, ownCard } from '../acs/cards.ts';
import { testDirective } from '../test-values.ts';

export const APPROVED = '10000';
/** What no list says of a payment that the issuer refuses. */
const DO_NOT_HONOUR = '20005';
export const UNAUTHENTICATED = '20151';
export const SESSION_EXPIRED = '20152';
export const AUTHENTICATION_REQUIRED = '20154';
export const NOT_ENROLLED_IN_3DS = '20150';
export const ACTION_DECLINED = '20068';

const SUMMARIES: Readonly<Record<string, string>> = {
  [APPROVED]: 'Approved',
  20001: 'Refer to card issuer',
  [DO_NOT_HONOUR]: 'Declined - Do not honour',
  20012: 'Invalid transaction',
  20014: 'Invalid account number (no such number)',
  20051: 'Insufficient funds',
  20054: 'Expired card',
  20057: 'Transaction not permitted to cardholder',
  20059: 'Suspected fraud',
  20061: 'Activity amount limit exceeded',
  20062: 'Restricted card',
  20063: 'Security violation',
  [ACTION_DECLINED]: 'Response received too late / Timeout',
  20091: 'Issuer unavailable or switch is inoperative',
  20096: 'System malfunction',
  [NOT_ENROLLED_IN_3DS]: 'Card not 3D Secure (3DS) enabled',
  [UNAUTHENTICATED]: 'Cardholder failed 3DS authentication',
  [SESSION_EXPIRED]: 'Initial 3DS transaction not completed within 15 minutes',
  [AUTHENTICATION_REQUIRED]: '3DS authentication required',
  '200N7': 'Decline for CVV2 failure',
  30015: 'No such issuer',
  30041: 'Lost card - Pick up',
  30043: 'Stolen card - Pick up',
  40101: 'Risk blocked transaction',
};

export function summaryOf(responseCode: string): string {
  return SUMMARIES[responseCode] ?? 'Declined';
}

const BY_CARD: ReadonlyMap<string, string> = new Map([
  ['4111111111111129', '20001'],
  ['4024007103573027', '20012'],
  ['4485381577182090', '20014'],
  ['4544249167673670', '20051'],
  ['4151512736305999', '20057'],
  ['4897453568485113', '20059'],
  ['4556294593757189', '20061'],
  ['4818924250131070', '20062'],
  ['4556253752712245', '20063'],
  ['4095254802642505', '20068'],
  ['4500622868341387', AUTHENTICATION_REQUIRED],
  ['4734868958733862', '200N7'],
  ['4024007162185267', '30015'],
  ['4941202060999329', '30041'],
  ['4539253655711767', '30043'],
]);

const FRICTIONLESS: Pick<Issuer, 'threeDs'> = { threeDs: 'on_request' };
const BY_3DS_CARD: ReadonlyMap<string, Issuer> = new Map([
  ['4485040371536584', { ...FRICTIONLESS, ares: 'Y' }],
  ['4539628347117863', { ...FRICTIONLESS, ares: 'N' }],
  ['4275765574319271', { ...FRICTIONLESS, ares: 'R' }],
  ['4484070000035519', { threeDs: 'unsupported', ares: 'U' }],
  ['378282246310005', { threeDs: 'unsupported', ares: 'U' }],
  ['4010061700000021', { ...CHALLENGED, threeDs: 'on_request' }],
  ['5385308360135181', { ...CHALLENGED, threeDs: 'on_request' }],
]);

/** 101 minor units on this card are declined for want of funds. */
const DEFAULT_CARD = '4242424242424242';
const DECLINED_AMOUNT = 101;

export interface OutcomeHints {
  number: string;
  holderName: string | null;
  amount: number;
  expired: boolean;
}

/** The issuer's answer when it is asked for the money. `SANDBOX decline <response code>` as cardholder forces one. */
export function responseCodeOf({ number, holderName, amount, expired }: OutcomeHints): string {
  const asked = testDirective(holderName, 'decline');
  if (asked !== undefined) return asked === '' ? DO_NOT_HONOUR : asked;
  if (number === DEFAULT_CARD && amount === DECLINED_AMOUNT) return '20051';
  return BY_CARD.get(number) ?? (expired ? '20054' : APPROVED);
}

export function issuerOf(number: string): Issuer | undefined {
  return BY_3DS_CARD.get(number) ?? ownCard(number);
}
