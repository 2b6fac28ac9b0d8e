import { parseArgs } from 'node:util';
import { isBusinessDate } from '../../domain/reconciliation/day.ts';
import { UsageError } from '../verb.ts';

export type ReconcileOrder =
  | {
      readonly what: 'run';
      readonly account: string;
      readonly date?: string;
      readonly file?: { readonly path: string; readonly format: string };
      readonly json: boolean;
    }
  | { readonly what: 'report'; readonly account?: string; readonly date?: string; readonly json: boolean };

export function parseOrder(argv: string[], formats: readonly string[]): ReconcileOrder {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      account: { type: 'string' },
      date: { type: 'string' },
      file: { type: 'string' },
      provider: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const { account, date, file, provider, json } = values;
  const [what, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`what is "${more[0]}"? Options begin with --`);
  if (date !== undefined && !isBusinessDate(date))
    throw new UsageError(`--date ${date} is no day of the calendar; write it as 2026-11-20`);
  if (account !== undefined && !/^[\w-]{1,64}$/.test(account))
    throw new UsageError('--account takes the id of a provider account, e.g. pa_demo_stripe');
  const day = date === undefined ? {} : { date };
  if (what === 'report') {
    if (file !== undefined || provider !== undefined) throw new UsageError('--file belongs to reconcile run');
    if (date !== undefined && account === undefined) throw new UsageError('--date needs --account');
    return { what, json, ...day, ...(account === undefined ? {} : { account }) };
  }
  if (what !== 'run') throw new UsageError('say: reconcile run, or reconcile report');
  if (account === undefined) throw new UsageError('reconcile run needs --account');
  if ((file === undefined) !== (provider === undefined))
    throw new UsageError('--file and --provider go together: a file is read by its provider’s layout');
  if (file === undefined || provider === undefined) return { what, account, json, ...day };
  if (!formats.includes(provider))
    throw new UsageError(`no layout is called ${provider}; there are: ${formats.join(', ')}`);
  return { what, account, json, ...day, file: { path: file, format: provider } };
}
