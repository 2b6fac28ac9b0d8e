import type { Severity } from '../../domain/alarms/index.ts';
import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { query } from '../sql.ts';

export interface StoredAlarm {
  readonly name: string;
  readonly subject: string;
  readonly severity: Severity;
  readonly detail: string;
  readonly since: Date;
  readonly firedAt: Date;
  readonly resolvedAt?: Date;
}

/** Whether anybody looks after anything, and whether a payment goes through: what an API can say when workers can't. */
export interface Watch {
  /** Since a worker last looked; absent: none ever has. */
  readonly lookSeconds?: number;
  readonly canarySeconds?: number;
}

export interface AlarmReader {
  /** Those that fire, pages first; with `since`, also those that ended after it, however long they had fired. */
  list(options: { readonly since?: Date; readonly limit: number }): Promise<readonly StoredAlarm[]>;
  watch(): Promise<Watch>;
}

const TIMEOUT = { timeoutMs: 2_000 };

/** `isWatched`: workers look at how things stand. Where they are told not to, nobody misses their looks. */
export function createAlarmReader(db: Db, isWatched: boolean): AlarmReader {
  return {
    async list({ since, limit }) {
      const past =
        since === undefined
          ? Prisma.empty
          : Prisma.sql`OR (fired_at IS NOT NULL AND resolved_at >= ${since}::timestamptz)`;
      const rows = await query<Row>(
        poolOf(db),
        Prisma.sql`
        SELECT name, subject, severity, detail, since, fired_at, resolved_at FROM alarm
        WHERE (fired_at IS NOT NULL AND resolved_at IS NULL) ${past}
        ORDER BY resolved_at IS NOT NULL, severity, fired_at DESC, id LIMIT ${limit}::int`,
        TIMEOUT,
      );
      return rows.map(({ fired_at: firedAt, resolved_at, ...row }) => ({
        ...row,
        firedAt,
        ...(resolved_at === null ? {} : { resolvedAt: resolved_at }),
      }));
    },
    async watch() {
      if (!isWatched) return { lookSeconds: 0 };
      const [row] = await query<{ look: string | null; canary: string | null }>(
        poolOf(db),
        Prisma.sql`
        SELECT (SELECT extract(epoch FROM clock_timestamp() - looked_at) FROM alarm_look) AS look,
          (SELECT extract(epoch FROM clock_timestamp() - max(ended_at)) FROM canary_run WHERE succeeded) AS canary`,
        TIMEOUT,
      );
      return {
        ...(row?.look == null ? {} : { lookSeconds: Math.max(0, Number(row.look)) }),
        ...(row?.canary == null ? {} : { canarySeconds: Math.max(0, Number(row.canary)) }),
      };
    },
  };
}

interface Row {
  readonly name: string;
  readonly subject: string;
  readonly severity: Severity;
  readonly detail: string;
  readonly since: Date;
  readonly fired_at: Date;
  readonly resolved_at: Date | null;
}
