import { exponentOf } from '../../domain/money/currency.ts';
import { quoted, type RefusalReason } from './errors.ts';

/** Why a text is not an amount; the reader adds line and column. */
export class BadValue extends Error {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

const ZERO = 48;
const NINE = 57;
const POINT = 46;
const MINUS = 45;
const SAFE_DIGITS = 15;

/**
 * A decimal as written, in whole units of 10^-exponent: digit by digit, so that no float ever stands between
 * the file and the ledger. Refuses everything that two people could read as two amounts.
 */
export function parseMinor(text: string, exponent: number, units: 'major' | 'minor'): number {
  const negative = text.charCodeAt(0) === MINUS;
  let at = negative ? 1 : 0;
  const start = at;
  let value = 0;
  let code = text.charCodeAt(at);
  while (code >= ZERO && code <= NINE) {
    value = value * 10 + (code - ZERO);
    at += 1;
    code = text.charCodeAt(at);
  }
  if (at === start) throw notAnAmount(text);
  let decimals = 0;
  if (at < text.length) {
    if (code !== POINT || at + 1 === text.length) throw notAnAmount(text);
    if (units === 'minor') throw tooFine(text, 'a decimal point, but amounts here are minor units');
    for (at += 1; at < text.length; at += 1) {
      code = text.charCodeAt(at);
      if (code < ZERO || code > NINE) throw notAnAmount(text);
      if (decimals < exponent) {
        value = value * 10 + (code - ZERO);
        decimals += 1;
      } else if (code !== ZERO) throw tooFine(text, `more than the ${exponent} decimals of its currency`);
    }
  }
  if (units === 'major') for (; decimals < exponent; decimals += 1) value *= 10;
  if (text.length > SAFE_DIGITS - exponent && !Number.isSafeInteger(value)) {
    throw new BadValue('amount_too_large', `${quoted(text)} is too large`);
  }
  return negative && value !== 0 ? -value : value;
}

function tooFine(text: string, what: string): BadValue {
  return /^-?[\d.]+$/.test(text)
    ? new BadValue('wrong_exponent', `${quoted(text)} has ${what}`)
    : notAnAmount(text);
}

function notAnAmount(text: string): BadValue {
  if (/^-?[\d.]*,[\d.,]*$/.test(text)) {
    return new BadValue(
      'decimal_comma',
      `${quoted(text)} has a comma: a decimal comma or a thousands separator`,
    );
  }
  return new BadValue('bad_amount', `${quoted(text)} is not an amount`);
}

/** An exact decimal of any precision. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

export function parseDecimal(text: string): Decimal | undefined {
  const match = /^(-?\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null || text.length > 60) return undefined;
  const [, whole = '', fraction = ''] = match;
  return { digits: BigInt(whole + fraction), scale: fraction.length };
}

/** Half away from zero, as settlement systems round. */
export function roundTo(decimal: Decimal, scale: number): bigint {
  if (decimal.scale <= scale) return decimal.digits * 10n ** BigInt(scale - decimal.scale);
  const divisor = 10n ** BigInt(decimal.scale - scale);
  const size = decimal.digits < 0n ? -decimal.digits : decimal.digits;
  const rounded = (size * 2n + divisor) / (divisor * 2n);
  return decimal.digits < 0n ? -rounded : rounded;
}

/** How much finer than a minor unit residues of rounding are kept. */
export const RESIDUE_SCALE = 12;

export interface Rounded {
  readonly minor: number;
  /** What rounding took away, in 10^-RESIDUE_SCALE minor units. */
  readonly residue: bigint;
}

/** For layouts whose amounts have more decimals than money: the nearest minor unit, and what is left over. */
export function parseRounded(text: string, exponent: number): Rounded {
  const decimal = parseDecimal(text);
  if (decimal === undefined) throw notAnAmount(text);
  const minor = roundTo(decimal, exponent);
  const fine = roundTo(decimal, exponent + RESIDUE_SCALE);
  const asNumber = Number(minor);
  if (!Number.isSafeInteger(asNumber)) throw new BadValue('amount_too_large', `${quoted(text)} is too large`);
  return { minor: asNumber, residue: fine - minor * 10n ** BigInt(RESIDUE_SCALE) };
}

const known = new Map<string, string>();

/** The code in capitals; files write both. */
export function parseCurrency(text: string): string {
  const before = known.get(text);
  if (before !== undefined) return before;
  const code = text.toUpperCase();
  if (!/^[A-Z]{3}$/.test(code) || exponentOf(code) === undefined) {
    throw new BadValue('bad_currency', `${quoted(text)} is not a currency`);
  }
  // Only spellings of real currencies come here, so it stays small.
  known.set(text, code);
  return code;
}

export function isRate(text: string): boolean {
  return /^\d{1,20}(\.\d{1,30})?$/.test(text) && /[1-9]/.test(text);
}
