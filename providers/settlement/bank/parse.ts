/**
 * Statements of bank accounts: camt.053, MT940 and BAI2, all as the same lines. A statement of a day is small, so
 * it is read as a whole; what is larger than any statement is refused.
 */

import type { FileWarning } from '../errors.ts';
import { type Bounds, DEFAULT_BOUNDS, guardText, type Seen } from '../guard.ts';
import { parseBai2 } from './bai2.ts';
import { parseCamt053 } from './camt053.ts';
import type { BankStatement, BankStatementLine, ReadStatements } from './line.ts';
import { parseMt940 } from './mt940.ts';

export const BANK_FORMATS = ['camt053', 'mt940', 'bai2'] as const;
export type BankFormat = (typeof BANK_FORMATS)[number];

export function isBankFormat(name: string): name is BankFormat {
  return BANK_FORMATS.some((format) => format === name);
}

const PARSERS: Readonly<Record<BankFormat, (text: string) => ReadStatements>> = {
  camt053: parseCamt053,
  mt940: parseMt940,
  bai2: parseBai2,
};

const MAX_BYTES = 32 * 1024 ** 2;

export type ParsedBank =
  | { readonly type: 'line'; readonly line: BankStatementLine }
  | {
      readonly type: 'end';
      readonly rows: number;
      readonly statements: readonly BankStatement[];
      readonly warnings: readonly FileWarning[];
    };

export async function* parseBankStatement(
  stream: AsyncIterable<Uint8Array>,
  format: BankFormat,
  maxBytes: number = MAX_BYTES,
): AsyncGenerator<ParsedBank> {
  // XML may stand on one line as a whole.
  const maxLineBytes = format === 'camt053' ? maxBytes : DEFAULT_BOUNDS.maxLineBytes;
  const bounds: Bounds = { ...DEFAULT_BOUNDS, maxBytes, maxLineBytes };
  const seen: Seen = { bytes: 0, lines: 0, endsWithNewline: false };
  const pieces: Buffer[] = [];
  for await (const text of guardText(stream, bounds, seen)) pieces.push(Buffer.from(text));
  const { lines, statements, warnings } = PARSERS[format](Buffer.concat(pieces).toString('utf8'));
  for (const line of lines) yield { type: 'line', line };
  yield { type: 'end', rows: lines.length, statements, warnings };
}
