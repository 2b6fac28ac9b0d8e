import type pg from 'pg';
import {
  ALARMS,
  type AnswerFacts,
  type DeliveryFacts,
  type ExceptionFacts,
  type Facts,
  type Look,
  type PaymentFacts,
  PLATFORM_FAILURES,
  type UnknownFacts,
} from '../../domain/alarms/index.ts';
import { FINAL_STATUSES, PAYMENT_STATUSES } from '../../domain/payment/states.ts';
import { type Db, isUnavailable, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { query, transaction } from '../sql.ts';
import { providerFacts, rememberUsual, USUAL_MS } from './provider-facts.ts';
import { settlementFacts } from './settlement-facts.ts';

type StoredFact =
  | 'providers'
  | 'usualApproval'
  | 'unknown'
  | 'openOperations'
  | 'payments'
  | 'answers'
  | 'inbox'
  | 'deliveries'
  | 'eventsHeldSeconds'
  | 'exceptions'
  | 'settlement'
  | 'unbalanced'
  | 'uncleared'
  | 'stuckWorkflows'
  | 'rollupAgeSeconds';

/** What Postgres knows of how things stand; the rest is Temporal's, the worker's own, and the canary's. */
export interface StoredLook {
  /** What could not be read is absent. */
  readonly facts: Pick<Look, StoredFact>;
  /** Postgres's clock, while it was asked. */
  readonly nowMs: number;
  /** Since a canary last succeeded, else since the first was made. Null: none ever was; absent: not read. */
  readonly canarySeconds?: number | null | undefined;
  /** The questions that had no answer, and why. */
  readonly failures: readonly { readonly question: string; readonly error: unknown }[];
}

/** A question that takes longer is given up: it must never be what a payment waits for. */
const STATEMENT_MS = 2_000;

/**
 * One look, on one connection, each statement through an index: none of them grows with how much was ever paid, only with what
 * is open or recent. (So they compare with the statement's time: no index is searched by `clock_timestamp()`, which every row may
 * find to be another.) A question that fails leaves the others standing; rejects only where Postgres itself does not answer.
 */
export function createFactsReader(db: Db, usualForMs = USUAL_MS): () => Promise<StoredLook> {
  const usual = rememberUsual(usualForMs);
  return () =>
    transaction(poolOf(db), async (client) => {
      await client.query(`SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = ${STATEMENT_MS}`);
      const clock = await one<{ now: Date }>(client, Prisma.sql`SELECT clock_timestamp() AS now`);
      const failures: { question: string; error: unknown }[] = [];
      const ask = <T>(question: string, work: Question<T>) =>
        askApart(client, work, (error) => failures.push({ question, error }));
      const usualApproval = (await ask('usual', usual.ask)) ?? usual.last();
      const open = await ask('operations', openOperations);
      const exceptions = await ask('exceptions', exceptionFacts);
      const facts = {
        ...open,
        providers: await ask('providers', providerFacts),
        usualApproval,
        payments: await ask('payments', paymentFacts),
        answers: await ask('answers', answerFacts),
        inbox: await ask('inbox', inboxFacts),
        deliveries: await ask('deliveries', deliveryFacts),
        eventsHeldSeconds: await ask('events', eventsHeld),
        exceptions,
        settlement: await ask('settlement', settlementFacts),
        unbalanced: await ask('ledger', unbalanced),
        uncleared: await ask('uncleared', uncleared),
        stuckWorkflows: exceptions && (exceptions.find(({ kind }) => kind === 'workflow_stuck')?.open ?? 0),
        rollupAgeSeconds: await ask('figures', rollupAge),
      };
      const canarySeconds = await ask('canary', lastCanary);
      return { facts, nowMs: clock.now.getTime(), canarySeconds, failures };
    });
}

type Question<T> = (client: pg.ClientBase) => Promise<T>;

/** Behind a savepoint, so that its failure is its own. */
async function askApart<T>(
  client: pg.ClientBase,
  work: Question<T>,
  failed: (error: unknown) => void,
): Promise<T | undefined> {
  await client.query('SAVEPOINT question');
  try {
    const answer = await work(client);
    await client.query('RELEASE SAVEPOINT question');
    return answer;
  } catch (error) {
    if (isAway(error)) throw error;
    await client.query('ROLLBACK TO SAVEPOINT question');
    failed(error);
    return undefined;
  }
}

/** Whether Postgres itself did not answer, as opposed to one question. It ends a statement long before the driver gives up. */
export function isAway(error: unknown): boolean {
  return isUnavailable(error) || (error instanceof Error && error.message === 'Query read timeout');
}

async function one<T>(client: pg.ClientBase, statement: Prisma.Sql): Promise<T> {
  const [row] = await query<T>(client, statement);
  if (row === undefined) throw new Error('a question that always has an answer had none');
  return row;
}

/**
 * Bounded by what is open; where that is very much, the oldest are what counts. An unknown outcome that was given to a person
 * is an exception with a time of its own, and no longer one that the resolver is late with.
 */
async function openOperations(
  client: pg.ClientBase,
): Promise<{ readonly unknown: readonly UnknownFacts[]; readonly openOperations: number }> {
  const rows = await query<{ provider: string; open: number; unknown: number; oldest: string | null }>(
    client,
    Prisma.sql`
    SELECT t.provider, count(*)::int AS open, count(*) FILTER (WHERE ${ASKED})::int AS unknown,
      extract(epoch FROM statement_timestamp() - min(o.first_sent_at) FILTER (WHERE ${ASKED})) AS oldest
    FROM (SELECT id, attempt_id, status, first_sent_at FROM operation
      WHERE closed_at IS NULL AND first_sent_at IS NOT NULL ORDER BY first_sent_at LIMIT 10000) o
      JOIN attempt t ON t.id = o.attempt_id
      LEFT JOIN exception x ON x.kind = 'unknown_outcome_parked' AND x.subject_id = o.id AND x.closed_at IS NULL
    GROUP BY t.provider ORDER BY t.provider`,
  );
  return {
    openOperations: rows.reduce((sum, { open }) => sum + open, 0),
    unknown: rows.map(({ provider, unknown: count, oldest }) => ({
      provider,
      count,
      oldestSeconds: Math.max(0, Number(oldest ?? 0)),
    })),
  };
}

const ASKED = Prisma.sql`o.status = 'unknown' AND x.id IS NULL`;

/** Of the last minutes: what was sent that could charge. */
function paymentFacts(client: pg.ClientBase): Promise<PaymentFacts> {
  return one<PaymentFacts>(
    client,
    Prisma.sql`
    SELECT coalesce(sum(sends), 0)::int AS sends, count(DISTINCT payment_id)::int AS "sentFor" FROM operation
    WHERE closed_at > statement_timestamp() - interval '10 minutes' AND kind IN ('authorize', 'sale') AND sends > 0`,
  );
}

/**
 * Of the last minutes: whose payers were answered, each payment once (domain/payment/answered.ts). Money that is held to be
 * captured later is an answer when its authorization closes; how such a payment ends is none any more.
 */
async function answerFacts(client: pg.ClientBase): Promise<AnswerFacts> {
  const ended = await one<{ ended: number; failed: number }>(
    client,
    // No EXISTS within NOT: Postgres may answer that by a hash of all attempts there are.
    Prisma.sql`
    SELECT count(*)::int AS ended, count(*) FILTER (WHERE p.status = 'failed' AND p.failure->>'code' IN
      (${Prisma.join(PLATFORM_FAILURES)}))::int AS failed
    FROM payment p WHERE p.status IN (${Prisma.join(FINAL_STATUSES)})
      AND p.updated_at > statement_timestamp() - interval '5 minutes'
      AND NOT (p.capture_method = 'manual' AND coalesce((SELECT bool_or(${HELD}) FROM attempt t WHERE t.payment_id = p.id), false))`,
  );
  const { held } = await one<{ held: number }>(
    client,
    // Of the payments that moved lately, whatever became of them since. Those that are captured automatically need no further look.
    Prisma.sql`
    SELECT count(*)::int AS held FROM payment p
    WHERE p.status IN (${Prisma.join(PAYMENT_STATUSES)}) AND p.updated_at > statement_timestamp() - interval '5 minutes'
      AND p.capture_method = 'manual' AND EXISTS (SELECT FROM operation o JOIN attempt t ON t.id = o.attempt_id
        WHERE o.payment_id = p.id AND o.kind = 'authorize' AND o.status = 'succeeded'
          AND o.closed_at > statement_timestamp() - interval '5 minutes' AND ${HELD})`,
  );
  return { answered: ended.ended + held, failed: ended.failed };
}

const HELD = Prisma.sql`t.authorized_minor > 0 AND NOT t.undoing`;

async function inboxFacts(client: pg.ClientBase): Promise<Facts['inbox']> {
  const row = await one<{ count: number; oldest: string | null }>(
    client,
    // What became a person's is counted among the exceptions.
    Prisma.sql`
    SELECT count(*)::int AS count, extract(epoch FROM statement_timestamp() - min(received_at)) AS oldest FROM (
      SELECT received_at FROM inbox WHERE acknowledged_at IS NULL LIMIT 10000) i`,
  );
  return { unacknowledged: row.count, oldestSeconds: Math.max(0, Number(row.oldest ?? 0)) };
}

/** Readers of events go no further than the oldest transaction that is under way, whoever's it is (db/read/events.ts). */
async function eventsHeld(client: pg.ClientBase): Promise<number> {
  const [row] = await query<{ age: string }>(
    client,
    Prisma.sql`
    SELECT extract(epoch FROM statement_timestamp() - created_at) AS age FROM outbox
    WHERE transaction_id >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    ORDER BY transaction_id, position LIMIT 1`,
  );
  return Math.max(0, Number(row?.age ?? 0));
}

async function deliveryFacts(client: pg.ClientBase): Promise<DeliveryFacts> {
  const due = await one<{ due: number; oldest: string | null }>(
    client,
    Prisma.sql`
    SELECT count(*)::int AS due, extract(epoch FROM statement_timestamp() - min(d.next_attempt_at)) AS oldest
    FROM webhook_endpoint e JOIN LATERAL (
      SELECT next_attempt_at FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.status = 'pending'
        AND d.next_attempt_at <= statement_timestamp() AND (d.claimed_until IS NULL OR d.claimed_until < statement_timestamp())
      ORDER BY next_attempt_at LIMIT 1000) d ON true WHERE e.status = 'enabled'`,
  );
  const dead = await one<{ dead: number; lately: number }>(
    client,
    Prisma.sql`
    SELECT count(*)::int AS dead, count(*) FILTER (WHERE last_attempt_at > statement_timestamp() - interval '1 hour')::int AS lately
    FROM (SELECT last_attempt_at FROM webhook_delivery WHERE status = 'dead' ORDER BY last_attempt_at DESC LIMIT 10000) d`,
  );
  return {
    due: due.due,
    oldestDueSeconds: Math.max(0, Number(due.oldest ?? 0)),
    dead: dead.dead,
    deadLately: dead.lately,
  };
}

async function exceptionFacts(client: pg.ClientBase): Promise<readonly ExceptionFacts[]> {
  const rows = await query<{ kind: string; open: number; oldest: string; overdue: number }>(
    client,
    Prisma.sql`
    SELECT kind, count(*)::int AS open, extract(epoch FROM statement_timestamp() - min(opened_at)) AS oldest,
      count(*) FILTER (WHERE due_at <= statement_timestamp())::int AS overdue
    FROM exception WHERE closed_at IS NULL GROUP BY kind ORDER BY kind`,
  );
  return rows.map(({ oldest, ...row }) => ({ ...row, oldestSeconds: Math.max(0, Number(oldest)) }));
}

/** Postgres refuses them at their commit; this is the second wall, over what was written lately. */
async function unbalanced(client: pg.ClientBase): Promise<number> {
  const { count } = await one<{ count: number }>(
    client,
    Prisma.sql`
    SELECT count(*)::int AS count FROM (
      SELECT t.id FROM ledger_transaction t JOIN ledger_posting p ON p.transaction_id = t.id
      WHERE t.created_at > statement_timestamp() - interval '1 minute'
      GROUP BY t.id, p.currency HAVING sum(p.amount_minor) <> 0) s`,
  );
  return count;
}

/** Of the alarms that stay: what fired and no person has ended. Open alarms are few. */
async function uncleared(client: pg.ClientBase): Promise<readonly string[]> {
  const staying = ALARMS.filter(({ stays }) => stays).map(({ name }) => name);
  const rows = await query<{ name: string }>(
    client,
    Prisma.sql`SELECT DISTINCT name FROM alarm
      WHERE resolved_at IS NULL AND fired_at IS NOT NULL AND name = ANY(${staying}::text[]) ORDER BY name`,
  );
  return rows.map(({ name }) => name);
}

async function rollupAge(client: pg.ClientBase): Promise<number | null> {
  const [row] = await query<{ age: string | null }>(
    client,
    Prisma.sql`SELECT extract(epoch FROM statement_timestamp() - coalesce(complete_until, begun_at)) AS age FROM rollup_standing`,
  );
  return row?.age == null ? null : Math.max(0, Number(row.age));
}

async function lastCanary(client: pg.ClientBase): Promise<number | null> {
  const { age } = await one<{ age: string | null }>(
    client,
    Prisma.sql`
    SELECT extract(epoch FROM statement_timestamp() - coalesce(
      (SELECT max(ended_at) FROM canary_run WHERE succeeded), (SELECT min(started_at) FROM canary_run))) AS age`,
  );
  return age === null ? null : Math.max(0, Number(age));
}
