import type pg from 'pg';
import type { SettlementFacts } from '../../domain/alarms/index.ts';
import { boundsOf, dateAt } from '../../domain/reconciliation/day.ts';
import { Prisma } from '../generated/client.ts';
import { timeZoneOf } from '../reconciliation/accounts.ts';
import { query } from '../sql.ts';

const DAY_MS = 86_400_000;

interface Row {
  readonly account: string;
  readonly provider: string;
  readonly settings: unknown;
  readonly settled: string;
  readonly filed: string | null;
  readonly posted_at: Date | null;
  readonly missing: number;
  readonly now: Date;
}

/**
 * Accounts that were reconciled before: one that never was has no day to be behind of. A day that was closed because no file came
 * is as open as before, until a file of it is booked or a person has said that there need be none; an account that never
 * had a file is behind of all its days. Days are the account's own, as its reconciliation has them.
 */
export async function settlementFacts(client: pg.ClientBase): Promise<readonly SettlementFacts[]> {
  const rows = await query<Row>(
    client,
    Prisma.sql`
    SELECT a.id AS account, a.provider, a.settings, coalesce(s.day, b.first - 1)::text AS settled,
      f.day::text AS filed, f.posted_at, m.missing, now() AS now
    FROM provider_account a
    JOIN LATERAL (SELECT min(r.business_date) AS first FROM reconciliation_run r
      WHERE r.account_id = a.id AND r.status = 'closed') b ON b.first IS NOT NULL
    LEFT JOIN LATERAL (SELECT r.business_date AS day FROM reconciliation_run r
      WHERE r.account_id = a.id AND r.status = 'closed' AND (
        EXISTS (SELECT FROM settlement_file f WHERE f.account_id = a.id AND f.business_date = r.business_date AND f.posted_at IS NOT NULL)
        OR NOT EXISTS (SELECT FROM exception x
          WHERE x.kind = 'settlement_file_missing' AND x.subject_id = r.id AND x.closed_at IS NULL))
      ORDER BY r.business_date DESC LIMIT 1) s ON true
    LEFT JOIN LATERAL (SELECT f.business_date AS day, f.posted_at FROM settlement_file f
      WHERE f.account_id = a.id AND f.posted_at IS NOT NULL ORDER BY f.business_date DESC LIMIT 1) f ON true
    CROSS JOIN LATERAL (SELECT count(*)::int AS missing FROM booking b
      WHERE b.account_id = a.id AND b.missing_since IS NOT NULL) m
    WHERE a.enabled ORDER BY a.id LIMIT 1000`,
  );
  // Many accounts share few zones and days, and each of these questions asks a calendar.
  const today = remembered((zone, atMs) => dateAt(Number(atMs), zone));
  const endMs = remembered((zone, date) => boundsOf(date, zone).toMs);
  return rows.map(({ account, provider, settings, settled, filed, posted_at: postedAt, missing, now }) => {
    const zone = timeZoneOf(settings);
    const daysSince = (Date.parse(today(zone, String(now.getTime()))) - Date.parse(settled)) / DAY_MS;
    return {
      account,
      provider,
      // Today is not over, and yesterday's file may still come.
      daysBehind: Math.max(0, daysSince - 1),
      ...(filed === null || postedAt === null
        ? {}
        : { lagSeconds: Math.max(0, (postedAt.getTime() - endMs(zone, filed)) / 1_000) }),
      missing,
    };
  });
}

function remembered<T>(ask: (zone: string, of: string) => T): (zone: string, of: string) => T {
  const known = new Map<string, T>();
  return (zone, of) => {
    const name = `${zone} ${of}`;
    const value = known.get(name) ?? ask(zone, of);
    known.set(name, value);
    return value;
  };
}
