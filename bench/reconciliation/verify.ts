import type pg from 'pg';
import { MISMATCH_TYPES, type MismatchType } from '../../domain/reconciliation/names.ts';
import { kindOf } from '../../domain/reconciliation/table.ts';
import type { Truth } from './files.ts';
import { ACCOUNT, DATE } from './world.ts';

export interface Verdict {
  readonly planted: number;
  /** Found, and given the right type. */
  readonly right: number;
  /** What is something else than was planted, or was not planted at all. */
  readonly wrong: readonly string[];
  readonly falseAlarms: readonly string[];
  readonly types: number;
}

interface Found {
  readonly subject: string;
  readonly kind: string;
}

/** What stands in the tables after the day beside what was planted. */
export async function verify(owner: pg.ClientBase, truth: Truth): Promise<Verdict> {
  const query = async (text: string, values: unknown[] = []) => (await owner.query<Found>(text, values)).rows;
  const [big] = (
    await owner.query<{ id: string }>(
      `SELECT id FROM settlement_file WHERE account_id = $1 AND business_date = $2 AND name = 'big.csv'`,
      [ACCOUNT, DATE],
    )
  ).rows;
  const fileId = big?.id ?? '';
  const found = new Map<string, string>();
  const lines = await query(
    `SELECT file_id || '_' || line AS subject, coalesce(verdict, 'no verdict') AS kind FROM settlement_row
     WHERE verdict IS DISTINCT FROM 'clean'`,
  );
  for (const { subject, kind } of lines) found.set(subject, kind.toLowerCase());
  const cases = await query(
    `SELECT subject_id AS subject, kind FROM exception WHERE line IS NULL AND kind = ANY($1)`,
    [MISMATCH_TYPES.map(kindOf)],
  );
  for (const { subject, kind } of cases) found.set(subject, kind);

  const expected = new Map<string, string>();
  const expect = (subject: string, type: MismatchType) => expected.set(subject, kindOf(type));
  for (const [line, type] of truth.lines) expect(`${fileId}_${line}`, type);
  for (const [bookingId, type] of truth.bookings) if (type !== WAITS) expect(bookingId, type);
  for (const payoutId of truth.payouts) expect(payoutId, 'PAYOUT_BANK_MISMATCH');
  for (const [name, type] of [
    ['again.csv', 'DUPLICATE_FILE'],
    ['broken.csv', 'BATCH_TOTAL_BREAK'],
  ] as const) {
    const [file] = await query('SELECT id AS subject FROM settlement_file WHERE name = $1', [name]);
    expect(file?.subject ?? name, type);
  }
  const strays = await query('SELECT id AS subject FROM bank_statement_line WHERE text LIKE $1', ['%KIOSK%']);
  for (const { subject } of strays) expect(subject, 'UNIDENTIFIED_BANK_CREDIT');

  const wrong = [...expected].flatMap(([subject, kind]) =>
    found.get(subject) === kind
      ? []
      : [`${subject}: ${found.get(subject) ?? 'clean'} where ${kind} was planted`],
  );
  const falseAlarms = [...found].flatMap(([subject, kind]) =>
    expected.has(subject) ? [] : [`${subject}: ${kind}`],
  );
  const waits = await waiting(owner, truth);
  return {
    planted: expected.size + waits.planted,
    right: expected.size - wrong.length + Math.min(waits.found, waits.planted),
    wrong:
      waits.found < waits.planted ? [...wrong, `${waits.found} of ${waits.planted} are waited for`] : wrong,
    falseAlarms:
      waits.found > waits.planted
        ? [...falseAlarms, `${waits.found - waits.planted} are waited for that are there`]
        : falseAlarms,
    types: new Set([...expected.values(), ...(waits.planted > 0 ? [kindOf(WAITS)] : [])]).size,
  };
}

/** It has no row: the report counts it. */
const WAITS: MismatchType = 'MISSING_IN_FILE_TIMING';

async function waiting(owner: pg.ClientBase, truth: Truth) {
  const { rows } = await owner.query<{ report: { breaks: readonly { type: string; found: number }[] } }>(
    'SELECT report FROM reconciliation_run WHERE account_id = $1 AND business_date = $2',
    [ACCOUNT, DATE],
  );
  const found = rows[0]?.report.breaks.find(({ type }) => type === WAITS)?.found ?? 0;
  const planted = [...truth.bookings.values()].filter((type) => type === WAITS).length;
  return { found, planted };
}
