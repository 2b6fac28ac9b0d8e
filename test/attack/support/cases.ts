import { randomBytes } from 'node:crypto';
import { waitFor } from '../../support/harness.ts';
import type { System } from '../../support/system.ts';

/** Exceptions as rows, for tests of cases: opened as a day's run opens them, without the run. */
export interface OpenedCase {
  readonly kind?: string;
  readonly subject?: string;
  readonly amountMinor?: number;
  readonly cause?: string;
  /** Debit positive, in the merchant's suspense, posted before the case is opened. */
  readonly suspendedMinor?: number;
  /** Opened so long ago. */
  readonly agoMs?: number;
}

export async function openCase(system: Pick<System, 'sql'>, over: OpenedCase = {}): Promise<string> {
  const {
    kind = 'amount_under',
    subject = `sub_${randomBytes(8).toString('hex')}`,
    amountMinor = 500,
  } = over;
  const { cause = 'short by ten cents', suspendedMinor, agoMs = 0 } = over;
  const id = `exc_${kind}_${subject}`;
  const stake =
    suspendedMinor === undefined
      ? {}
      : { stake: { account: 'suspense/mer_demo', currency: 'EUR', amountMinor: suspendedMinor } };
  if (suspendedMinor !== undefined) {
    await system.sql(
      `WITH t AS (INSERT INTO ledger_transaction (id, owner_id, sequence, kind, merchant_id, mode)
         VALUES ('lt_of_' || $1, $1, 1, 'settlement', 'mer_demo', 'test') RETURNING id)
       INSERT INTO ledger_posting (transaction_id, account, currency, amount_minor)
       SELECT t.id, p.account, 'EUR', p.amount FROM t, (VALUES ('suspense/mer_demo', $2::bigint),
         ('payout_clearing/pa_demo_adyen', -$2::bigint)) AS p(account, amount)`,
      [subject, suspendedMinor],
    );
  }
  await system.sql(
    `INSERT INTO exception (id, kind, subject_id, merchant_id, account_id, currency, amount_minor, summary, details, opened_at)
     VALUES ($1, $2, $3, 'mer_demo', 'pa_demo_adyen', 'EUR', $4, 'settled too little', $5, clock_timestamp() - $6::float8 * interval '1 millisecond')`,
    [id, kind, subject, amountMinor, JSON.stringify({ cause, ...stake }), agoMs],
  );
  return id;
}

export interface CaseRow {
  readonly owner: string | null;
  readonly due_at: Date | null;
  readonly opened_at: Date;
  readonly escalations: number;
  readonly opened_count: number;
  readonly disposition: Record<string, unknown> | null;
  readonly closed_at: Date | null;
  readonly resolution: string | null;
  readonly case_started_at: Date | null;
}

export async function caseRow(system: Pick<System, 'sql'>, id: string): Promise<CaseRow> {
  const [row] = await system.sql<CaseRow>('SELECT * FROM exception WHERE id = $1', [id]);
  if (row === undefined) throw new Error(`no exception ${id}`);
  return row;
}

export function caseUntil(
  system: Pick<System, 'sql'>,
  id: string,
  what: string,
  holds: (row: CaseRow) => boolean,
): Promise<CaseRow> {
  return waitFor(
    async () => {
      const row = await caseRow(system, id);
      return holds(row) ? row : undefined;
    },
    { what: `${id} to be ${what}`, timeoutMs: 30_000 },
  );
}

export const taken = (system: Pick<System, 'sql'>, id: string) =>
  caseUntil(system, id, 'taken by its workflow', (row) => row.case_started_at !== null);

/** Resolved, and let go of by its workflow. */
export const left = (system: Pick<System, 'sql'>, id: string) =>
  caseUntil(system, id, 'let go of', (row) => row.closed_at !== null && row.case_started_at === null);

export async function entriesOf(system: Pick<System, 'sql'>, id: string): Promise<readonly string[]> {
  const rows = await system.sql<{ line: string }>(
    `SELECT action || ' by ' || actor AS line FROM exception_entry WHERE exception_id = $1 ORDER BY id`,
    [id],
  );
  return rows.map(({ line }) => line);
}

/** What a case's decisions posted, account by account. */
export async function postedBy(system: Pick<System, 'sql'>, id: string): Promise<Record<string, number>> {
  const rows = await system.sql<{ account: string; amount: string }>(
    `SELECT p.account, sum(p.amount_minor) AS amount FROM ledger_transaction t JOIN ledger_posting p ON p.transaction_id = t.id
     WHERE t.owner_id = $1 GROUP BY p.account`,
    [id],
  );
  return Object.fromEntries(rows.map(({ account, amount }) => [account, Number(amount)]));
}
