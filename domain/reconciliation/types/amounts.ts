import type { LineComparison } from '../comparison.ts';
import { type Entry, onLine } from '../entry.ts';
import { magnitude } from '../exchange.ts';
import {
  comparableBooking,
  excessMinor,
  feeFinding,
  isAgainstItsType,
  isExpected,
  isExponentSlip,
  isPart,
  ownMinor,
  rateFinding,
  residueMinor,
  settledBooking,
  tolerancesOf,
} from '../facts.ts';
import type { Policy } from '../tolerance.ts';

/** Both sides have their row, and differ in amount, currency, rate, fee or time. */
export const AMOUNTS = {
  AMOUNT_OVER: {
    number: 10,
    compares: ['line'],
    title: 'Settled too much',
    explanation: 'The provider settles more than was booked, or a line more than there was to settle.',
    detect: onLine((comparison, policy) => {
      const booking = comparableBooking(comparison);
      const excess = booking === undefined ? 0n : excessMinor(comparison, booking);
      return excess > 0n && !isAmountRounding(comparison, policy);
    }),
    priority: 930,
    auto: amountExplained(),
    proposed: 'claim_from_provider',
    allowed: ['claim_from_provider', 'accept', 'refund', 'write_off', 'link'],
    slaHours: 72,
    severity: 'high',
    team: 'treasury',
  },
  AMOUNT_UNDER: {
    number: 11,
    compares: ['line'],
    title: 'Settled too little',
    explanation:
      'The provider settles less than was booked. The rest stays receivable until it comes or is given up. A capture that takes money, or a refund that gives some, settles nothing: its money waits in suspense.',
    detect: onLine((comparison, policy) => {
      if (isAgainstItsType(comparison)) return true;
      const booking = comparableBooking(comparison);
      const excess = booking === undefined ? 0n : excessMinor(comparison, booking);
      return excess < 0n && comparison.beside.count <= 1 && !isAmountRounding(comparison, policy);
    }),
    priority: 931,
    auto: amountExplained(),
    proposed: 'claim_from_provider',
    allowed: ['claim_from_provider', 'write_off', 'accept', 'link'],
    slaHours: 72,
    severity: 'high',
    team: 'treasury',
  },
  PARTIAL_CAPTURE_SPLIT: {
    number: 12,
    compares: ['line'],
    title: 'One capture in several lines',
    explanation: 'Several lines settle one capture (or refund), none of which fills it alone.',
    detect: onLine((comparison) => {
      const booking = comparableBooking(comparison);
      return booking !== undefined && isPart(comparison, booking);
    }),
    priority: 920,
    auto: [
      {
        action: 'sum_lines',
        when: 'their sum is what was booked, lines that are the same counted once',
        applies: onLine((comparison, policy) => {
          const booked = BigInt(comparableBooking(comparison)?.amountMinor ?? 0);
          const { sumMinor, distinctSumMinor } = comparison.beside;
          const room = BigInt(tolerancesOf(comparison, policy).amountMinor);
          return [sumMinor, distinctSumMinor].some((sum) => magnitude(sum - booked) <= room);
        }),
        ending: 'at_once',
      },
    ],
    proposed: 'accept',
    allowed: ['accept', 'claim_from_provider', 'write_off', 'link'],
    slaHours: 72,
    severity: 'medium',
    team: 'operations',
  },
  CURRENCY_MISMATCH: {
    number: 13,
    compares: ['line'],
    title: 'Another currency',
    explanation: 'The line’s processing currency is not the one that was booked.',
    detect: onLine((comparison) => {
      const booking = settledBooking(comparison);
      return booking !== undefined && isExpected(booking) && booking.currency !== comparison.line.currency;
    }),
    priority: 900,
    auto: [
      {
        action: 'match_presented',
        when: 'the payer chose that currency (DCC): the booking says so, or the line shows the booked amount as presented',
        applies: onLine(({ booking, line }) =>
          booking === undefined
            ? false
            : booking.dcc === true ||
              (line.presented?.currency === booking.currency &&
                Math.abs(line.presented.amountMinor) === booking.amountMinor),
        ),
        ending: 'at_once',
      },
    ],
    proposed: 'accept',
    allowed: ['accept', 'claim_from_provider', 'link', 'refund'],
    slaHours: 72,
    severity: 'high',
    team: 'treasury',
  },
  FX_RATE_VARIANCE: {
    number: 14,
    compares: ['line'],
    title: 'Another exchange rate',
    explanation:
      'The amount was exchanged at another rate than the agreed one, or than the one that the line itself says.',
    detect: onLine((comparison, policy) => rateFinding(comparison, policy) !== undefined),
    priority: 940,
    auto: [
      {
        action: 'post_fx',
        when: 'the rates, or what comes of them, differ by no more than the tolerated basis points: a gain or loss of exchange',
        applies: onLine((comparison, policy) => rateFinding(comparison, policy)?.tolerable === true),
        ending: 'at_once',
      },
    ],
    proposed: 'claim_from_provider',
    allowed: ['claim_from_provider', 'accept', 'write_off'],
    slaHours: 120,
    severity: 'medium',
    team: 'treasury',
  },
  ROUNDING_EXPONENT: {
    number: 15,
    compares: ['line'],
    title: 'A unit of rounding, or a slipped decimal point',
    explanation:
      'The amounts differ by one minor unit, or by a factor of 10, 100 or 1,000: then a currency’s exponent is read wrongly, and other lines with it.',
    detect: onLine((comparison, policy) => isRounding(comparison, policy) || hasSlipped(comparison)),
    priority: 910,
    auto: [
      {
        action: 'post_rounding',
        when: 'the difference is no more than a minor unit (or what is tolerated as rounding)',
        applies: onLine((comparison, policy) => isRounding(comparison, policy) && !hasSlipped(comparison)),
        ending: 'at_once',
      },
    ],
    proposed: 'claim_from_provider',
    allowed: ['claim_from_provider', 'accept', 'remap'],
    slaHours: 12,
    severity: 'critical',
    team: 'engineering',
    stops: { when: 'the amounts differ by a power of ten', applies: onLine(hasSlipped) },
  },
  FEE_VARIANCE: {
    number: 16,
    compares: ['line'],
    title: 'Another fee',
    explanation:
      'The fee is not the contract’s, or more was withheld than gross, fee and net of the line explain. What is above the contract waits in suspense.',
    detect: onLine(
      (comparison, policy) =>
        feeFinding(comparison, policy) !== undefined || isUnexplained(comparison, policy),
    ),
    priority: 950,
    auto: [
      {
        action: 'post_fee_difference',
        when: 'the difference is within the tolerance for that fee',
        applies: onLine(
          (comparison, policy) =>
            feeFinding(comparison, policy)?.tolerable === true && !isUnexplained(comparison, policy),
        ),
        ending: 'at_once',
      },
    ],
    proposed: 'claim_from_provider',
    allowed: ['claim_from_provider', 'accept', 'write_off', 'remap'],
    slaHours: 120,
    severity: 'medium',
    team: 'treasury',
  },
  LATE_PRESENTMENT: {
    number: 26,
    compares: ['line'],
    title: 'Settled outside the authorization’s window',
    explanation:
      'The provider presented the capture after its authorization had run out; the issuer may take it back.',
    detect: onLine((comparison, policy) => lateMs(comparison, policy) > 0),
    priority: 960,
    auto: [
      {
        action: 'match_and_flag',
        when: 'it is late by no more than the policy allows: matched, and said in the report',
        applies: onLine((comparison, policy) => lateMs(comparison, policy) <= policy.latePresentmentMs),
        ending: 'at_once',
      },
    ],
    proposed: 'accept',
    allowed: ['accept', 'claim_from_provider', 'refund'],
    slaHours: 120,
    severity: 'low',
    team: 'operations',
  },
} as const satisfies Record<string, Entry>;

function isTolerable(comparison: LineComparison, policy: Policy): boolean {
  const booking = comparableBooking(comparison);
  const room = BigInt(tolerancesOf(comparison, policy).amountMinor);
  return booking !== undefined && magnitude(excessMinor(comparison, booking)) <= room;
}

function isSister(comparison: LineComparison): boolean {
  const sisters = comparison.booking?.sisterAmountsMinor ?? [];
  if (isAgainstItsType(comparison)) return false;
  return comparison.beside.count === 1 && sisters.some((amount) => BigInt(amount) === ownMinor(comparison));
}

function hasSlipped(comparison: LineComparison): boolean {
  const booking = comparableBooking(comparison);
  return booking !== undefined && isExponentSlip(comparison, booking);
}

/** Between what was booked and the one line that settles it. */
function isAmountRounding(comparison: LineComparison, policy: Policy): boolean {
  const booking = comparableBooking(comparison);
  if (booking === undefined || comparison.beside.count > 1) return false;
  const off = magnitude(excessMinor(comparison, booking));
  return off > 0n && off <= BigInt(tolerancesOf(comparison, policy).roundingMinor);
}

function isRounding(comparison: LineComparison, policy: Policy): boolean {
  const residue = Math.abs(residueMinor(comparison));
  const within = residue > 0 && residue <= tolerancesOf(comparison, policy).roundingMinor;
  return within || isAmountRounding(comparison, policy);
}

/** More than rounding is missing between the line's own gross, fee and net. */
function isUnexplained(comparison: LineComparison, policy: Policy): boolean {
  return Math.abs(residueMinor(comparison)) > tolerancesOf(comparison, policy).roundingMinor;
}

function lateMs(comparison: LineComparison, policy: Policy): number {
  const booking = settledBooking(comparison);
  if (booking?.presentableUntil === undefined || !isExpected(booking) || booking.kind !== 'capture') return 0;
  const untilMs = Date.parse(booking.presentableUntil) + policy.presentmentGraceMs;
  return Date.parse(comparison.line.occurredAt) - untilMs;
}

/** What explains another amount than was booked, too much or too little alike. */
function amountExplained(): Entry['auto'] {
  return [
    {
      action: 'post_within_tolerance',
      when: 'the difference is within the tolerance for amounts',
      applies: onLine(isTolerable),
      ending: 'at_once',
    },
    {
      action: 'match_partial_capture',
      when: 'it is exactly another capture of the same payment',
      applies: onLine(isSister),
      ending: 'at_once',
    },
  ];
}
