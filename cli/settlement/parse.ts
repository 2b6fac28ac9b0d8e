/**
 * What `./interlock settlement parse` does: streams a file through its layout and prints what it means, row by
 * row. It needs no stack and books nothing; it answers what a run of reconciliation would read.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import type { BankStatementLine } from '../../providers/settlement/bank/line.ts';
import { type BankFormat, isBankFormat, parseBankStatement } from '../../providers/settlement/bank/parse.ts';
import type { TrailerRecord } from '../../providers/settlement/coded-file.ts';
import { SettlementFileError } from '../../providers/settlement/errors.ts';
import type { SettlementLayout } from '../../providers/settlement/layout.ts';
import { MappingError, parseMapping } from '../../providers/settlement/mapping.ts';
import { parseSettlementBatches } from '../../providers/settlement/parse.ts';
import { layoutNamed, settlementNames } from '../../providers/settlement/registry.ts';
import { UsageError } from '../verb.ts';
import { type Output, ReaderGone } from './output.ts';
import {
  BANK_TITLE,
  bankLineJson,
  bankLineText,
  bankTotals,
  endJson,
  endText,
  ROW_TITLE,
  rowJson,
  rowText,
  statementJson,
} from './render.ts';

export interface ParseOrder {
  readonly file: string;
  readonly provider: string | undefined;
  readonly mapping: string | undefined;
  readonly json: boolean;
  readonly gunzip: boolean;
}

interface Terminal {
  readonly out: Output;
  err(line: string): void;
}

/** Resolves to the exit code: 2 where the file is refused. */
export async function runParse(order: ParseOrder, terminal: Terminal): Promise<number> {
  const how = howToRead(order);
  try {
    if (typeof how === 'string') await printBank(order, how, terminal.out);
    else await printRows(order, how, terminal.out);
    return 0;
  } catch (error) {
    if (error instanceof ReaderGone) return 0;
    if (error instanceof SettlementFileError) return await refused(order, error, terminal);
    if (isMissing(error)) throw new UsageError(`${order.file} cannot be read: ${error.message}`);
    throw error;
  }
}

function howToRead({ provider, mapping }: ParseOrder): SettlementLayout | BankFormat {
  const names = settlementNames().join(', ');
  if (mapping !== undefined) return readMapping(mapping);
  if (provider === undefined) throw new UsageError(`say --provider (${names}) or --mapping FILE`);
  if (isBankFormat(provider)) return provider;
  const layout = layoutNamed(provider);
  if (layout !== undefined) return layout;
  throw new UsageError(
    `no settlement files of "${provider}" are known. Known are: ${names}. Describe others with --mapping FILE`,
  );
}

function readMapping(path: string): SettlementLayout {
  try {
    return parseMapping(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof MappingError || isMissing(error)) {
      throw new UsageError(`the mapping ${path} cannot be used: ${error.message}`);
    }
    throw error;
  }
}

async function printRows(order: ParseOrder, layout: SettlementLayout, out: Output): Promise<void> {
  const sha256 = createHash('sha256');
  const trailers: TrailerRecord[] = [];
  const toLine = order.json ? rowJson : rowText;
  const options = { raw: false, gunzip: order.gunzip };
  if (!order.json) await out.write(`${ROW_TITLE}\n`);
  for await (const batch of parseSettlementBatches(bytesOf(order.file, sha256), layout, options)) {
    trailers.push(...batch.trailers);
    if (batch.rows.length > 0) await out.write(`${batch.rows.map(toLine).join('\n')}\n`);
    if (batch.end === undefined) continue;
    const head = {
      provider: order.provider ?? layout.provider,
      file: order.file,
      sha256: sha256.digest('hex'),
    };
    const said = order.json
      ? JSON.stringify({ ...head, ...endJson(batch.end, trailers) })
      : endText(batch.end, trailers);
    await out.write(`${said}\n`);
  }
}

async function printBank(order: ParseOrder, format: BankFormat, out: Output): Promise<void> {
  const sha256 = createHash('sha256');
  const lines: BankStatementLine[] = [];
  if (!order.json) await out.write(`${BANK_TITLE}\n`);
  for await (const event of parseBankStatement(bytesOf(order.file, sha256), format)) {
    if (event.type === 'line') {
      lines.push(event.line);
      await out.write(`${order.json ? bankLineJson(event.line) : bankLineText(event.line)}\n`);
      continue;
    }
    const { rows, statements, warnings } = event;
    const head = { provider: format, file: order.file, sha256: sha256.digest('hex'), rows };
    const rest = { totals: bankTotals(lines), trailers: statements.map(statementJson), warnings };
    const words = [`\n${rows} lines in ${statements.length} statements`].concat(
      warnings.map(({ code, line, message }) => `  line ${line}  ${code}: ${message}`),
    );
    await out.write(`${order.json ? JSON.stringify({ ...head, ...rest }) : words.join('\n')}\n`);
  }
}

async function* bytesOf(path: string, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    hash.update(chunk);
    yield chunk;
  }
}

async function refused(order: ParseOrder, error: SettlementFileError, terminal: Terminal): Promise<number> {
  const { reason, line, column, detail, remedy } = error;
  terminal.err(`interlock settlement: ${order.file}, ${error.message}.\nThe file is refused: ${remedy}.`);
  if (order.json) {
    const said = { file: order.file, line, column: column ?? null, reason, message: detail, remedy };
    await terminal.out.write(`${JSON.stringify({ error: said })}\n`);
  } else {
    await terminal.out.write(
      'The rows above are part of a file that is refused; nothing of it may be booked.\n',
    );
  }
  return 2;
}

function isMissing(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && /^E(NOENT|ISDIR|ACCES)$/.test(String(error.code));
}
