import type { CaseFile } from '../../domain/cases/case.ts';
import { decideEscalation } from '../../domain/cases/decide.ts';
import { kindEntry } from '../../domain/cases/kinds.ts';
import { assert } from '../../domain/machine.ts';
import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { type Connection, execute, query, transaction } from '../sql.ts';
import { addEntry, CASE_COLUMNS, type CaseRow, fileOf, lockCase } from './row.ts';

/** How a case stands, for the workflow that looks after it. `left`: it is resolved, and the workflow has let go of it. */
export type Looked =
  | { readonly type: 'here'; readonly file: CaseFile }
  | { readonly type: 'left'; readonly file: CaseFile }
  | { readonly type: 'gone' };

/**
 * Takes an open case that nobody holds, gives it its clock, and lets go of one that is resolved. Called again, it only
 * reads. Rows are opened and closed by others too (a payment's step, a day's run), which is noticed here.
 */
export async function lookAfterCase(db: Db, id: string, timeScale: number): Promise<Looked> {
  return transaction(poolOf(db), async (tx) => {
    const row = await lockCase(tx, id);
    if (row === undefined) return { type: 'gone' };
    if (row.closed_at !== null) return letGo(tx, row, timeScale);
    const reopened = row.disposition?.status === 'carried_out';
    if (row.case_started_at !== null && !reopened) return { type: 'here', file: fileOf(row, timeScale) };
    return { type: 'here', file: await tellTheClock(tx, await take(tx, row, timeScale), 0, timeScale) };
  });
}

/** What explained it without a disposition stands in its resolution, written by whoever closed it. */
async function letGo(tx: Connection, row: CaseRow, timeScale: number): Promise<Looked> {
  const left: Looked = { type: 'left', file: fileOf(row, timeScale) };
  if (row.case_started_at === null) return left;
  const decided = row.disposition?.status === 'carried_out';
  // What was only proposed stands in its entries.
  await execute(
    tx,
    Prisma.sql`UPDATE exception SET case_started_at = NULL, disposition = CASE WHEN ${decided}::boolean THEN disposition END
      WHERE id = ${row.id}`,
  );
  if (!decided) {
    const why = row.resolution === null ? {} : { reason: row.resolution };
    await addEntry(tx, row.id, { actor: 'case', action: 'explained', ...why });
  }
  return left;
}

/** A first opening counts from the row; one that comes again counts from now, and starts with a clean table. */
async function take(tx: Connection, row: CaseRow, timeScale: number): Promise<CaseRow> {
  const { slaMs } = fileOf(row, timeScale);
  const sla = Prisma.sql`${slaMs}::bigint * interval '1 millisecond'`;
  // Its own entries alone: what a day's run heard may stand there before anybody has taken the case.
  const again = Prisma.sql`EXISTS (SELECT 1 FROM exception_entry e WHERE e.exception_id = x.id AND e.actor = 'case')`;
  const isWhole = row.merchant_id !== null && row.account_id !== null && row.amount_minor !== null;
  const about = isWhole ? {} : await aboutCase(tx, row);
  const [taken] = await query<CaseRow>(
    tx,
    Prisma.sql`
    UPDATE exception x SET case_started_at = clock_timestamp(), escalations = 0, disposition = NULL,
      due_at = CASE WHEN ${again} THEN clock_timestamp() ELSE x.opened_at END + ${sla},
      opened_count = x.opened_count + CASE WHEN ${again} THEN 1 ELSE 0 END,
      merchant_id = coalesce(x.merchant_id, ${about.merchantId ?? null}), account_id = coalesce(x.account_id, ${about.accountId ?? null}),
      payment_id = coalesce(x.payment_id, ${about.paymentId ?? null}),
      amount_minor = coalesce(x.amount_minor, ${about.amountMinor ?? null}::bigint),
      currency = coalesce(x.currency, ${about.currency ?? null})
    WHERE x.id = ${row.id} RETURNING ${CASE_COLUMNS}`,
  );
  assert(taken !== undefined, `${row.id} went while it was held`);
  const action = taken.opened_count > row.opened_count ? 'reopened' : 'opened';
  await addEntry(tx, row.id, { actor: 'case', action, reason: row.summary });
  return taken;
}

interface About {
  readonly merchantId?: string;
  readonly accountId?: string;
  readonly paymentId?: string;
  readonly amountMinor?: string;
  readonly currency?: string;
}

/**
 * What hangs on an exception that was opened with no more than a subject: the refund, operation or attempt that it
 * names, else all of its payment. Too much is safe: it asks for a second person.
 */
async function aboutCase(tx: Connection, row: CaseRow): Promise<About> {
  const subject = row.subject_id;
  const rows = await query<{
    merchant: string | null;
    account: string | null;
    payment: string | null;
    amount: string | null;
    currency: string | null;
  }>(
    tx,
    Prisma.sql`
    WITH named AS (
      SELECT f.payment_id, f.account_id, f.amount_minor FROM refund f WHERE f.id = ${subject}
      UNION ALL SELECT o.payment_id, a.account_id, o.amount_minor FROM operation o JOIN attempt a ON a.id = o.attempt_id
        WHERE o.id = ${subject}
      UNION ALL SELECT a.payment_id, a.account_id, nullif(greatest(a.captured_minor, a.authorized_minor), 0) FROM attempt a
        WHERE a.id = ${subject}
      UNION ALL SELECT e.payment_id, e.account_id, e.amount_minor FROM external_refund e
        WHERE e.provider_reference = ${subject} AND e.payment_id = ${row.payment_id}
      UNION ALL SELECT i.payment_id, i.account_id, NULL FROM inbox i WHERE i.id = ${subject}
      UNION ALL SELECT p.id, NULL, NULL FROM payment p WHERE p.id IN (${subject}, ${row.payment_id})
      UNION ALL SELECT NULL, ${row.account_id}, NULL)
    SELECT coalesce(p.merchant_id, c.merchant_id) AS merchant, n.account_id AS account, p.id AS payment,
      coalesce(n.amount_minor, p.amount_minor) AS amount, p.currency
    FROM named n LEFT JOIN payment p ON p.id = n.payment_id LEFT JOIN provider_account c ON c.id = n.account_id LIMIT 1`,
  );
  const found = rows[0];
  if (found === undefined) return {};
  const money = kindEntry(row.kind).money && row.amount_minor === null;
  return {
    ...(found.merchant === null ? {} : { merchantId: found.merchant }),
    ...(found.account === null ? {} : { accountId: found.account }),
    ...(found.payment === null ? {} : { paymentId: found.payment }),
    ...(money && found.amount !== null ? { amountMinor: found.amount } : {}),
    ...(money && found.currency !== null ? { currency: found.currency } : {}),
  };
}

/** Writes the level whose timer has fired, or a higher one that has come by now, if it is new. */
export async function escalateCase(db: Db, id: string, due: number, timeScale: number): Promise<Looked> {
  return transaction(poolOf(db), async (tx) => {
    const row = await lockCase(tx, id);
    if (row === undefined) return { type: 'gone' };
    if (row.closed_at !== null) return letGo(tx, row, timeScale);
    return { type: 'here', file: await tellTheClock(tx, row, due, timeScale) };
  });
}

async function tellTheClock(tx: Connection, row: CaseRow, due: number, timeScale: number): Promise<CaseFile> {
  const file = fileOf(row, timeScale);
  const step = decideEscalation(file, Date.now(), due);
  if (step === undefined) return file;
  await execute(
    tx,
    Prisma.sql`UPDATE exception SET escalations = ${step.after.escalations}::int WHERE id = ${row.id}`,
  );
  await addEntry(tx, row.id, { actor: 'clock', action: step.action, content: step.content });
  return step.after;
}
