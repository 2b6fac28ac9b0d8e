import { AssertionFailure } from '../../machine.ts';
import type { SuccessEstimate } from '../decision.ts';
import { type Health, healthFrom, recentCounts } from './health.ts';
import type { CellFacts, Observation, WindowRow } from './observation.ts';
import { DAY_MS, WindowStore } from './store.ts';
import { SuccessModel } from './success.ts';

export interface WindowOptions {
  /** Of the cells; must divide a day, so that a day's authorizations are whole buckets. */
  readonly bucketMs: number;
  /** How far back success rates look. */
  readonly windowMs: number;
  /** Estimates are derived anew at most so often: between two of them they don't move. */
  readonly refreshMs: number;
  /**
   * Accounts whose payments are alike, in practice one merchant's in one mode: their rates are pooled. Without it all
   * are alike.
   */
  readonly groupOf: (accountId: string) => string;
}

export const DEFAULT_WINDOWS: WindowOptions = {
  bucketMs: 21_600_000,
  windowMs: 7 * DAY_MS,
  refreshMs: 1_000,
  groupOf: () => 'all',
};

/** What one worker knows of all accounts: its own observations, and the others' as of its last look into Postgres. */
export interface Windows {
  add(observation: Observation): void;
  /** What was added since the last time, for Postgres. It stays counted until `merge` brings it back in the totals. */
  takeDeltas(): readonly WindowRow[];
  /** What was taken last could not be written: it is taken again next time. */
  giveBack(): void;
  /** Totals of all workers, this one's written ones among them, as read after the last write. */
  merge(rows: readonly WindowRow[]): void;
  /** `groupOf` answers otherwise from now on: rates that were pooled by what it said before are derived anew. */
  regroup(): void;
  estimateSuccess(accountId: string, facts: CellFacts, nowMs: number): SuccessEstimate;
  healthOf(accountId: string, nowMs: number): Health;
  /** Approved since midnight UTC; at most what a JSON number holds. */
  authorizedToday(accountId: string, currency: string, nowMs: number): number;
}

export function createWindows(options: Partial<WindowOptions> = {}): Windows {
  return new RollingWindows({ ...DEFAULT_WINDOWS, ...options });
}

class RollingWindows implements Windows {
  private readonly options: WindowOptions;
  private readonly store: WindowStore;
  private model: { readonly made: SuccessModel; readonly atMs: number; readonly changes: number } | undefined;
  private readonly judged = new Map<string, { health: Health; atMs: number; changes: number }>();

  constructor(options: WindowOptions) {
    this.options = options;
    if (DAY_MS % options.bucketMs !== 0) throw new AssertionFailure('a bucket must divide a day');
    this.store = new WindowStore(options.bucketMs, options.windowMs);
  }

  add(observation: Observation): void {
    this.store.add(observation);
  }

  takeDeltas(): readonly WindowRow[] {
    return this.store.take();
  }

  giveBack(): void {
    this.store.giveBack();
  }

  merge(rows: readonly WindowRow[]): void {
    this.store.merge(rows);
  }

  regroup(): void {
    this.model = undefined;
  }

  estimateSuccess(accountId: string, facts: CellFacts, nowMs: number): SuccessEstimate {
    return this.modelAt(nowMs).estimate(accountId, this.options.groupOf(accountId), facts);
  }

  healthOf(accountId: string, nowMs: number): Health {
    const changes = this.store.changesOf(accountId);
    const known = this.judged.get(accountId);
    if (known?.changes === changes && this.isFresh(known.atMs, nowMs)) return known.health;
    this.store.forget(nowMs);
    const recent = recentCounts(this.store.healthBuckets(accountId), nowMs);
    const health = healthFrom(recent, this.store.baselineOf(accountId));
    this.judged.set(accountId, { health, atMs: nowMs, changes });
    return health;
  }

  authorizedToday(accountId: string, currency: string, nowMs: number): number {
    const sum = this.store.authorizedOn(accountId, currency, nowMs);
    return Number(sum > MOST_EXACT ? MOST_EXACT : sum);
  }

  private modelAt(nowMs: number): SuccessModel {
    const known = this.model;
    if (known !== undefined && this.isFresh(known.atMs, nowMs)) return known.made;
    // Nothing was added, and nothing is old enough to be forgotten: deriving again would give the same.
    const forgot = this.store.forget(nowMs);
    const { changes } = this.store;
    if (known !== undefined && !forgot && known.changes === changes) {
      this.model = { ...known, atMs: nowMs };
      return known.made;
    }
    const made = new SuccessModel(this.store.cellTotals(this.options.groupOf), this.options.windowMs);
    this.model = { made, atMs: nowMs, changes };
    return made;
  }

  private isFresh(atMs: number, nowMs: number): boolean {
    return nowMs >= atMs && nowMs - atMs < this.options.refreshMs;
  }
}

const MOST_EXACT = BigInt(Number.MAX_SAFE_INTEGER);
