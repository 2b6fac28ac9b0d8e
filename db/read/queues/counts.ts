import { kindEntry } from '../../../domain/cases/kinds.ts';
import type { Db } from '../../client.ts';
import { Prisma } from '../../generated/client.ts';
import { bounded } from './bounded.ts';
import { IN_DOUBT } from './unknowns.ts';

/** How long a queue is, and since when its oldest waits. */
export interface QueueLength {
  readonly count: number;
  readonly oldestMs?: number;
}

export const QUEUES = [
  'unknowns',
  'parked',
  'exceptions',
  'exceptions_overdue',
  'exceptions_unowned',
  'dead_letters',
  'unplaced_letters',
  'reviews',
  'resolutions',
  'policy_proposals',
] as const;
export type QueueName = (typeof QUEUES)[number];
export type QueueLengths = { readonly [Name in QueueName]: QueueLength };

/** Nobody needs to know how much more than this waits, and counting it would cost as much as there is. */
export const MAX_COUNTED = 1_000;
/** By kind they are counted from an index alone. */
const MAX_OF_KINDS = 10_000;

const capped = (of: Prisma.Sql) =>
  Prisma.sql`(SELECT jsonb_build_object('count', count(*), 'oldest', min(since)) FROM (${of} LIMIT ${MAX_COUNTED + 1}::int) q)`;

const CASES = Prisma.sql`SELECT opened_at AS since FROM exception x WHERE x.closed_at IS NULL`;

const SOURCES: Readonly<Record<QueueName, Prisma.Sql>> = {
  unknowns: Prisma.sql`SELECT o.first_sent_at AS since FROM operation o JOIN attempt a ON a.id = o.attempt_id WHERE ${IN_DOUBT}`,
  parked: Prisma.sql`${CASES} AND x.kind IN ('unknown_outcome_parked', 'pending_overdue')`,
  exceptions: CASES,
  exceptions_overdue: Prisma.sql`${CASES} AND x.due_at <= clock_timestamp()`,
  exceptions_unowned: Prisma.sql`${CASES} AND x.owner IS NULL`,
  dead_letters: Prisma.sql`SELECT created_at AS since FROM webhook_delivery WHERE status = 'dead'`,
  unplaced_letters: Prisma.sql`${CASES} AND x.kind = 'unmatched_webhook'`,
  reviews: Prisma.sql`${CASES} AND x.kind = 'payment_review'`,
  resolutions: Prisma.sql`SELECT proposed_at AS since FROM resolution WHERE status = 'proposed'`,
  policy_proposals: Prisma.sql`SELECT moved_at AS since FROM routing_policy WHERE proposal IS NOT NULL`,
};

export interface KindCount {
  readonly kind: string;
  readonly title: string;
  readonly count: number;
}

/** Unresolved exceptions by kind, the most first. */
export async function countKinds(db: Db): Promise<readonly KindCount[]> {
  const rows = await bounded<{ kind: string; count: string }>(
    db,
    Prisma.sql`
    SELECT kind, count(*) AS count FROM (SELECT kind FROM exception WHERE closed_at IS NULL LIMIT ${MAX_OF_KINDS}::int) x
    GROUP BY kind ORDER BY 2 DESC, kind`,
  );
  return rows.map(({ kind, count }) => ({ kind, title: kindEntry(kind).title, count: Number(count) }));
}

export async function countQueues(db: Db): Promise<QueueLengths> {
  const columns = QUEUES.map((name) => Prisma.sql`${capped(SOURCES[name])} AS ${Prisma.raw(name)}`);
  const [row] = await bounded<Record<QueueName, { count: number; oldest: string | null }>>(
    db,
    Prisma.sql`SELECT ${Prisma.join(columns)}`,
  );
  const lengths = QUEUES.map((name) => {
    const { count = 0, oldest = null } = row?.[name] ?? {};
    return [name, { count, ...(oldest === null ? {} : { oldestMs: Date.parse(oldest) }) }] as const;
  });
  return Object.fromEntries(lengths) as QueueLengths;
}
