import type { Comparison, LineComparison } from './comparison.ts';
import {
  comparableBooking,
  feeFinding,
  ownMinor,
  previousMinor,
  rateFinding,
  settledBooking,
} from './facts.ts';
import type { MismatchType } from './names.ts';
import type { AutoAction } from './terms.ts';
import type { Policy } from './tolerance.ts';

/** What of a line's money is explained, for its posting. Signed as the line's gross amount is. */
export interface Parts {
  /** What it takes off the provider's receivable, in the currency that was booked. */
  readonly settlesMinor: number;
  readonly settlesCurrency: string;
  /** In the settlement currency: what came more (or, negative, less) than fee contract or agreed rate explain. */
  readonly unexplainedMinor: number;
}

/** What a comparison was found to be, and what is done about it. */
export interface Judged {
  readonly verdict: MismatchType | 'clean';
  readonly action: AutoAction | null;
}

/** What the payment's own record will book (or has), so that settling it takes it off the receivable. */
const RECORDED_BY_NEWS: ReadonlySet<AutoAction> = new Set<AutoAction>(['bring_news']);
/** What is posted as if it were exactly what was booked; the difference has an account of its own. */
const AS_BOOKED: ReadonlySet<AutoAction> = new Set<AutoAction>([
  'post_rounding',
  'post_within_tolerance',
  'match_presented',
]);
/** Types that leave no doubt which booking the line settles. */
const OF_ITS_BOOKING: ReadonlySet<MismatchType | 'clean'> = new Set<MismatchType | 'clean'>([
  'clean',
  'AMOUNT_OVER',
  'AMOUNT_UNDER',
  'PARTIAL_CAPTURE_SPLIT',
  'FX_RATE_VARIANCE',
  'ROUNDING_EXPONENT',
  'FEE_VARIANCE',
  'LATE_PRESENTMENT',
  'CURRENCY_MISMATCH',
]);

/** Of a line; of anything else there is nothing to post. */
export function partsOf(comparison: Comparison, judged: Judged, policy: Policy): Parts {
  if (comparison.compares !== 'line') return { settlesMinor: 0, settlesCurrency: '', unexplainedMinor: 0 };
  const settles = settlesOf(comparison, judged);
  return {
    settlesMinor: Math.sign(comparison.line.grossMinor) * Number(settles.amountMinor),
    settlesCurrency: settles.currency,
    unexplainedMinor: unexplainedOf(comparison, judged, settles, policy),
  };
}

interface Amount {
  readonly amountMinor: bigint;
  readonly currency: string;
}

function settlesOf(comparison: LineComparison, { verdict, action }: Judged): Amount {
  const { line } = comparison;
  const nothing = { amountMinor: 0n, currency: line.currency };
  const whole = { amountMinor: ownMinor(comparison), currency: line.currency };
  if (action !== null && RECORDED_BY_NEWS.has(action)) return whole;
  if (!OF_ITS_BOOKING.has(verdict)) return nothing;
  const booking = settledBooking(comparison);
  if (booking === undefined) return nothing;
  const booked = BigInt(booking.amountMinor);
  if (comparableBooking(comparison) === undefined) {
    const first = action === 'match_presented' && comparison.beside.countSoFar <= 1;
    return first ? { amountMinor: booked, currency: booking.currency } : nothing;
  }
  if (action === 'match_partial_capture') return whole;
  const room = booked - previousMinor(comparison);
  const open = room > 0n ? room : 0n;
  const asBooked = action !== null && AS_BOOKED.has(action);
  return asBooked || whole.amountMinor > open ? { ...whole, amountMinor: open } : whole;
}

/**
 * In one currency the books see by themselves what is left over; over an exchange they can't, since the two sides are
 * of different currencies: there it is the share of what came that settles nothing.
 */
function unexplainedOf(
  comparison: LineComparison,
  { verdict, action }: Judged,
  settles: Amount,
  policy: Policy,
): number {
  const { line } = comparison;
  if (verdict === 'FEE_VARIANCE') {
    return action === null ? -(feeFinding(comparison, policy)?.differenceMinor ?? 0) : 0;
  }
  if (settles.currency === line.settlementCurrency || settles.currency !== line.currency) return 0;
  const whole = BigInt(line.netMinor + line.feeMinor);
  const own = ownMinor(comparison);
  const explained = own === 0n ? 0n : (whole * settles.amountMinor) / own;
  const byRate =
    verdict === 'FX_RATE_VARIANCE' && action === null ? rateFinding(comparison, policy) : undefined;
  return Number(whole - explained) + (byRate?.differenceMinor ?? 0);
}
