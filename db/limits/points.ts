/**
 * db/limits/: what is counted for all processes together and worth nothing a moment later. What may not live here:
 * anything whose loss would matter, for the table is unlogged.
 */
import { RateLimiterMemory, RateLimiterPostgres } from 'rate-limiter-flexible';
import { type Db, poolOf } from '../client.ts';

/** Points taken from windows that all processes share. */
export interface PointStore {
  /**
   * Takes points from the key's window, which begins with the first of them, also where there are no more: the answer says
   * how many were taken of it in all, these among them. Never rejects.
   */
  take(key: string, points: number, windowSeconds: number): Promise<Taken>;
}

export interface Taken {
  readonly consumed: number;
  /** When the window ends. */
  readonly endsInMs: number;
}

/** A count is not worth a wait: after so long this process counts for itself. */
const SLOW_MS = 250;
/** So often it is said that Postgres doesn't count. */
const SAID_EVERY_MS = 60_000;

/** `uncounted` hears, now and then, why points were taken in this process alone. */
export function createPointStore(
  db: Db,
  uncounted: (error: unknown) => void,
  slowMs: number = SLOW_MS,
): PointStore {
  const pool = poolOf(db);
  let saidMs = Number.NEGATIVE_INFINITY;
  const client = {
    // Unnamed: a pooler in between may hand each statement to another connection.
    async query({ text, values }: { readonly text: string; readonly values: unknown[] }) {
      const config = { text, values, query_timeout: slowMs };
      try {
        return await inTime(pool.query(config), slowMs);
      } catch (error) {
        if (performance.now() - saidMs > SAID_EVERY_MS) {
          saidMs = performance.now();
          uncounted(error);
        }
        throw error;
      }
    },
  };
  // What a window holds is the asker's to know; here it is only counted.
  const countOnly = { points: 1, duration: 1, keyPrefix: '' };
  const limiter = new RateLimiterPostgres({
    ...countOnly,
    storeClient: client,
    storeType: 'client',
    tableName: 'rate_limit',
    tableCreated: true,
    clearExpiredByTimeout: true,
    insuranceLimiter: new RateLimiterMemory(countOnly),
  });
  return {
    async take(key, points, windowSeconds) {
      const taken = await limiter.penalty(key, points, { customDuration: windowSeconds });
      return { consumed: taken.consumedPoints, endsInMs: taken.msBeforeNext };
    },
  };
}

/** A busy pool makes one wait before the statement's own time runs. */
function inTime<T>(work: Promise<T>, slowMs: number): Promise<T> {
  let late: NodeJS.Timeout | undefined;
  const lapsed = new Promise<never>((_resolve, reject) => {
    late = setTimeout(() => reject(new Error('Postgres does not count in time')), slowMs);
  });
  return Promise.race([work, lapsed]).finally(() => clearTimeout(late));
}
