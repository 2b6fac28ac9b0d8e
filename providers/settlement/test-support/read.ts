import type { SettlementRow } from '../../../domain/reconciliation/row.ts';
import type { TrailerRecord } from '../coded-file.ts';
import { SettlementFileError } from '../errors.ts';
import type { SettlementLayout } from '../layout.ts';
import { type ParsedEnd, type ParseOptions, parseSettlement } from '../parse.ts';
import { layoutNamed } from '../registry.ts';
import type { Meaning } from './files.ts';

/** A file as a stream, cut into pieces where `at` says. */
export async function* pieces(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export interface WholeFile {
  readonly rows: readonly SettlementRow[];
  readonly trailers: readonly TrailerRecord[];
  readonly end: ParsedEnd;
}

export async function readWhole(
  layout: SettlementLayout | string,
  text: string | Uint8Array,
  options: ParseOptions & { readonly pieceBytes?: number } = {},
): Promise<WholeFile> {
  const found = typeof layout === 'string' ? layoutNamed(layout) : layout;
  if (found === undefined) throw new Error(`there is no layout ${String(layout)}`);
  const rows: SettlementRow[] = [];
  const trailers: TrailerRecord[] = [];
  let end: ParsedEnd | undefined;
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  for await (const parsed of parseSettlement(pieces(bytes, options.pieceBytes), found, options)) {
    if (end !== undefined) throw new Error('something came after the end');
    if (parsed.type === 'row') rows.push(parsed.row);
    else if (parsed.type === 'trailer') trailers.push(parsed);
    else end = parsed;
  }
  if (end === undefined) throw new Error('a file was neither refused nor read to its end');
  return { rows, trailers, end };
}

/** The refusal; a file that is read is a failure of the test. */
export async function refusalOf(
  layout: SettlementLayout | string,
  text: string | Uint8Array,
  options: ParseOptions = {},
): Promise<SettlementFileError> {
  try {
    await readWhole(layout, text, options);
  } catch (error) {
    if (error instanceof SettlementFileError) return error;
    throw error;
  }
  throw new Error('the file was read');
}

/** Of a row, what a line of a test knows. */
export function meaningOf(row: SettlementRow, withReference: boolean): Meaning {
  const { type, currency, grossMinor, feeMinor, netMinor, occurredAt, providerReference } = row;
  const same = { type, currency, grossMinor, feeMinor, netMinor, occurredAt };
  return withReference && providerReference !== undefined ? { ...same, reference: providerReference } : same;
}

export function codesOf({ end }: WholeFile): string[] {
  return [...new Set(end.warnings.map(({ code }) => code))].sort();
}
