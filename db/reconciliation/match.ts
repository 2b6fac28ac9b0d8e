import type { RowType } from '../../domain/reconciliation/row.ts';
import { LINE_COLUMNS } from './copy-rows.ts';
import type { SettlementFile } from './files.ts';
import { type CopyClient, execute, join, query, type Statement, sql } from './pool.ts';
import type { Run } from './runs.ts';
import { countsFor, isAtItsRate } from './settled.ts';

/**
 * Lines are matched to bookings while they are still in the table that they were copied into, set-wise, so that each is
 * written to its own table once, with its booking and its verdict. `pair` has one booking at most for each line, and
 * whether the two fit: what fits is clean, everything else is looked at one by one (comparisons/).
 */
export async function pairLines(client: CopyClient, run: Run, file: SettlementFile): Promise<void> {
  await client.query(
    'CREATE TEMP TABLE pair (line int, booking_id text, booking_number bigint, matched_by text, fits boolean) ON COMMIT DROP',
  );
  await addPairs(client, byOperation(run));
  await addPairs(client, byProvider(run));
  await settleCrowds(client, file);
  await addPairs(client, byAnyReference(run));
  await execute(client, notAlone(file));
}

/**
 * What is found goes to a table of its own first: a statement that reads the table that it writes may be planned as if
 * that stayed small, and then reads all of it for every line.
 */
async function addPairs(client: CopyClient, found: Statement): Promise<void> {
  await execute(client, sql`CREATE TEMP TABLE found ON COMMIT DROP AS ${found}`);
  const [some] = await query(client, sql`SELECT 1 FROM pair LIMIT 1`);
  if (some === undefined) {
    await execute(client, sql`DROP TABLE pair`);
    await execute(client, sql`ALTER TABLE found RENAME TO pair`);
  } else {
    await execute(client, sql`INSERT INTO pair SELECT * FROM found`);
    await execute(client, sql`DROP TABLE found`);
  }
  await client.query('ANALYZE pair');
}

const NOT_PAIRED = sql`NOT EXISTS (SELECT 1 FROM pair p WHERE p.line = i.line)`;

/** The effect's own name at the provider. */
function byOperation(run: Run): Statement {
  return sql`
    SELECT i.line, b.id AS booking_id, b.number AS booking_number, 'operation' AS matched_by, ${fits(run)} AS fits
    FROM incoming i JOIN booking b ON b.operation_reference = i.operation_reference
    WHERE i.type IN ('capture', 'refund') AND b.kind = i.type AND b.account_id = ${run.accountId} AND b.status <> 'replaced'`;
}

/**
 * The payment's name at the provider. A refund that is called otherwise than the one that we know is another refund.
 */
function byProvider(run: Run): Statement {
  return sql`
    SELECT i.line, b.id AS booking_id, b.number AS booking_number, 'provider' AS matched_by, ${fits(run)} AS fits
    FROM incoming i JOIN booking b ON b.provider_reference = i.provider_reference
    WHERE i.type IN ('capture', 'refund') AND b.kind = i.type AND b.account_id = ${run.accountId} AND b.status <> 'replaced'
      AND (i.type = 'capture' OR i.operation_reference IS NULL OR b.operation_reference IS NULL)
      AND ${NOT_PAIRED}`;
}

/** What a line must be to be clean, so far as the line and its booking tell. Says the same as comparison.ts does. */
function fits(run: Run): Statement {
  const { merchantAccounts: accounts } = run;
  return sql`(b.status = 'expected' AND i.currency = b.currency AND i.gross_minor
      = CASE b.kind WHEN 'capture' THEN b.amount_minor ELSE -b.amount_minor END
    AND (i.currency <> i.settlement_currency OR i.gross_minor - i.fee_minor = i.net_minor)
    AND (b.presentable_until IS NULL OR i.occurred_at <= b.presentable_until)
    AND ${accounts.length === 0 ? sql`true` : sql`(i.merchant_account IS NULL OR i.merchant_account = ANY(${[...accounts]}::text[]))`}
    AND (b.agreed_rate IS NULL OR i.currency = i.settlement_currency OR i.exchange_rate IS NOT DISTINCT FROM b.agreed_rate)
    AND ${isAtItsRate} AND ${asContracted(run)})`;
}

/** The contract's fee, by the arithmetic of domain/reconciliation/fees.ts. */
export function asContracted({ feeContract = [] }: Pick<Run, 'feeContract'>): Statement {
  const rules = feeContract.filter(({ on }) => on === 'capture' || on === 'refund');
  if (rules.length === 0) return sql`true`;
  const kinds = new Map(rules.map((rule) => [`${rule.on} ${rule.currency}`, rule] as const));
  const cases = [...kinds.values()].map(({ on, currency }) => {
    const shares = rules
      .filter((rule) => rule.on === on && rule.currency === currency)
      .map(
        ({ bps, fixedMinor }) => sql`
          ${Math.sign(bps)}::bigint * ((abs(i.net_minor + i.fee_minor) * ${Math.abs(bps)}::bigint + 5000) / 10000)
            + ${fixedMinor}::bigint`,
      );
    return sql`WHEN i.type = ${on} AND i.settlement_currency = ${currency} THEN i.fee_minor = ${join(shares, ' + ')}`;
  });
  return sql`CASE ${join(cases, ' ')} ELSE true END`;
}

/**
 * A payment of several captures has one name: which of them a line settles is told by the amount, and of equal ones by
 * their order, those that were executed before those that were not. A line of another amount settles one that has room
 * left (`leftOver`); where none has, it goes with one of its amount, of which it is a duplicate, or else with the first,
 * where it is seen to be too much.
 */
async function settleCrowds(client: CopyClient, file: SettlementFile): Promise<void> {
  const crowded = await execute(
    client,
    sql`
    CREATE TEMP TABLE crowd ON COMMIT DROP AS
    SELECT p.*, i.type, abs(i.gross_minor) AS own_minor, b.amount_minor, b.payment_id,
      b.status <> 'expected' AS unexpected, b.amount_minor - coalesce((
      SELECT sum(abs(r.gross_minor)) FROM settlement_row r
      WHERE r.booking_number = b.number AND r.type = i.type AND r.file_id <> ${file.id} AND ${countsFor(sql`r`)}), 0) AS room_minor
    FROM pair p JOIN incoming i ON i.line = p.line JOIN booking b ON b.number = p.booking_number
    WHERE p.line IN (SELECT line FROM pair GROUP BY line HAVING count(*) > 1)`,
  );
  if (crowded === 0) return;
  await execute(client, sql`DELETE FROM pair WHERE line IN (SELECT line FROM crowd)`);
  await execute(
    client,
    sql`
    WITH ranked AS (
      SELECT *, dense_rank() OVER (PARTITION BY payment_id, type, own_minor ORDER BY line) AS of_lines,
        dense_rank() OVER (PARTITION BY payment_id, type, own_minor ORDER BY unexpected, booking_number) AS of_bookings
      FROM crowd WHERE own_minor = amount_minor AND room_minor = amount_minor),
    chosen AS (SELECT line, booking_id, booking_number, matched_by, fits FROM ranked WHERE of_lines = of_bookings)
    INSERT INTO pair (line, booking_id, booking_number, matched_by, fits)
    SELECT * FROM chosen UNION ALL (${leftOver})`,
  );
}

/**
 * Each line that is not of a capture's very amount, with one that is still to be settled: where they are as many, in the
 * order of their amounts; else with the one whose room it fills best, as parts of one capture do.
 */
const leftOver = sql`
  SELECT DISTINCT ON (c.line) c.line, c.booking_id, c.booking_number, c.matched_by, false
  FROM crowd c
    LEFT JOIN (
      SELECT line, row_number() OVER payment AS place, count(*) OVER (PARTITION BY payment_id, type) AS places
      FROM (SELECT DISTINCT line, payment_id, type, own_minor FROM crowd) s
      WHERE line NOT IN (SELECT line FROM crowd WHERE own_minor = amount_minor)
      WINDOW payment AS (PARTITION BY payment_id, type ORDER BY own_minor, line)) l ON l.line = c.line
    LEFT JOIN (
      SELECT booking_number, type, row_number() OVER payment AS place, count(*) OVER (PARTITION BY payment_id, type) AS places
      FROM (SELECT DISTINCT booking_number, payment_id, type, room_minor FROM crowd WHERE NOT unexpected) s
      WHERE room_minor > 0 AND booking_number NOT IN (SELECT booking_number FROM chosen)
      WINDOW payment AS (PARTITION BY payment_id, type ORDER BY room_minor, booking_number)) o
    ON o.booking_number = c.booking_number AND o.type = c.type
  WHERE c.line NOT IN (SELECT line FROM chosen)
  ORDER BY c.line, c.own_minor = c.amount_minor DESC, o.place IS NULL,
    coalesce(l.places = o.places AND l.place = o.place, false) DESC,
    o.place IS NOT NULL AND c.room_minor >= c.own_minor DESC,
    CASE WHEN o.place IS NOT NULL THEN abs(c.room_minor - c.own_minor) END, c.unexpected, c.booking_number`;

/**
 * What is left is looked for by every name and in every account of the merchant: lines that name an order of ours and
 * no provider's name that we know, disputes and fees that name a capture, bookings of another account. None of them is
 * clean by that.
 */
function byAnyReference(run: Run): Statement {
  const kind = sql`CASE WHEN i.type IN ('refund', 'refund_reversed') THEN 'refund' ELSE 'capture' END`;
  const columns = sql`b.id, b.number, b.kind, b.account_id, b.status, b.operation_reference, b.amount_minor`;
  return sql`
    SELECT i.line, b.id AS booking_id, b.number AS booking_number, b.matched_by, false AS fits
    FROM incoming i CROSS JOIN LATERAL (
      SELECT c.id, c.number, c.matched_by FROM (
        SELECT ${columns}, 1 AS strength, 'operation' AS matched_by FROM booking b
          WHERE b.operation_reference = i.operation_reference
        UNION ALL SELECT ${columns}, 2, 'provider' FROM booking b
          WHERE b.provider_reference IN (i.provider_reference, i.alternative_reference)
        UNION ALL SELECT ${columns}, 3, 'merchant' FROM booking b WHERE b.id = i.merchant_reference
        UNION ALL SELECT ${columns}, 4, 'merchant' FROM booking b
          WHERE b.payment_id = 'pay_' || substr(i.merchant_reference, 5, 26) AND b.attempt_id = i.merchant_reference) c
      WHERE c.kind = ${kind} AND c.status <> 'replaced'
        AND c.account_id IN (SELECT id FROM provider_account WHERE merchant_id = ${run.merchantId})
        AND (i.type <> 'refund' OR c.strength IN (1, 3) OR i.operation_reference IS NULL OR c.operation_reference IS NULL)
      ORDER BY c.strength, c.account_id = ${run.accountId} DESC, c.amount_minor = abs(i.gross_minor) DESC,
        c.status = 'expected' DESC, c.id
      LIMIT 1) b
    WHERE i.type NOT IN ('payout', 'payout_reversed', 'exchange', 'rounding') AND ${NOT_PAIRED}
      AND coalesce(i.operation_reference, i.provider_reference, i.alternative_reference, i.merchant_reference) IS NOT NULL`;
}

/** Several lines of one effect, in this file or with one that came before: each is looked at. */
function notAlone(file: SettlementFile): Statement {
  return sql`
    UPDATE pair p SET fits = false
    WHERE p.fits AND p.booking_number IN (
      SELECT q.booking_number FROM pair q JOIN incoming i ON i.line = q.line
      WHERE i.type IN ('capture', 'refund')
        AND q.booking_number IN (SELECT booking_number FROM pair GROUP BY booking_number HAVING count(*) > 1)
      GROUP BY q.booking_number HAVING count(*) > 1
      UNION ALL
      SELECT r.booking_number FROM settlement_row r JOIN pair q ON q.booking_number = r.booking_number
      WHERE q.fits AND r.type IN ('capture', 'refund') AND r.file_id <> ${file.id} AND ${countsFor(sql`r`)})`;
}

export interface Written {
  readonly rows: number;
  readonly clean: number;
}

/** Types of lines that settle nothing by themselves: there is nothing to hold them against one by one. */
const APART: RowType[] = ['payout', 'exchange', 'rounding'];

/** The lines in their own table, for good: their booking, and the verdict of those that fit. */
export async function writeLines(
  client: CopyClient,
  run: Run,
  file: SettlementFile,
  header: readonly string[],
): Promise<Written> {
  const columns = [...LINE_COLUMNS.split(', ')].map((name) => `i.${name}`).join(', ');
  const clean = '(coalesce(p.fits, false) OR i.type = ANY($4::text[]))';
  const { rowCount } = await client.query({
    text: `
      INSERT INTO settlement_row (file_id, account_id, ${LINE_COLUMNS}, raw, booking_id, booking_number, matched_by, verdict)
      SELECT $1, $2, ${columns},
        CASE WHEN ${clean} THEN NULL WHEN left(i.cells, 1) <> '=' THEN i.cells::jsonb
          ELSE jsonb_object($3::text[], string_to_array(substr(i.cells, 2), E'\\x1f')) END,
        p.booking_id, p.booking_number, CASE WHEN ${clean} THEN NULL ELSE p.matched_by END, CASE WHEN ${clean} THEN 'clean' END
      FROM incoming i LEFT JOIN pair p ON p.line = i.line`,
    values: [file.id, run.accountId, [...header], APART],
  });
  const [counted] = await query<{ fitting: number; apart: number }>(
    client,
    sql`SELECT (SELECT count(*) FROM pair WHERE fits)::int AS fitting,
      (SELECT count(*) FROM incoming WHERE type = ANY(${APART}::text[]))::int AS apart`,
  );
  return { rows: rowCount ?? 0, clean: (counted?.fitting ?? 0) + (counted?.apart ?? 0) };
}
