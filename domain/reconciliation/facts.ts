import type { BookingFacts, LineComparison } from './comparison.ts';
import { byItsRate, decimal, exchanged, magnitude, sameScale } from './exchange.ts';
import { feeDifferences } from './fees.ts';
import { SIGN_OF_TYPE } from './row.ts';
import { type Policy, type Tolerances, toleranceFor } from './tolerance.ts';

/** What detectors ask of a line, each question with one answer. */

export function tolerancesOf({ account, line }: LineComparison, policy: Policy): Tolerances {
  return toleranceFor(policy, { merchantId: account.merchantId, currency: line.currency });
}

/** A capture that takes money, or a refund that gives some: it is not what its type says, so it settles nothing. */
export function isAgainstItsType({ line: { type, grossMinor } }: LineComparison): boolean {
  const isOfBooking = type === 'capture' || type === 'refund' || type === 'refund_reversed';
  return isOfBooking && grossMinor * (SIGN_OF_TYPE[type] ?? 0) < 0;
}

/** The booking of this very effect: a capture's for a capture, a refund's for a refund. */
export function settledBooking(comparison: LineComparison): BookingFacts | undefined {
  const { booking, line } = comparison;
  return booking?.kind === line.type && !isAgainstItsType(comparison) ? booking : undefined;
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

/**
 * What the exchange differs by from the agreed rate: by the rate that the file says, else by what it comes to. Whatever
 * was agreed, or nothing: a line that isn't exchanged at the rate that it says itself was exchanged at another one.
 */
export function rateFinding(comparison: LineComparison, policy: Policy): RateFinding | undefined {
  const { account, line } = comparison;
  const booking = comparableBooking(comparison);
  if (booking === undefined || line.currency === line.settlementCurrency) return undefined;
  const { fxBps } = toleranceFor(policy, {
    merchantId: account.merchantId,
    currency: line.settlementCurrency,
  });
  const settledMinor = BigInt(line.netMinor + line.feeMinor);
  const within = (off: bigint, of: bigint) => magnitude(off) * 10_000n <= magnitude(of) * BigInt(fxBps);
  const own = line.exchangeRate === undefined ? undefined : byItsRate(line, line.exchangeRate);
  const isItsOwn = own === undefined || own.offMinor === 0n;
  if (booking.agreedRate === undefined)
    return isItsOwn
      ? undefined
      : { differenceMinor: Number(own.offMinor), tolerable: within(own.offMinor, own.expectedMinor) };
  const agreed = decimal(booking.agreedRate);
  const expectedMinor = exchanged(line.grossMinor, agreed, line.currency, line.settlementCurrency);
  const differenceMinor = Number(settledMinor - expectedMinor);
  if (line.exchangeRate !== undefined && isItsOwn) {
    const [said, promised] = sameScale(decimal(line.exchangeRate), agreed);
    return said === promised ? undefined : { differenceMinor, tolerable: within(said - promised, promised) };
  }
  // The sum was rounded to a unit once, so that much is no difference of rates.
  if (Math.abs(differenceMinor) <= 1) return undefined;
  return { differenceMinor, tolerable: within(settledMinor - expectedMinor, expectedMinor) };
}
