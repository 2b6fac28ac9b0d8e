import { MISMATCH_TYPES, type MismatchType } from '../../domain/reconciliation/names.ts';
import { isRefunded } from './names.ts';
import { PLANTERS, type Plant } from './plants.ts';

/** So many of a thousand lines show something that is wrong, and every type is there at least once. */
const PER_THOUSAND = 2;
/** Planted payments are numbered from here. */
const PLANTED_FROM = 3_000_000;
/** Of the first day's file, which is all clean. */
export const FIRST_FROM = 6_000_000;
export const FIRST_LINES = 10;
/** Numbers are left free between two, for those that look for the next in dollars. */
const STEP = 10;

export interface Plan {
  /** Lines of the big file, payouts included. */
  readonly rows: number;
  readonly plants: readonly Plant[];
  /** Clean payments are numbered from 1 to here; the first so many of them that may be are refunded. */
  readonly clean: number;
  readonly refunds: number;
  readonly batches: number;
  /** Payouts that the bank credits with less, and credits that no payout explains. */
  readonly shortCredits: number;
  readonly strayCredits: number;
}

/** The same for the same number of lines and seed. */
export function planFor(rows: number, seed: number, without: readonly MismatchType[] = []): Plan {
  const planters = PLANTERS.filter(([type]) => !without.includes(type));
  const wanted = Math.max(MISMATCH_TYPES.length, Math.round((rows * PER_THOUSAND) / 1_000));
  const batches = Math.max(4, Math.min(50, Math.floor(rows / 20_000)));
  const shortCredits = Math.max(1, Math.floor(batches / 10));
  const strayCredits = shortCredits;
  const plants: Plant[] = [];
  // A file that came again, and one that does not add up.
  let planted = 2 + shortCredits + strayCredits;
  for (let turn = 0; planted < wanted || turn < planters.length; turn += 1) {
    const planter = planters[turn % planters.length]?.[1];
    const plant = planter?.(PLANTED_FROM + (seed % STEP) + turn * STEP);
    if (plant === undefined) break;
    plants.push(plant);
    planted += breaksOf(plant).length;
  }
  const plantedLines = plants.reduce((sum, { records }) => sum + records.length, 0);
  const left = rows - batches - plantedLines;
  const refunds = Math.floor(left / 21);
  return { rows, plants, clean: left - refunds, refunds, batches, shortCredits, strayCredits };
}

export function breaksOf({ records, missing }: Plant): readonly MismatchType[] {
  const found = records.flatMap(({ expects }) => expects ?? []);
  return missing === undefined ? found : [...found, missing.expects];
}

/** Whether a clean payment is one of those that are given back. */
export function isRefundedIn({ refunds }: Plan, index: number): boolean {
  return isRefunded(index) && Math.floor(index / 20) < refunds;
}
