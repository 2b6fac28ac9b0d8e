import type { By, CaseCommand, CaseFile } from '../../domain/cases/case.ts';
import { type CaseRuling, decideCase } from '../../domain/cases/decide.ts';
import { kindEntry } from '../../domain/cases/kinds.ts';
import type { Refusal } from '../../domain/payment/commands.ts';
import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { type Connection, execute, query, transaction } from '../sql.ts';
import { factsFor } from './facts.ts';
import { addEntry, type CaseRow, fileOf, lockCase } from './row.ts';
import { caseTransactionId } from './stakes.ts';

/** A person's command, with the request that it came by: the same request is answered once, whoever asks again. */
export interface CaseOrder {
  readonly exceptionId: string;
  readonly command: CaseCommand;
  readonly operator: string;
  readonly reason: string;
  readonly request: {
    readonly id: string;
    readonly path: string;
    readonly idempotencyKey: string;
    readonly bodyDigest: string;
  };
}

export type CaseOutcome =
  /** `again`: as it was answered before; the case may stand otherwise by now. */
  | { readonly type: 'done'; readonly file: CaseFile; readonly again?: true }
  | { readonly type: 'refused'; readonly refusal: Refusal }
  | { readonly type: 'gone' };

/**
 * Judges and carries out in one transaction under the case's lock: row, entry, postings and the request's answer, or none
 * of them.
 */
export async function commandCase(db: Db, order: CaseOrder, timeScale: number): Promise<CaseOutcome> {
  return transaction(poolOf(db), async (tx) => {
    const row = await lockCase(tx, order.exceptionId);
    if (row === undefined) return { type: 'gone' };
    const answered = await keptAnswer(tx, order.request.id);
    if (answered !== undefined)
      return { ...answered.outcome, ...(answered.outcome.type === 'done' ? { again: true } : {}) };
    const file = fileOf(row, timeScale);
    const by: By = { operator: order.operator, reason: order.reason, atMs: Date.now() };
    const ruling = decideCase(file, order.command, by, await factsFor(tx, row, file, order.command));
    const outcome = ruling.type === 'refused' ? ruling : await write(tx, row, ruling, order);
    await keepAnswer(tx, order, outcome);
    return outcome;
  });
}

type Decided = Extract<CaseRuling, { type: 'decided' }>;

async function write(tx: Connection, row: CaseRow, ruling: Decided, order: CaseOrder): Promise<CaseOutcome> {
  const ledgerTransactionId = await post(tx, row, ruling);
  const { after } = ruling;
  const file: CaseFile =
    ledgerTransactionId === undefined || after.decision === undefined
      ? after
      : { ...after, decision: { ...after.decision, ledgerTransactionId } };
  const closedAt = file.closedAtMs === undefined ? null : new Date(file.closedAtMs);
  await execute(
    tx,
    Prisma.sql`
    UPDATE exception SET owner = ${file.owner ?? null}, closed_at = ${closedAt}::timestamptz,
      case_started_at = CASE WHEN ${closedAt === null}::boolean THEN case_started_at END, resolution = ${file.resolution ?? null},
      disposition = ${file.decision === undefined ? null : JSON.stringify(file.decision)}::jsonb
    WHERE id = ${row.id}`,
  );
  await addEntry(tx, row.id, {
    actor: `operator:${order.operator}`,
    action: ruling.action,
    reason: order.reason,
    content: {
      ...ruling.content,
      request: order.request.id,
      ...(ledgerTransactionId === undefined ? {} : { ledger_transaction: ledgerTransactionId }),
    },
  });
  return { type: 'done', file };
}

async function post(tx: Connection, row: CaseRow, { after, ledger }: Decided): Promise<string | undefined> {
  if (ledger.length === 0) return undefined;
  const id = caseTransactionId(row.id, row.opened_count);
  const ofPayment = kindEntry(row.kind).holds === 'suspense_of_payment';
  const postings = ledger.flatMap(({ currency, postings }) =>
    postings.map((each) => ({ ...each, currency })),
  );
  await execute(
    tx,
    Prisma.sql`
    INSERT INTO ledger_transaction (id, payment_id, owner_id, sequence, kind, merchant_id, mode, description)
    VALUES (${id}, ${ofPayment ? row.payment_id : null}, ${row.id}, ${row.opened_count}::int,
      ${`case_${after.decision?.type ?? 'decided'}`}, ${row.merchant_id},
      coalesce((SELECT c.mode FROM provider_account c WHERE c.id = ${row.account_id}),
        (SELECT p.mode FROM payment p WHERE p.id = ${row.payment_id})), ${after.resolution ?? null})`,
  );
  await execute(
    tx,
    Prisma.sql`
    INSERT INTO ledger_posting (transaction_id, account, currency, amount_minor)
    SELECT ${id}, l.account, l.currency, l."amountMinor"
    FROM jsonb_to_recordset(${JSON.stringify(postings)}::jsonb) AS l(account text, currency text, "amountMinor" bigint)`,
  );
  return id;
}

/** Under this name the API reads a case out of a kept answer. */
const MEMBER = 'exception';

async function keepAnswer(tx: Connection, order: CaseOrder, outcome: CaseOutcome): Promise<void> {
  const { request, operator, exceptionId } = order;
  const answer = outcome.type === 'done' ? { [MEMBER]: outcome.file } : outcome;
  await execute(
    tx,
    Prisma.sql`
    INSERT INTO request (id, merchant_id, mode, path, idempotency_key, body_digest, subject_id, answer, answered_at)
    VALUES (${request.id}, ${operator}, 'live', ${request.path}, ${request.idempotencyKey}, ${request.bodyDigest},
      ${exceptionId}, ${JSON.stringify(answer)}::jsonb, clock_timestamp())
    ON CONFLICT DO NOTHING`,
  );
}

/** What a request was answered with, once it was. */
export async function keptAnswer(
  session: Connection,
  requestId: string,
): Promise<{ readonly outcome: CaseOutcome; readonly bodyDigest: string } | undefined> {
  const rows = await query<{ answer: KeptCase | null; bodyDigest: string }>(
    session,
    Prisma.sql`SELECT answer, body_digest AS "bodyDigest" FROM request WHERE id = ${requestId}`,
  );
  const { answer, bodyDigest = '' } = rows[0] ?? {};
  if (answer?.exception !== undefined)
    return { outcome: { type: 'done', file: answer.exception }, bodyDigest };
  if (answer?.refusal === undefined) return undefined;
  return { outcome: { type: 'refused', refusal: answer.refusal }, bodyDigest };
}

/** As `keepAnswer` writes it. */
interface KeptCase {
  readonly exception?: CaseFile;
  readonly refusal?: Refusal;
}
