import type pg from 'pg';
import type { Facts, ProviderFacts } from '../../domain/alarms/index.ts';
import { latencyQuantile } from '../../domain/routing/learning/latency.ts';
import { Prisma } from '../generated/client.ts';
import { query } from '../sql.ts';

/** A week's habit does not change within minutes, and is the one question that reads a week. */
export const USUAL_MS = 300_000;

type Usual = Facts['usualApproval'];

export interface RememberedUsual {
  ask(client: pg.ClientBase): Promise<Usual>;
  /** What was found last, where asking failed: a habit of yesterday is nearer the truth than none. */
  last(): Usual | undefined;
}

/** By account: approved of answered, of a week of the slower cells. Remembered for a while, so that most looks don't ask. */
export function rememberUsual(forMs: number): RememberedUsual {
  let known: { readonly usual: Usual; readonly readMs: number } | undefined;
  const ask = async (client: pg.ClientBase) => {
    if (known !== undefined && performance.now() - known.readMs < forMs) return known.usual;
    const rows = await query<{ account: string; usual: number }>(
      client,
      Prisma.sql`
      SELECT a.id AS account, u.usual FROM provider_account a JOIN LATERAL (
        SELECT (sum(approved)::float8 / nullif(sum(approved + soft_declined + hard_declined), 0)) AS usual
        FROM routing_window w WHERE w.account_id = a.id AND w.grain = 'cell'
          AND w.bucket_start > statement_timestamp() - interval '7 days') u ON u.usual IS NOT NULL
      WHERE a.enabled ORDER BY a.id LIMIT 1000`,
    );
    const usual = new Map(rows.map(({ account, usual: share }) => [account, share]));
    known = { usual, readMs: performance.now() };
    return usual;
  };
  return { ask, last: () => known?.usual };
}

/** Health's buckets live for as long as health looks back. */
export async function providerFacts(client: pg.ClientBase): Promise<readonly ProviderFacts[]> {
  const rows = await query<{
    account: string;
    provider: string;
    circuit: ProviderFacts['circuit'];
    approved: number | null;
    declined: number | null;
    unknown: number | null;
    not_attempted: number | null;
    latency: (number | string)[] | null;
  }>(
    client,
    Prisma.sql`
    SELECT a.id AS account, a.provider, coalesce(c.state, 'closed') AS circuit, r.*, t.latency
    FROM provider_account a LEFT JOIN circuit c ON c.account_id = a.id
    LEFT JOIN LATERAL (
      SELECT sum(approved)::int AS approved, sum(soft_declined + hard_declined)::int AS declined,
        sum(unknown)::int AS unknown, sum(not_attempted)::int AS not_attempted
      FROM routing_window w WHERE w.account_id = a.id AND w.grain = 'health'
        AND w.bucket_start > statement_timestamp() - interval '5 minutes') r ON true
    LEFT JOIN LATERAL (
      SELECT array_agg(n ORDER BY i) AS latency FROM (
        SELECT l.i, sum(l.n)::int AS n FROM routing_window w, unnest(w.latency) WITH ORDINALITY l (n, i)
        WHERE w.account_id = a.id AND w.grain = 'health' AND w.bucket_start > statement_timestamp() - interval '5 minutes'
        GROUP BY l.i) s) t ON true
    WHERE a.enabled ORDER BY a.id LIMIT 1000`,
  );
  return rows.map(({ account, provider, circuit, latency, ...row }) => {
    const [approved, declined, unknown] = [row.approved ?? 0, row.declined ?? 0, row.unknown ?? 0];
    const answered = approved + declined;
    const p95 = latencyQuantile((latency ?? []).map(Number), 950_000);
    return {
      provider,
      account,
      circuit,
      recent: {
        attempts: answered + unknown + (row.not_attempted ?? 0),
        answered,
        approved,
        unknown,
        ...(p95 === undefined ? {} : { latencyP95Seconds: p95 / 1_000 }),
      },
    };
  });
}
