import { createHash } from 'node:crypto';
import { type Classified, classify } from '../../../domain/reconciliation/classify.ts';
import type { Comparison } from '../../../domain/reconciliation/comparison.ts';
import type { SettlementRow } from '../../../domain/reconciliation/row.ts';
import { DEFAULT_POLICY } from '../../../domain/reconciliation/tolerance.ts';
import { type Database, openTestDatabase } from '../../../test/attack/support/rows.ts';
import {
  type CopyPool,
  comparisonsOf,
  openCopyPool,
  postFile,
  type Run,
  receiveFile,
  refreshBookings,
  type SettlementFile,
  type Staged,
  stageFile,
  startRun,
  storeVerdicts,
} from '../index.ts';

/** A day of the demo's account at Stripe, for tests: files by their lines, without a provider's layout around them. */
export const ACCOUNT = 'pa_demo_stripe';
export const DATE = '2026-11-20';

export interface Day {
  readonly database: Database;
  readonly pool: CopyPool;
  close(): Promise<void>;
}

export async function openDay(settings: object = {}): Promise<Day> {
  const database = await openTestDatabase();
  const pool = openCopyPool(database.url);
  await addAccount(database, ACCOUNT, settings);
  return {
    database,
    pool,
    async close() {
      await pool.end();
      await database.close();
    },
  };
}

export async function addAccount({ sql }: Database, id: string, settings: object = {}): Promise<void> {
  await sql(
    `INSERT INTO provider_account (id, merchant_id, mode, provider, base_url, settings)
     VALUES ($1, 'mer_demo', 'test', 'stripe', 'http://127.0.0.1:1', $2)`,
    [id, JSON.stringify(settings)],
  );
}

/** A line as a parser gives it: a captured payment of 1000 USD with a fee of 59, unless it is told otherwise. */
export function row(line: number, over: Partial<SettlementRow> = {}): SettlementRow {
  const grossMinor = over.grossMinor ?? 1_000;
  const feeMinor = over.feeMinor ?? (over.type === undefined || over.type === 'capture' ? 59 : 0);
  return {
    line,
    type: 'capture',
    providerType: over.type ?? 'charge',
    currency: 'USD',
    grossMinor,
    settlementCurrency: 'USD',
    feeMinor,
    netMinor: grossMinor - feeMinor,
    fees: feeMinor === 0 ? [] : [{ kind: 'processing', amountMinor: feeMinor }],
    occurredAt: '2026-11-20T10:00:00.000Z',
    raw: { id: String(line), note: 'as it\tstood\n' },
    ...over,
  };
}

export async function startDay({ database }: Day, date = DATE, accountId = ACCOUNT): Promise<Run> {
  return startRun(database.db, accountId, date);
}

export async function receive(
  { database }: Day,
  rows: readonly SettlementRow[],
  name = 'a.csv',
  date = DATE,
): Promise<SettlementFile> {
  const bytes = Buffer.from(JSON.stringify(rows.map((each) => ({ ...each, name }))));
  const arrival = {
    accountId: ACCOUNT,
    businessDate: date,
    format: 'test',
    source: 'uploaded' as const,
    name,
  };
  async function* content() {
    yield bytes;
  }
  return (await receiveFile(database.db, arrival, content())).file;
}

export async function stage(
  { pool }: Day,
  run: Run,
  file: SettlementFile,
  rows: readonly SettlementRow[],
): Promise<Staged> {
  async function* each() {
    yield* rows;
  }
  const end = () => ({ rows: rows.length, trailers: [], warnings: [] });
  return stageFile(pool, { run, file, rows: each(), end, judge: () => 'take' });
}

/** Classifies whatever is open, and answers each line's, booking's... verdict by its subject. */
export async function classifyDay({ pool }: Day, run: Run): Promise<Map<Comparison, Classified>> {
  const found = new Map<Comparison, Classified>();
  for await (const page of comparisonsOf(pool, run, DEFAULT_POLICY)) {
    const judged = page.map((comparison) => ({
      comparison,
      classified: classify(comparison, DEFAULT_POLICY),
    }));
    await storeVerdicts(pool, run, judged);
    for (const { comparison, classified } of judged) found.set(comparison, classified);
  }
  return found;
}

export interface DayDone {
  readonly run: Run;
  readonly file: SettlementFile;
  readonly staged: Staged;
  readonly found: Map<Comparison, Classified>;
}

/** All steps of a day with one file. */
export async function closeDay(
  day: Day,
  rows: readonly SettlementRow[],
  options: { readonly name?: string; readonly date?: string } = {},
): Promise<DayDone> {
  const { name, date } = options;
  const run = await startDay(day, date);
  const file = await receive(day, rows, name, date);
  await refreshBookings(day.pool, run);
  const staged = await stage(day, run, file, rows);
  const found = await classifyDay(day, run);
  await postFile(day.pool, run, file.id);
  return { run, file, staged, found };
}

export async function verdicts({ database }: Day, fileId: string): Promise<Record<number, string | null>> {
  const rows = await database.sql<{ line: number; verdict: string | null }>(
    'SELECT line, verdict FROM settlement_row WHERE file_id = $1 ORDER BY line',
    [fileId],
  );
  return Object.fromEntries(rows.map(({ line, verdict }) => [line, verdict]));
}

/** Everything that reconciliation has stored, but for the times at which it did: to see that nothing moved. */
export async function everything({ database }: Day): Promise<string> {
  const tables = {
    settlement_file: 'id, status, row_count, totals',
    settlement_row: '*',
    settlement_group: '*',
    booking: '*',
    payout: '*',
    ledger_transaction: 'id, owner_id, sequence, kind, merchant_id, mode, description',
    exception: 'id, kind, subject_id, closed_at, resolution, details, amount_minor, currency, opened_count',
  };
  const parts = await Promise.all(
    Object.entries(tables).map(([table, columns]) =>
      database.sql(`SELECT ${columns} FROM ${table} ORDER BY 1, 2, 3`),
    ),
  );
  const postings = await database.sql(
    'SELECT transaction_id, account, currency, amount_minor FROM ledger_posting ORDER BY 1, 2, 3',
  );
  return createHash('sha256')
    .update(JSON.stringify([...parts, postings]))
    .digest('hex');
}

/** The ledger's accounts that something is on, by account and currency. */
export async function balances({ database }: Day): Promise<Record<string, number>> {
  const rows = await database.sql<{ account: string; sum: string }>(
    `SELECT account || ' ' || currency AS account, sum(amount_minor) FROM ledger_posting GROUP BY 1
     HAVING sum(amount_minor) <> 0 ORDER BY 1`,
  );
  return Object.fromEntries(rows.map(({ account, sum }) => [account, Number(sum)]));
}

/** A line that names its payment at the provider. */
export const capture = (line: number, providerReference: string, over: Partial<SettlementRow> = {}) =>
  row(line, { providerReference, ...over });

export const payout = (line: number, netMinor: number, payoutReference = 'po_1') =>
  row(line, { type: 'payout', grossMinor: -netMinor, netMinor: -netMinor, payoutReference, feeMinor: 0 });
