import type { FeeKind } from './row.ts';

/**
 * How exact is exact, and how long is late. Plain data: the platform's defaults, narrowed or widened by rules for a
 * merchant, a currency, a kind of fee, or any of them together.
 */
export interface Policy {
  readonly tolerances: readonly ToleranceRule[];
  /** Until when a capture or refund need not be in a file. */
  readonly captureSlaMs: number;
  readonly refundSlaMs: number;
  /** Until when an announced payout need not be at the bank. */
  readonly payoutSlaMs: number;
  /** A provider settles a capture some days after it was made, so the window closes this much later than it says. */
  readonly presentmentGraceMs: number;
  /** Beyond the window and up to here a late line is matched and told; later than that, somebody looks. */
  readonly latePresentmentMs: number;
  /** What the provider calls a fee that its layout does not know, and what it is: an operator's mapping. */
  readonly feeTypes: Readonly<Record<string, FeeKind>>;
  /** By currency: what the bank is known to keep of an incoming payout. */
  readonly bankFeesMinor: Readonly<Record<string, readonly number[]>>;
}

export interface Tolerances {
  /** Between what was booked and what was settled. */
  readonly amountMinor: number;
  /** One unit of rounding, where an amount was computed. */
  readonly roundingMinor: number;
  /** Between the rate that was agreed and the file's. */
  readonly fxBps: number;
  /** Between a fee and the contract: this much, and so many basis points of the agreed fee. */
  readonly feeMinor: number;
  readonly feeBps: number;
  /** Between a payout and the sum of what it pays. */
  readonly batchMinor: number;
}

export interface ToleranceRule extends Partial<Tolerances> {
  readonly merchantId?: string;
  readonly currency?: string;
  readonly feeKind?: FeeKind;
}

export interface ToleranceQuestion {
  readonly merchantId: string;
  readonly currency: string;
  readonly feeKind?: FeeKind;
}

const DAY_MS = 24 * 3_600_000;

export const DEFAULT_TOLERANCES: Tolerances = {
  amountMinor: 0,
  roundingMinor: 1,
  fxBps: 50,
  feeMinor: 1,
  feeBps: 100,
  batchMinor: 0,
};

export const DEFAULT_POLICY: Policy = {
  tolerances: [],
  captureSlaMs: 5 * DAY_MS,
  refundSlaMs: 10 * DAY_MS,
  payoutSlaMs: 5 * DAY_MS,
  presentmentGraceMs: 3 * DAY_MS,
  latePresentmentMs: 7 * DAY_MS,
  feeTypes: {},
  bankFeesMinor: {},
};

/** The defaults with what was configured in their place. */
export function policyWith(configured: Partial<Policy> = {}): Policy {
  return { ...DEFAULT_POLICY, ...configured };
}

/** The rule that names more wins; of two that name as much, the later one. */
export function toleranceFor(policy: Policy, question: ToleranceQuestion): Tolerances {
  const fitting = policy.tolerances
    .filter(
      ({ merchantId, currency, feeKind }) =>
        (merchantId === undefined || merchantId === question.merchantId) &&
        (currency === undefined || currency === question.currency) &&
        (feeKind === undefined || feeKind === question.feeKind),
    )
    .toSorted((one, other) => names(one) - names(other))
    .map(({ merchantId: _merchant, currency: _currency, feeKind: _kind, ...values }) => values);
  return Object.assign({}, DEFAULT_TOLERANCES, ...fitting);
}

function names({ merchantId, currency, feeKind }: ToleranceRule): number {
  return [merchantId, currency, feeKind].filter((name) => name !== undefined).length;
}
