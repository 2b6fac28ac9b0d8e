import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Db } from '../../db/client.ts';
import { balancesOf, exportOf, type LedgerScope, verifyLedger } from '../../db/ledger/index.ts';
import { isAccountPrefix } from '../../domain/ledger/chart.ts';
import { totalsByCurrency } from '../../domain/ledger/entry.ts';
import { EXPORT_FORMATS, type ExportFormat, parseInstant, parsePeriod } from '../../domain/ledger/period.ts';
import { UserError } from '../install.mjs';
import { UsageError } from '../verb.ts';
import { renderBalances, toJson } from './render.ts';

export interface LedgerOptions {
  readonly merchant?: string | undefined;
  readonly mode?: string | undefined;
  readonly account?: string | undefined;
  readonly currency?: string | undefined;
  readonly 'as-of'?: string | undefined;
  readonly period?: string | undefined;
  readonly format?: string | undefined;
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
}

type Print = (text: string) => void;

export async function balances(db: Db, options: LedgerOptions, print: Print = console.log): Promise<number> {
  const { account: prefix, currency, json } = options;
  if (prefix !== undefined && !isAccountPrefix(prefix)) throw new UsageError(`no account begins ${prefix}`);
  const asOf = options['as-of'];
  const asOfMs = asOf === undefined ? undefined : parseInstant(asOf);
  if (asOf !== undefined && asOfMs === undefined) throw new UsageError(`${asOf} is no instant`);
  const found = await balancesOf(db, {
    scope: scopeOf(options),
    ...(prefix === undefined ? {} : { prefix }),
    ...(currency === undefined ? {} : { currency: currency.toUpperCase() }),
    ...(asOfMs === undefined ? {} : { asOfMs }),
  });
  const totals = totalsByCurrency(found);
  print(json === true ? toJson({ balances: found, totals }) : renderBalances(found, totals));
  return 0;
}

export async function verify(db: Db, _options: LedgerOptions, print: Print = console.log): Promise<number> {
  const verdict = await verifyLedger(db);
  print(toJson(verdict));
  return verdict.problems.length === 0 ? 0 : 1;
}

export async function exportPeriod(db: Db, options: LedgerOptions): Promise<number> {
  const { merchantId, mode = 'test' } = scopeOf(options);
  const { format = 'csv', out } = options;
  const period = parsePeriod(options.period ?? '');
  if (merchantId === undefined) throw new UsageError('say whose: --merchant');
  if (period === undefined) throw new UsageError('say --period 2026-11 or --period 2026-11-21');
  if (!isFormat(format)) throw new UsageError(`--format is one of ${EXPORT_FORMATS.join(', ')}`);
  const exported = await exportOf(db, { merchantId, mode, period, format });
  if (exported.type !== 'export') throw new UserError(NOT_YET[exported.type](period.name));
  if (out === undefined) await pipeline(exported.chunks(), process.stdout, { end: false });
  else await writeWhole(out, exported.chunks());
  return 0;
}

const NOT_YET = {
  open: (period: string) =>
    `the period ${period} is not over: it may be exported a minute after its end, in UTC`,
  in_flight: (period: string) => `something of ${period} may not be committed yet: ask again in a moment`,
} as const;

/** Under another name until it is whole: nobody imports half a month. */
async function writeWhole(path: string, chunks: AsyncIterable<string>): Promise<void> {
  const part = `${path}.part`;
  try {
    await pipeline(chunks, createWriteStream(part));
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

function scopeOf({ merchant, mode }: LedgerOptions): LedgerScope {
  if (mode !== undefined && mode !== 'test' && mode !== 'live')
    throw new UsageError('--mode is test or live');
  return {
    ...(merchant === undefined ? {} : { merchantId: merchant }),
    ...(mode === undefined ? {} : { mode }),
  };
}

function isFormat(text: string): text is ExportFormat {
  return EXPORT_FORMATS.some((each) => each === text);
}
