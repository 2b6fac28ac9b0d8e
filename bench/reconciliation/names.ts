/**
 * What the bench's payments are called and worth, by their number: once for the file that is written here and once for
 * the rows that Postgres makes. Names are scattered over the alphabet as digests are, so no index is filled in order.
 */
const PRIME = 100_000_007;

function scattered(index: number, multiplier: number): string {
  return String((index * multiplier) % PRIME).padStart(9, '0');
}

function letters(digits: string): string {
  return digits.replace(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)));
}

const BODY = 7_368_787;
const PAYMENT = 5_915_587;
const CAPTURE = 2_750_159;
const REFUND = 1_299_709;

function bodyOf(index: number): string {
  return letters(scattered(index, BODY) + String(index).padStart(17, '0'));
}

export function attemptId(index: number): string {
  return `att_${bodyOf(index)}_1`;
}

export function captureOperationId(index: number): string {
  return `op_${bodyOf(index)}_c`;
}

export function refundOperationId(index: number): string {
  return `op_${bodyOf(index)}_r`;
}

/** The provider's names: of the payment, of a capture apart from it, of a refund. */
export function pspOf(index: number): string {
  return `8${scattered(index, PAYMENT)}000000`;
}

export function capturePspOf(index: number): string {
  return `9${scattered(index, CAPTURE)}000000`;
}

export function refundPspOf(index: number): string {
  return `7${scattered(index, REFUND)}000000`;
}

export function amountOf(index: number): number {
  return 500 + ((index * 7_919) % 19_501);
}

export function currencyOf(index: number): 'EUR' | 'USD' {
  return index % 10 === 3 ? 'USD' : 'EUR';
}

/** Captured by a request of its own, which the provider names apart. */
export function isCapturedApart(index: number): boolean {
  return index % 4 === 0;
}

/** Of clean payments every twentieth is given back, the half of it. */
export function isRefunded(index: number): boolean {
  return index % 20 === 7;
}

/** Seconds after the first capture of the day. */
export function bookedAfterS(index: number): number {
  return (index * 61) % 86_400;
}

const digitsOf = (multiplier: number) => `lpad(((i * ${multiplier}) % ${PRIME})::text, 9, '0')`;
const body = `translate(${digitsOf(BODY)} || lpad(i::text, 17, '0'), '0123456789', 'abcdefghij')`;

/** The same as expressions of SQL, of a bigint column `i`. */
export const SQL = {
  body,
  psp: `'8' || ${digitsOf(PAYMENT)} || '000000'`,
  capturePsp: `'9' || ${digitsOf(CAPTURE)} || '000000'`,
  refundPsp: `'7' || ${digitsOf(REFUND)} || '000000'`,
  amount: `500 + (i * 7919) % 19501`,
  currency: `CASE WHEN i % 10 = 3 THEN 'USD' ELSE 'EUR' END`,
  isCapturedApart: 'i % 4 = 0',
  isRefunded: 'i % 20 = 7',
  bookedAfterS: '(i * 61) % 86400',
} as const;
