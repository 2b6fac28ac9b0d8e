import type { SuccessEstimate } from '../decision.ts';
import { FINEST, LEVELS, type LevelKeys, levelKeys, partsOf } from './cells.ts';
import type { CellFacts } from './observation.ts';

/** Answers and approvals of one account in one finest cell, over the window. */
export interface CellTotal {
  /** Of its levels, coarsest first. */
  readonly keys: LevelKeys;
  readonly accountId: string;
  /** Accounts whose payments are alike: rates are pooled among them and with nobody else. */
  readonly group: string;
  readonly answered: number;
  readonly approved: number;
}

/** What is expected of an account that nothing is known of, and how many answers that opinion is worth. */
const PRIOR_RATE = 0.85;
const PRIOR_WORTH = 20;
/** How many answers a coarser cell's opinion is worth against a finer one's own. */
export const PARENT_WORTH = 60;
/** So many answers make a cell worth naming: with fewer, the estimate rests on a coarser one. */
const ENOUGH = 30;

/**
 * Success rates by shrinkage: the rate of a cell with few answers is mostly its parent's.
 *
 * An account's rate in a coarse cell says as much of its traffic as of itself: who gets the hard countries looks bad. So
 * accounts aren't compared by their rates but by how they do against what their very payments get on average, wherever
 * they are sent (indirect standardization). Two chains run from coarse to fine: the pool's rate of the cell, and the
 * account's deviation from it in log-odds. An account that was never tried in a country gets that country's rate, moved
 * by how the account does elsewhere.
 */
export class SuccessModel {
  /** By group and by account, then by level's key. */
  private readonly pools = new Map<string, Map<string, Sum>>();
  private readonly accounts = new Map<string, Map<string, Sum & { expected: number }>>();
  private readonly poolRates = new Map<string, number>();
  private readonly answers = new Map<string, SuccessEstimate>();
  private readonly windowMs: number;

  constructor(cells: Iterable<CellTotal>, windowMs: number) {
    this.windowMs = windowMs;
    const all = [...cells];
    for (const { group, keys, answered, approved } of all) {
      const pool = inner(this.pools, group);
      for (const key of keys) {
        const sum = sumIn(pool, key, NO_SUM);
        sum.answered += answered;
        sum.approved += approved;
      }
    }
    for (const { accountId, group, keys, answered, approved } of all) {
      const own = inner(this.accounts, accountId);
      const expected = answered * this.poolRate(group, keys);
      for (const key of keys) {
        const sum = sumIn(own, key, NOTHING_EXPECTED);
        sum.answered += answered;
        sum.approved += approved;
        sum.expected += expected;
      }
    }
  }

  estimate(accountId: string, group: string, facts: CellFacts): SuccessEstimate {
    const { method, currency, brand, issuerCountry } = partsOf(facts);
    const name = `${accountId}/${method}/${currency}/${brand}/${issuerCountry}`;
    const known = this.answers.get(name);
    if (known !== undefined) return known;
    const answer = this.derive(accountId, group, levelKeys({ method, currency, brand, issuerCountry }));
    this.answers.set(name, answer);
    return answer;
  }

  private derive(accountId: string, group: string, keys: LevelKeys): SuccessEstimate {
    let deviation = 0;
    let rests: { cell: SuccessEstimate['cell']; samples: number } = { cell: 'prior', samples: 0 };
    for (const [depth, level] of LEVELS.entries()) {
      const own = this.accounts.get(accountId)?.get(keys[depth] ?? '');
      if (own === undefined || own.answered === 0) break;
      const average = logOdds(own.expected / own.answered);
      const parent = probability(average + deviation);
      deviation = logOdds(shrunk(own, parent, PARENT_WORTH)) - average;
      if (own.answered >= ENOUGH || rests.samples === 0) rests = { cell: level, samples: own.answered };
    }
    const rate = probability(logOdds(this.poolRate(group, keys)) + deviation);
    return { ratePpm: Math.round(1_000_000 * rate), ...rests, windowMs: this.windowMs };
  }

  private poolRate(group: string, keys: LevelKeys): number {
    const name = `${group}/${keys[FINEST]}`;
    const known = this.poolRates.get(name);
    if (known !== undefined) return known;
    const pool = this.pools.get(group);
    const rate = keys.reduce((parent, key, depth) => {
      const sum = pool?.get(key);
      return sum === undefined ? parent : shrunk(sum, parent, depth === 0 ? PRIOR_WORTH : PARENT_WORTH);
    }, PRIOR_RATE);
    this.poolRates.set(name, rate);
    return rate;
  }
}

interface Sum {
  answered: number;
  approved: number;
}

const NO_SUM: Sum = { answered: 0, approved: 0 };
const NOTHING_EXPECTED = { ...NO_SUM, expected: 0 };

function inner<Value>(of: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
  const known = of.get(key);
  if (known !== undefined) return known;
  const made = new Map<string, Value>();
  of.set(key, made);
  return made;
}

function sumIn<Each extends Sum>(sums: Map<string, Each>, key: string, zero: Each): Each {
  const known = sums.get(key);
  if (known !== undefined) return known;
  const made = { ...zero };
  sums.set(key, made);
  return made;
}

function shrunk({ answered, approved }: Sum, toward: number, worth: number): number {
  return (approved + worth * toward) / (answered + worth);
}

/** No rate is believed beyond this: near the ends a single decline would be a great deviation in log-odds. */
const LEAST = 0.01;

function logOdds(rate: number): number {
  const inside = Math.min(1 - LEAST, Math.max(LEAST, rate));
  return Math.log(inside / (1 - inside));
}

function probability(odds: number): number {
  return 1 / (1 + Math.exp(-odds));
}
