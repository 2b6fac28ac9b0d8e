import { FINEST, type LevelKeys, levelKeys, partsOf, rowKey } from './cells.ts';
import { accumulate, answeredOf, isApproval, NO_COUNTS, newTally, type Tally, tally } from './counts.ts';
import { HEALTH_BUCKET_MS, HEALTH_WINDOW_MS, type HealthBucket } from './health.ts';
import type { Counts, Grain, Observation, WindowRow } from './observation.ts';
import type { CellTotal } from './success.ts';

export const DAY_MS = 86_400_000;

/** One row of Postgres as this worker sees it. What counts is the sum of the three. */
interface Held {
  readonly key: string;
  readonly row: Omit<WindowRow, 'counts'>;
  /** All workers' totals, as of the last look. */
  merged: Counts;
  /** Handed out to be written, and not seen in the totals yet. */
  taken: Tally | undefined;
  fresh: Tally | undefined;
}

/** Over the whole window; kept up to date by every change, so that nobody has to add up buckets to route a payment. */
interface CellSum {
  readonly keys: LevelKeys;
  readonly accountId: string;
  answered: number;
  approved: number;
}

/** The buckets of all accounts, and the sums that are asked for. */
export class WindowStore {
  /** Counts up with whatever may change an estimate. */
  changes = 0;
  private readonly rows = new Map<string, Held>();
  private readonly buckets: Readonly<Record<Grain, Map<number, Held[]>>> = {
    cell: new Map(),
    health: new Map(),
  };
  private readonly cells = new Map<string, CellSum>();
  private readonly accounts = new Map<string, AccountSums>();
  private readonly fresh = new Set<Held>();
  private batch: readonly { readonly held: Held; readonly counts: Tally }[] = [];

  private readonly bucketMs: number;
  private readonly windowMs: number;

  constructor(bucketMs: number, windowMs: number) {
    this.bucketMs = bucketMs;
    this.windowMs = windowMs;
  }

  add(observation: Observation): void {
    for (const grain of ['cell', 'health'] as const) {
      const held = this.hold(this.rowOf(observation, grain));
      const before = held.fresh;
      held.fresh ??= newTally();
      if (before === undefined) this.fresh.add(held);
      tally(held.fresh, observation, grain === 'cell');
    }
    this.count(observation);
  }

  take(): readonly WindowRow[] {
    this.batch = [...this.fresh].flatMap((held) =>
      held.fresh === undefined ? [] : [{ held, counts: held.fresh }],
    );
    this.fresh.clear();
    for (const { held, counts } of this.batch) {
      held.fresh = undefined;
      if (held.taken === undefined) held.taken = newTally(counts);
      else accumulate(held.taken, counts);
    }
    return this.batch.map(({ held, counts }) => ({ ...held.row, counts }));
  }

  giveBack(): void {
    for (const { held, counts } of this.batch) {
      if (held.taken !== undefined) accumulate(held.taken, counts, -1);
      if (held.fresh === undefined) held.fresh = counts;
      else accumulate(held.fresh, counts);
      this.fresh.add(held);
    }
    this.batch = [];
  }

  merge(rows: readonly WindowRow[]): void {
    for (const { counts, ...row } of rows) {
      const held = this.hold(row);
      // What was handed out is among the totals now; what was added since is not.
      const change = newTally(counts);
      accumulate(change, held.merged, -1);
      if (held.taken !== undefined) accumulate(change, held.taken, -1);
      held.merged = counts;
      held.taken = undefined;
      if (row.grain === 'cell') this.shift(row, change, 1);
      else this.sumsOf(row.accountId).changes += 1;
    }
    // A batch that was seen in the totals can't come back.
    this.batch = [];
  }

  /** Drops what is out of the window; says whether there was anything. */
  forget(nowMs: number): boolean {
    const cells = this.forgetBefore('cell', nowMs - this.windowMs);
    const health = this.forgetBefore('health', nowMs - HEALTH_WINDOW_MS);
    return cells || health;
  }

  *cellTotals(groupOf: (accountId: string) => string): Iterable<CellTotal> {
    for (const cell of this.cells.values()) {
      if (cell.answered > 0) yield { ...cell, group: groupOf(cell.accountId) };
    }
  }

  changesOf(accountId: string): number {
    return this.sumsOf(accountId).changes;
  }

  baselineOf(accountId: string): Counts {
    return this.sumsOf(accountId).baseline;
  }

  healthBuckets(accountId: string): HealthBucket[] {
    return [...this.sumsOf(accountId).health.values()].map((held) => ({
      startMs: held.row.bucketStartMs,
      counts: layersOf(held),
    }));
  }

  authorizedOn(accountId: string, currency: string, atMs: number): bigint {
    return this.sumsOf(accountId).authorized.get(dayKey(currency, atMs)) ?? 0n;
  }

  private forgetBefore(grain: Grain, horizonMs: number): boolean {
    const old = [...this.buckets[grain].keys()].filter((startMs) => startMs < horizonMs);
    for (const startMs of old) {
      for (const held of this.buckets[grain].get(startMs) ?? []) {
        this.rows.delete(held.key);
        this.fresh.delete(held);
        if (grain === 'cell') for (const each of layersOf(held)) this.shift(held.row, each, -1);
        else this.sumsOf(held.row.accountId).health.delete(startMs);
      }
      this.buckets[grain].delete(startMs);
    }
    return old.length > 0;
  }

  private rowOf(observation: Observation, grain: Grain): Omit<WindowRow, 'counts'> {
    const { accountId, atMs } = observation;
    if (grain === 'cell') {
      const bucketStartMs = atMs - (atMs % this.bucketMs);
      return { accountId, grain, ...partsOf(observation), bucketStartMs };
    }
    const bucketStartMs = atMs - (atMs % HEALTH_BUCKET_MS);
    return { accountId, grain, method: '', brand: '', issuerCountry: '', currency: '', bucketStartMs };
  }

  private hold(row: Omit<WindowRow, 'counts'>): Held {
    const key = rowKey(row);
    const known = this.rows.get(key);
    if (known !== undefined) return known;
    const held: Held = { key, row, merged: NO_COUNTS, taken: undefined, fresh: undefined };
    this.rows.set(key, held);
    const bucket = this.buckets[row.grain].get(row.bucketStartMs);
    if (bucket === undefined) this.buckets[row.grain].set(row.bucketStartMs, [held]);
    else bucket.push(held);
    if (row.grain === 'health') this.sumsOf(row.accountId).health.set(row.bucketStartMs, held);
    return held;
  }

  private sumsOf(accountId: string): AccountSums {
    let sums = this.accounts.get(accountId);
    if (sums === undefined) {
      sums = { baseline: newTally(), authorized: new Map(), health: new Map(), changes: 0 };
      this.accounts.set(accountId, sums);
    }
    return sums;
  }

  /** What `shift` does for a whole bucket, for one observation, without making a bucket of it. */
  private count(observation: Observation): void {
    const { accountId, result, currency, atMs, amountMinor } = observation;
    const cell = this.cellOf(accountId, levelKeys(partsOf(observation)));
    const approved = result === 'approved';
    if (approved || result === 'soft_decline' || result === 'hard_decline') cell.answered += 1;
    if (approved) cell.approved += 1;
    const sums = this.sumsOf(accountId);
    tally(sums.baseline, observation, true);
    if (isApproval(result)) addAuthorized(sums, dayKey(currency, atMs), BigInt(amountMinor));
    this.changed(sums);
  }

  /** A change of a cell's bucket is a change of all sums that it is part of. */
  private shift(row: Omit<WindowRow, 'counts'>, counts: Counts, sign: 1 | -1): void {
    const cell = this.cellOf(row.accountId, levelKeys(row));
    cell.answered += sign * answeredOf(counts);
    cell.approved += sign * counts.approved;
    const sums = this.sumsOf(row.accountId);
    accumulate(sums.baseline, counts, sign);
    addAuthorized(sums, dayKey(row.currency, row.bucketStartMs), BigInt(sign) * counts.authorizedMinor);
    this.changed(sums);
  }

  private cellOf(accountId: string, keys: LevelKeys): CellSum {
    const name = `${accountId}/${keys[FINEST]}`;
    const known = this.cells.get(name);
    if (known !== undefined) return known;
    const cell = { keys, accountId, answered: 0, approved: 0 };
    this.cells.set(name, cell);
    return cell;
  }

  private changed(sums: AccountSums): void {
    sums.changes += 1;
    this.changes += 1;
  }
}

/** Days on which nothing is authorized any more are left out, or they would be kept for ever. */
function addAuthorized({ authorized }: AccountSums, day: string, amountMinor: bigint): void {
  const sum = (authorized.get(day) ?? 0n) + amountMinor;
  if (sum === 0n) authorized.delete(day);
  else authorized.set(day, sum);
}

interface AccountSums {
  /** Over the whole window. */
  readonly baseline: Tally;
  readonly authorized: Map<string, bigint>;
  readonly health: Map<number, Held>;
  changes: number;
}

function layersOf({ merged, taken, fresh }: Held): readonly Counts[] {
  return [merged, taken, fresh].flatMap((each) => (each === undefined || each === NO_COUNTS ? [] : [each]));
}

function dayKey(currency: string, atMs: number): string {
  return `${currency}/${Math.floor(atMs / DAY_MS)}`;
}
