import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from } from 'pg-copy-streams';
import { FEE_KINDS, type SettlementRow } from '../../domain/reconciliation/row.ts';
import type { CopyClient } from './pool.ts';

/** The table that lines are copied into: of this transaction alone, without index or log, gone at its end. */
const TEXT = ['provider_reference', 'alternative_reference', 'operation_reference', 'merchant_reference'];
const COLUMNS: readonly (readonly [name: string, type: string])[] = [
  ['line', 'int'],
  ['type', 'text'],
  ['provider_type', 'text'],
  ...TEXT.map((name) => [name, 'text'] as const),
  ['currency', 'text'],
  ['gross_minor', 'bigint'],
  ['settlement_currency', 'text'],
  ['fee_minor', 'bigint'],
  ['net_minor', 'bigint'],
  ...FEE_KINDS.map((kind) => [`fee_${kind}_minor`, 'bigint'] as const),
  ['exchange_rate', 'numeric'],
  ['presented_currency', 'text'],
  ['presented_minor', 'bigint'],
  ['occurred_at', 'timestamptz'],
  ['available_on', 'timestamptz'],
  ['payout_reference', 'text'],
  ['batch', 'text'],
  ['merchant_account', 'text'],
  ['description', 'text'],
];
const NAMES = COLUMNS.map(([name]) => name);

/** Of what a line says, all but the columns as they stood: in the order of the tables. */
export const LINE_COLUMNS = NAMES.join(', ');

/** As they come: one by one, or, which is faster, some at a time. */
export type Rows = AsyncIterable<SettlementRow | readonly SettlementRow[]>;

export interface Copied {
  readonly rows: number;
  /** The file's header, which `cells` are in the order of. */
  readonly header: readonly string[];
}

export async function createIncoming(client: CopyClient): Promise<void> {
  const columns = COLUMNS.map(([name, type]) => `${name} ${type}`).join(', ');
  await client.query(`CREATE TEMP TABLE incoming (${columns}, cells text, part int) ON COMMIT DROP`);
}

/**
 * Copies lines as they come, a chunk at a time and no faster than Postgres takes them. Whatever the iterable throws
 * ends the copy, and with it the transaction.
 */
export async function copyRows(
  client: CopyClient,
  rows: Rows,
  onProgress: (rows: number) => void = () => undefined,
): Promise<Copied> {
  const encoder = new RowEncoder();
  const copy = client.query(from(`COPY incoming (${LINE_COLUMNS}, cells, part) FROM STDIN`));
  async function* chunks(): AsyncGenerator<Buffer> {
    let pending = '';
    for await (const some of rows) {
      if ('length' in some) for (const row of some) pending += encoder.encode(row);
      else pending += encoder.encode(some);
      if (pending.length < CHUNK_CHARACTERS) continue;
      yield Buffer.from(pending);
      pending = '';
      onProgress(encoder.rows);
    }
    if (pending.length > 0) yield Buffer.from(pending);
    onProgress(encoder.rows);
  }
  await pipeline(Readable.from(chunks(), { objectMode: true, highWaterMark: 4 }), copy);
  if (encoder.seconds > 0) await client.query(NUMBER_SECONDS);
  return { rows: encoder.rows, header: encoder.header };
}

const CHUNK_CHARACTERS = 131_072;

/**
 * A record that moves money of a second kind or currency makes several rows, and a row has a number of its own: the
 * first keeps the line that people see in the file, the others are numbered behind the last one, and say whose they are.
 */
const NUMBER_SECONDS = `
  UPDATE incoming i SET line = n.number, description = concat_ws('; ', i.description, 'of line ' || i.line)
  FROM (SELECT line, part, ((SELECT max(line) FROM incoming) + row_number() OVER (ORDER BY line, part))::int AS number
    FROM incoming WHERE part > 0) n
  WHERE i.line = n.line AND i.part = n.part`;

/** Between the cells of one line, in one column: a control character that no file's text has. */
export const CELL_SEPARATOR = '\x1f';
const NULL = '\\N';
const SPECIAL = /[\\\t\n\r\b\f\v]/;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
};

/** A value of COPY's text format. */
export function copyText(value: string | undefined): string {
  if (value === undefined) return NULL;
  return SPECIAL.test(value) ? value.replace(/[\\\t\n\r\b\f\v]/g, (each) => ESCAPES[each] ?? each) : value;
}

/** Rows as lines of COPY's text format. */
class RowEncoder {
  rows = 0;
  /** Rows of a record that made one before. */
  seconds = 0;
  header: readonly string[] = [];
  private line = 0;
  private part = 0;

  encode(row: SettlementRow): string {
    if (this.rows === 0) this.header = Object.keys(row.raw);
    this.rows += 1;
    this.part = row.line === this.line ? this.part + 1 : 0;
    this.line = row.line;
    if (this.part > 0) this.seconds += 1;
    const { presented } = row;
    return `${row.line}\t${row.type}\t${copyText(row.providerType)}\t${copyText(row.providerReference)}\t${copyText(
      row.alternativeReference,
    )}\t${copyText(row.operationReference)}\t${copyText(row.merchantReference)}\t${row.currency}\t${row.grossMinor}\t${
      row.settlementCurrency
    }\t${row.feeMinor}\t${row.netMinor}\t${feeColumns(row.fees)}\t${row.exchangeRate ?? NULL}\t${
      presented?.currency ?? NULL
    }\t${presented?.amountMinor ?? NULL}\t${row.occurredAt}\t${row.availableOn ?? NULL}\t${copyText(
      row.payoutReference,
    )}\t${copyText(row.batch)}\t${copyText(row.merchantAccount)}\t${copyText(row.description)}\t${copyText(
      this.cells(row.raw),
    )}\t${this.part}\n`;
  }

  /** The cells alone where the line has the header's columns, which is what it nearly always has. */
  private cells(raw: SettlementRow['raw']): string {
    let text = '=';
    let column = 0;
    for (const name in raw) {
      const cell = raw[name] ?? '';
      if (name !== this.header[column] || cell.includes(CELL_SEPARATOR)) return JSON.stringify(raw);
      text += column === 0 ? cell : `${CELL_SEPARATOR}${cell}`;
      column += 1;
    }
    return column === this.header.length ? text : JSON.stringify(raw);
  }
}

const NO_FEES = FEE_KINDS.map(() => NULL).join('\t');
const SLOT = new Map(FEE_KINDS.map((kind, index) => [kind, index] as const));
/** Around the one amount of each kind: most lines have no more than one. */
const ONE_FEE = FEE_KINDS.map((_kind, slot) => [
  `${NULL}\t`.repeat(slot),
  `\t${NULL}`.repeat(FEE_KINDS.length - 1 - slot),
]);

function feeColumns(fees: SettlementRow['fees']): string {
  const [first] = fees;
  if (first === undefined) return NO_FEES;
  if (fees.length === 1) {
    const [before, after] = ONE_FEE[SLOT.get(first.kind) ?? 0] ?? ['', ''];
    return `${before}${first.amountMinor}${after}`;
  }
  const slots: (number | undefined)[] = FEE_KINDS.map(() => undefined);
  for (const { kind, amountMinor } of fees) {
    const slot = SLOT.get(kind) ?? 0;
    slots[slot] = (slots[slot] ?? 0) + amountMinor;
  }
  return slots.map((slot) => slot ?? NULL).join('\t');
}
