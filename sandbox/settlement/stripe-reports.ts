// Stripe's Reporting API: a run is asked for, succeeds a little later, and leaves a file to fetch.
import { prefixedId } from '../ids.ts';
import { type Kernel, type Task, type Transaction, table } from '../kernel.ts';
import type { Answer } from '../provider.ts';
import { ok, type StripeContext } from '../stripe/authorize.ts';
import { invalid, missing, notFound } from '../stripe/errors.ts';
import { emit } from '../stripe/events.ts';
import { child, type Form, list, text } from '../stripe/form.ts';
import { checkParameters } from '../stripe/intents.ts';
import { seconds } from '../stripe/objects.ts';
import { joined, toCsv } from './csv.ts';
import type { Published } from './settler.ts';
import { closedDays } from './store.ts';

const REPORT_TYPE = 'payout_reconciliation.itemized.5';
const DAY_SECONDS = 86_400;
const PARAMETERS = new Set(['report_type', 'parameters', 'expand']);
const RUN_PARAMETERS = new Set(['interval_start', 'interval_end', 'columns', 'timezone']);

interface ReportRun {
  id: string;
  object: 'reporting.report_run';
  created: number;
  error: string | null;
  livemode: false;
  parameters: { interval_start: number; interval_end: number; columns?: string[] };
  report_type: string;
  result: Record<string, unknown> | null;
  status: 'pending' | 'succeeded' | 'failed';
  succeeded_at: number | null;
}

/** A report's file: rendered when it is fetched. */
interface ReportFile {
  id: string;
  businessDates: string[];
  columns: string[] | null;
}

const runs = table<ReportRun>('report_run');
const files = table<ReportFile>('report_file');

/**
 * When the payouts of a business day become effective, and so where a report's interval finds them. Noon: within
 * that day in whatever time zone the merchant counts.
 */
function effectiveAt(businessDate: string): number {
  return seconds(Date.parse(`${businessDate}T12:00:00Z`));
}

function daysWithin(kernel: Kernel, start: number, end: number): string[] {
  return kernel.store
    .values(closedDays)
    .map((day) => day.businessDate)
    .filter((date) => effectiveAt(date) >= start && effectiveAt(date) < end)
    .sort();
}

/** Until when there is data: the last closed day's end, in whatever time zone it ends last. */
function dataAvailableEnd(kernel: Kernel): number {
  const last = Math.max(0, ...kernel.store.values(closedDays).map((day) => effectiveAt(day.businessDate)));
  return last === 0 ? 0 : last + DAY_SECONDS;
}

function newRun(parameters: ReportRun['parameters']): ReportRun {
  return {
    id: prefixedId('frr'),
    object: 'reporting.report_run',
    created: seconds(),
    error: null,
    livemode: false,
    parameters,
    report_type: REPORT_TYPE,
    result: null,
    status: 'pending',
    succeeded_at: null,
  };
}

function contents(kernel: Kernel, { businessDates, columns }: Omit<ReportFile, 'id'>): string {
  const days = businessDates.map((date) => kernel.store.get(closedDays, date));
  const sheets = days.filter((day) => day !== undefined).map((day) => day.sheet);
  return toCsv(joined(sheets, columns ?? undefined));
}

function finish(ctx: StripeContext, tx: Transaction, run: ReportRun, size: number, dates: string[]): string {
  const id = prefixedId('file');
  const columns = run.parameters.columns ?? null;
  run.status = 'succeeded';
  run.succeeded_at = seconds();
  run.result = {
    id,
    object: 'file',
    created: seconds(),
    expires_at: seconds() + 365 * DAY_SECONDS,
    filename: `${run.id}.csv`,
    links: null,
    purpose: 'finance_report_run',
    size,
    title: `${REPORT_TYPE} report`,
    type: 'csv',
    url: `${ctx.publicUrl()}/v1/files/${id}/contents`,
  };
  tx.put(files, id, { id, businessDates: dates, columns });
  tx.put(runs, run.id, run);
  emit(tx, 'reporting.report_run.succeeded', run);
  return id;
}

export function createRun(ctx: StripeContext, tx: Transaction, form: Form): Answer {
  checkParameters(form, PARAMETERS);
  const type = text(form, 'report_type');
  if (type === undefined) throw missing('report_type');
  if (type !== REPORT_TYPE) throw invalid(`Unknown report type: ${type}.`, 'report_type');
  const asked = child(form, 'parameters');
  if (asked === undefined) throw missing('parameters');
  const unknown = Object.keys(asked).find((name) => !RUN_PARAMETERS.has(name));
  if (unknown !== undefined)
    throw invalid(`Received unknown parameter: ${unknown}`, `parameters[${unknown}]`);
  if ((text(asked, 'timezone') ?? 'Etc/UTC') !== 'Etc/UTC') {
    throw invalid('The sandbox reports in Etc/UTC only.', 'parameters[timezone]');
  }
  const [start, end] = [instant(asked, 'interval_start'), instant(asked, 'interval_end')];
  const available = dataAvailableEnd(ctx.kernel);
  if (end <= start)
    throw invalid('`interval_end` must be after `interval_start`.', 'parameters[interval_end]');
  if (end > available) {
    const message = `\`interval_end\` must be before or equal to the data availability end: ${available}.`;
    throw invalid(message, 'parameters[interval_end]');
  }
  const columns = list(asked, 'columns');
  const run = newRun({
    interval_start: start,
    interval_end: end,
    ...(columns.length === 0 ? {} : { columns }),
  });
  tx.put(runs, run.id, run);
  const dueAt = Date.now() + ctx.kernel.settleDelayMs;
  tx.schedule({ id: prefixedId('task'), dueAt, type: 'report_run', payload: { run: run.id } });
  return ok(run);
}

function instant(form: Form, name: string): number {
  const value = text(form, name);
  if (value === undefined) throw missing(`parameters[${name}]`);
  if (!/^\d{1,12}$/.test(value)) throw invalid(`Invalid timestamp: ${value}`, `parameters[${name}]`);
  return Number(value);
}

/** The task of a run; true when it was one. */
export function finishRun(ctx: StripeContext, tx: Transaction, task: Task): boolean {
  if (task.type !== 'report_run') return false;
  const run = tx.get(runs, String(task.payload.run));
  if (run?.status !== 'pending') return true;
  const dates = daysWithin(ctx.kernel, run.parameters.interval_start, run.parameters.interval_end);
  const columns = run.parameters.columns ?? null;
  const size = Buffer.byteLength(contents(ctx.kernel, { businessDates: dates, columns }));
  finish(ctx, tx, run, size, dates);
  return true;
}

/** A scheduled report of a day, as the dashboard sets them up. Answers its file's id. */
export function scheduledRun(ctx: StripeContext, tx: Transaction, published: Published): string {
  const start = seconds(Date.parse(published.businessDate));
  const run = newRun({ interval_start: start, interval_end: start + DAY_SECONDS });
  return finish(ctx, tx, run, Buffer.byteLength(toCsv(published.sheet)), [published.businessDate]);
}

export function retrieveRun(tx: Transaction, id: string): Answer {
  const run = tx.get(runs, id);
  if (run === undefined) throw notFound('report run', id, 'report_run');
  return ok(run);
}

export function fileContents(ctx: StripeContext, tx: Transaction, id: string): Answer {
  const file = tx.get(files, id);
  if (file === undefined) throw notFound('file upload', id, 'file');
  return { ...ok(null), headers: { 'Content-Type': 'text/csv' }, text: contents(ctx.kernel, file) };
}

export function reportType(ctx: StripeContext, id: string): Answer {
  if (id !== REPORT_TYPE) throw notFound('report type', id, 'report_type');
  const days = ctx.kernel.store.values(closedDays).map((day) => effectiveAt(day.businessDate));
  return ok({
    id,
    object: 'reporting.report_type',
    data_available_start: days.length === 0 ? 0 : Math.min(...days) - DAY_SECONDS,
    data_available_end: dataAvailableEnd(ctx.kernel),
    livemode: false,
    name: 'Payout reconciliation, itemized',
    version: 5,
  });
}
