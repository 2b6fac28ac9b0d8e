import { exponentOf } from '../money/currency.ts';
import type { BookingFacts, LineComparison } from './comparison.ts';
import { feeDifferences } from './fees.ts';
import { type Policy, type Tolerances, toleranceFor } from './tolerance.ts';

/** What detectors ask of a line, each question with one answer. */

export function tolerancesOf({ account, line }: LineComparison, policy: Policy): Tolerances {
  return toleranceFor(policy, { merchantId: account.merchantId, currency: line.currency });
}

/** The booking of this very effect: a capture's for a capture, a refund's for a refund. */
export function settledBooking({ booking, line }: LineComparison): BookingFacts | undefined {
  return booking?.kind === line.type ? booking : undefined;
}

/** The booking whose money we know to have moved, in the line's currency: what amounts can be held against. */
export function comparableBooking(comparison: LineComparison): BookingFacts | undefined {
  const booking = settledBooking(comparison);
  return booking !== undefined && isExpected(booking) && booking.currency === comparison.line.currency
    ? booking
    : undefined;
}

export function isExpected({ status, kind, reversed }: BookingFacts): boolean {
  return status === 'expected' || (kind === 'refund' && reversed === true);
}

/** The line's amount, without sign. */
export function ownMinor({ line }: LineComparison): bigint {
  return BigInt(Math.abs(line.grossMinor));
}

/** What lines before this one settled of its booking. */
export function previousMinor(comparison: LineComparison): bigint {
  return comparison.beside.sumSoFarMinor - ownMinor(comparison);
}

/** More than the booking has room for, with the lines before it; negative where room is left. */
export function excessMinor(comparison: LineComparison, booking: BookingFacts): bigint {
  return comparison.beside.sumSoFarMinor - BigInt(booking.amountMinor);
}

/** Several lines for one booking, none of which fills it alone. A line that comes when it is full is no part. */
export function isPart(comparison: LineComparison, booking: BookingFacts): boolean {
  const booked = BigInt(booking.amountMinor);
  return comparison.beside.count > 1 && ownMinor(comparison) < booked && previousMinor(comparison) < booked;
}

const POWERS = [10n, 100n, 1_000n];

/** Whether a decimal point slipped: the one is ten, a hundred or a thousand times the other. */
export function isExponentSlip(comparison: LineComparison, booking: BookingFacts): boolean {
  const own = ownMinor(comparison);
  const booked = BigInt(booking.amountMinor);
  return (
    comparison.beside.count === 1 &&
    own > 0n &&
    POWERS.some((power) => own === booked * power || own * power === booked)
  );
}

/** Gross less fee less net, where one currency makes them comparable: what the line itself leaves unexplained. */
export function residueMinor({ line }: LineComparison): number {
  return line.currency === line.settlementCurrency ? line.grossMinor - line.feeMinor - line.netMinor : 0;
}

export function hasReference({ line }: LineComparison): boolean {
  return line.providerReference !== undefined || line.operationReference !== undefined;
}

/** The provider's names of the line's payment or effect. */
export function providerNames({ line }: LineComparison): readonly string[] {
  return [line.providerReference, line.alternativeReference, line.operationReference].filter(
    (name) => name !== undefined,
  );
}

export interface FeeFinding {
  readonly differenceMinor: number;
  readonly tolerable: boolean;
}

/** What the fee differs by from the contract, all kinds together, and whether each difference is within tolerance. */
export function feeFinding(comparison: LineComparison, policy: Policy): FeeFinding | undefined {
  const { account, line } = comparison;
  const differences = feeDifferences(account.fees, line);
  if (differences.length === 0) return undefined;
  const tolerable = differences.every(({ kind, expectedMinor, differenceMinor }) => {
    const { feeMinor, feeBps } = toleranceFor(policy, {
      merchantId: account.merchantId,
      currency: line.settlementCurrency,
      ...(kind === undefined ? {} : { feeKind: kind }),
    });
    const widest = feeMinor + Math.floor((Math.abs(expectedMinor) * feeBps) / 10_000);
    return Math.abs(differenceMinor) <= widest;
  });
  return { differenceMinor: differences.reduce((sum, each) => sum + each.differenceMinor, 0), tolerable };
}

export interface RateFinding {
  /** In the settlement currency: what we got more (or less) than the agreed rate gives. */
  readonly differenceMinor: number;
  readonly tolerable: boolean;
}

/** What the exchange differs by from the agreed rate: by the rate that the file says, else by what it comes to. */
export function rateFinding(comparison: LineComparison, policy: Policy): RateFinding | undefined {
  const { account, line } = comparison;
  const booking = comparableBooking(comparison);
  if (booking?.agreedRate === undefined || line.currency === line.settlementCurrency) return undefined;
  const agreed = decimal(booking.agreedRate);
  const settled = BigInt(line.netMinor + line.feeMinor);
  const expected = exchanged(line.grossMinor, agreed, line.currency, line.settlementCurrency);
  const differenceMinor = Number(settled - expected);
  const { fxBps } = toleranceFor(policy, {
    merchantId: account.merchantId,
    currency: line.settlementCurrency,
  });
  if (line.exchangeRate !== undefined) {
    const [said, promised] = sameScale(decimal(line.exchangeRate), agreed);
    if (said === promised) return undefined;
    return { differenceMinor, tolerable: magnitude(said - promised) * 10_000n <= promised * BigInt(fxBps) };
  }
  // The sum was rounded to a unit once, so that much is no difference of rates.
  if (Math.abs(differenceMinor) <= 1) return undefined;
  return {
    differenceMinor,
    tolerable: magnitude(settled - expected) * 10_000n <= magnitude(expected) * BigInt(fxBps),
  };
}

interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

function decimal(text: string): Decimal {
  const [whole = '0', fraction = ''] = text.split('.');
  return { digits: BigInt(whole + fraction), scale: fraction.length };
}

function sameScale(one: Decimal, other: Decimal): readonly [bigint, bigint] {
  const scale = Math.max(one.scale, other.scale);
  const raised = ({ digits, scale: own }: Decimal) => digits * 10n ** BigInt(scale - own);
  return [raised(one), raised(other)];
}

/** Rounded half away from zero, to a unit of the other currency. */
function exchanged(amountMinor: number, rate: Decimal, from: string, to: string): bigint {
  const shift = (exponentOf(to) ?? 2) - (exponentOf(from) ?? 2) - rate.scale;
  const product = magnitude(BigInt(amountMinor)) * rate.digits;
  const rounded = shift >= 0 ? product * 10n ** BigInt(shift) : halfUp(product, 10n ** BigInt(-shift));
  return amountMinor < 0 ? -rounded : rounded;
}

function halfUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend * 2n + divisor) / (divisor * 2n);
}

export function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}
