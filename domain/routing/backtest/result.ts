import type { Tally } from './tally.ts';

/** A number that is not known exactly: the expectation, and the bounds that hold it in 95 of 100 cases. */
export interface Interval {
  readonly expected: number;
  readonly low: number;
  readonly high: number;
}

export interface BacktestResult {
  /** Payments that could be compared; the others are in `skipped`, by reason. */
  readonly compared: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly elsewhere: number;
  /** The largest first. `to: none`: the draft finds nobody. */
  readonly pairs: readonly ProviderPair[];
  readonly requirementsDiffer: number;
  /** Of first attempts, in parts per million. */
  readonly success: {
    readonly actualPpm: number;
    readonly draftPpm: number;
    readonly changePpm: Interval;
  };
  readonly costs: readonly CurrencyCost[];
}

export interface ProviderPair {
  readonly from: string;
  readonly to: string;
  readonly payments: number;
  /** What was approved of them, and what the draft expects. */
  readonly approved: number;
  readonly expectedApproved: number;
}

/** Fees of what is approved, minor units of the currency. */
export interface CurrencyCost {
  readonly currency: string;
  readonly actualMinor: number;
  readonly draftMinor: number;
  readonly changeMinor: Interval;
  /** Fees per amount approved, parts per million; null where nothing was. */
  readonly actualRatePpm: number | null;
  readonly draftRatePpm: number | null;
  /** Payments left out, because nobody can say a fee. */
  readonly unpriced: number;
}

/** Of the normal distribution: 95 of 100 lie within so many deviations. */
const DEVIATIONS = 1.959964;
const PPM = 1_000_000;

export function resultOf(tally: Tally): BacktestResult {
  const { compared, approved, elsewhere, skipped, requirementsDiffer } = tally;
  const pairs = pairsOf(tally);
  const gained = pairs.reduce((sum, pair) => sum + pair.expectedApproved - pair.approved, 0);
  const half = DEVIATIONS * deviationOf(tally.variance, tally.groups);
  const perPayment = (approvals: number) => (compared === 0 ? 0 : Math.round((PPM * approvals) / compared));
  const bounded = (approvals: number) => Math.max(-PPM, Math.min(PPM, perPayment(approvals)));
  return {
    compared,
    skipped,
    elsewhere,
    pairs,
    requirementsDiffer,
    success: {
      actualPpm: perPayment(approved),
      draftPpm: perPayment(approved + gained),
      changePpm: {
        expected: perPayment(gained),
        low: bounded(gained - half),
        high: bounded(gained + half),
      },
    },
    costs: Object.entries(tally.money)
      .map(([currency, money]) => costOf(currency, money))
      .sort((a, b) => (a.currency < b.currency ? -1 : 1)),
  };
}

function pairsOf({ pairs }: Tally): ProviderPair[] {
  return Object.entries(pairs)
    .map(([name, { payments, approved, expectedPpm }]) => {
      const [from = '', to = ''] = name.split('>');
      return { from, to, payments, approved, expectedApproved: Number(BigInt(expectedPpm)) / PPM };
    })
    .sort((a, b) => b.payments - a.payments || (a.from + a.to < b.from + b.to ? -1 : 1));
}

/**
 * Two things are not known: what each single payment would have been answered, which evens out, and the rates
 * themselves, which doesn't: all of a group are wrong together.
 */
function deviationOf(variance: number, groups: Readonly<Record<string, number>>): number {
  return Math.sqrt(Object.values(groups).reduce((sum, deviation) => sum + deviation ** 2, variance));
}

function costOf(currency: string, money: Tally['money'][string]): CurrencyCost {
  const { feesMinor, approvedMinor, draftFeesPpm, draftApprovedPpm, unpriced } = money;
  const draft = divided(BigInt(draftFeesPpm), BigInt(PPM));
  const change = draft - BigInt(feesMinor);
  const half = Math.round(DEVIATIONS * deviationOf(money.variance, money.groups));
  const expected = Number(change);
  return {
    currency,
    actualMinor: Number(feesMinor),
    draftMinor: Number(draft),
    changeMinor: { expected, low: expected - half, high: expected + half },
    actualRatePpm: rateOf(BigInt(feesMinor), BigInt(approvedMinor)),
    draftRatePpm: rateOf(BigInt(draftFeesPpm), BigInt(draftApprovedPpm)),
    unpriced,
  };
}

function rateOf(fees: bigint, amount: bigint): number | null {
  return amount === 0n ? null : Number(divided(fees * BigInt(PPM), amount));
}

/** Halves up; neither is negative. */
function divided(dividend: bigint, divisor: bigint): bigint {
  return (2n * dividend + divisor) / (2n * divisor);
}
