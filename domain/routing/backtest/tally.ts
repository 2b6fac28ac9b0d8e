import { z } from 'zod';
import type { Judged } from './judge.ts';
import { SKIP_REASONS, type SkipReason } from './past.ts';

/**
 * What a back-test has counted so far. Its size depends on the merchant's accounts, currencies and cells and never on
 * how many payments were read; it goes to the database between pages as JSON. Money is in bigints, scaled by a
 * million where it is multiplied with a probability, so nothing is rounded before the end.
 */
const bigints = z.string().regex(/^-?\d+$/);
const count = z.number().int().nonnegative();

const moneySchema = z.object({
  /** Fees and amounts of what was approved. */
  feesMinor: bigints,
  approvedMinor: bigints,
  /** The same as the draft would have it, in millionths. */
  draftFeesPpm: bigints,
  draftApprovedPpm: bigints,
  /** Of the draft's fees: from not knowing each answer, and from not knowing the rates, by group. */
  variance: z.number(),
  groups: z.record(z.string(), z.number()),
  /** Whose fee nobody can say, on either side. */
  unpriced: count,
});

export const tallySchema = z.object({
  compared: count,
  approved: count,
  elsewhere: count,
  requirementsDiffer: count,
  skipped: z.record(z.string(), count),
  /** `from>to`, by provider: how many, how many of them were approved, how many the draft expects to be (millionths). */
  pairs: z.record(z.string(), z.object({ payments: count, approved: count, expectedPpm: bigints })),
  /** In approvals squared: from not knowing each answer. */
  variance: z.number(),
  /** By group: the sum of its rates' deviations, in approvals. They err together, so they are summed before squaring. */
  groups: z.record(z.string(), z.number()),
  money: z.record(z.string(), moneySchema),
});

export type Tally = z.infer<typeof tallySchema>;
type Money = z.infer<typeof moneySchema>;

export function emptyTally(): Tally {
  return {
    compared: 0,
    approved: 0,
    elsewhere: 0,
    requirementsDiffer: 0,
    skipped: Object.fromEntries(SKIP_REASONS.map((reason) => [reason, 0])),
    pairs: {},
    variance: 0,
    groups: {},
    money: {},
  };
}

const PPM = 1_000_000n;
/** More cells than this are taken together by account: wider, never narrower, and the memory stays flat. */
const MOST_GROUPS = 2_000;

/** Counts one payment. Changes the tally in place: it is one worker's, between two writes. */
export function countPayment(tally: Tally, judged: Judged): void {
  if (judged.type === 'skipped') {
    skip(tally, judged.reason);
    return;
  }
  const { approved, elsewhere } = judged;
  tally.compared += 1;
  if (approved) tally.approved += 1;
  if (judged.requirementsDiffer) tally.requirementsDiffer += 1;
  countMoney(tally, judged);
  if (elsewhere === undefined) return;
  tally.elsewhere += 1;
  const rate = elsewhere.ratePpm / 1e6;
  tally.variance += rate * (1 - rate);
  add(tally.groups, elsewhere.group, elsewhere.uncertaintyPpm / 1e6);
  const name = `${judged.actual.provider}>${elsewhere.provider}`;
  const pair = tally.pairs[name] ?? { payments: 0, approved: 0, expectedPpm: '0' };
  tally.pairs[name] = {
    payments: pair.payments + 1,
    approved: pair.approved + (approved ? 1 : 0),
    expectedPpm: plus(pair.expectedPpm, BigInt(elsewhere.ratePpm)),
  };
}

function skip(tally: Tally, reason: SkipReason): void {
  tally.skipped[reason] = (tally.skipped[reason] ?? 0) + 1;
}

const NO_MONEY: Money = {
  feesMinor: '0',
  approvedMinor: '0',
  draftFeesPpm: '0',
  draftApprovedPpm: '0',
  variance: 0,
  groups: {},
  unpriced: 0,
};

/** Fees fall due for what is approved. Where one side has no price, both are left out: half a comparison is none. */
function countMoney(tally: Tally, judged: Extract<Judged, { type: 'compared' }>): void {
  const { currency, actual, elsewhere, approved } = judged;
  const money = tally.money[currency] ?? { ...NO_MONEY, groups: {} };
  tally.money[currency] = money;
  const refused = elsewhere?.provider === 'none';
  const draftFee = elsewhere === undefined ? actual.feeMinor : refused ? 0 : elsewhere.feeMinor;
  if (actual.feeMinor === undefined || draftFee === undefined) {
    money.unpriced += 1;
    return;
  }
  const amount = BigInt(judged.amountMinor);
  const ratePpm = elsewhere === undefined ? (approved ? PPM : 0n) : BigInt(elsewhere.ratePpm);
  if (approved) {
    money.feesMinor = plus(money.feesMinor, BigInt(actual.feeMinor));
    money.approvedMinor = plus(money.approvedMinor, amount);
  }
  money.draftFeesPpm = plus(money.draftFeesPpm, ratePpm * BigInt(draftFee));
  money.draftApprovedPpm = plus(money.draftApprovedPpm, ratePpm * amount);
  if (elsewhere === undefined) return;
  const rate = elsewhere.ratePpm / 1e6;
  money.variance += rate * (1 - rate) * draftFee ** 2;
  add(money.groups, elsewhere.group, (elsewhere.uncertaintyPpm / 1e6) * draftFee);
}

function plus(sum: string, more: bigint): string {
  return String(BigInt(sum) + more);
}

/** How many groups there are, once counted: asked for each payment whose cell has no place of its own. */
const sizes = new WeakMap<Record<string, number>, number>();

function add(groups: Record<string, number>, group: string, deviation: number): void {
  const size = sizes.get(groups) ?? Object.keys(groups).length;
  const hasPlace = Object.hasOwn(groups, group) || size < MOST_GROUPS;
  const name = hasPlace ? group : `${group.slice(0, group.indexOf('/'))}/all`;
  sizes.set(groups, Object.hasOwn(groups, name) ? size : size + 1);
  groups[name] = (groups[name] ?? 0) + deviation;
}
