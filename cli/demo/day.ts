import { z } from 'zod';
import type { Report } from '../../domain/reconciliation/report.ts';
import type { Desk } from '../operator/desk.ts';
import { eventually } from './merchant.ts';
import { PROVIDERS, type ProviderName, type Sandboxes } from './sandboxes.ts';
import type { Stage } from './stage.ts';

/** How a day was closed at one provider: what the simulator published and spoiled, and what was made of it. */
export interface ClosedDay {
  readonly provider: ProviderName;
  readonly report: Report;
  /** By type, what the simulator spoiled in its file. */
  readonly planted: ReadonlyMap<string, number>;
  /** What was planted and not found, a sentence each. */
  readonly missed: readonly string[];
  /** Where ledger, bank and the simulator's books differ, a sentence each. */
  readonly off: readonly string[];
}

/** What each simulator spoils: what its layout can show, and what a demo's few payments have room for. */
const BREAKS = {
  stripe: [
    'DUPLICATE_LINE',
    'AMOUNT_UNDER',
    'MISSING_IN_LEDGER',
    'EXTERNAL_REFUND',
    'CHARGEBACK_NEW',
    'UNEXPECTED_FEE_TYPE',
  ],
  adyen: ['AMOUNT_OVER', 'PARTIAL_CAPTURE_SPLIT', 'RESERVE_MOVEMENT', 'CHARGEBACK_NEW', 'SECOND_CHARGEBACK'],
  checkout: ['AMOUNT_UNDER', 'MISSING_IN_LEDGER', 'RESERVE_MOVEMENT', 'UNEXPECTED_FEE_TYPE'],
} as const satisfies Record<ProviderName, readonly string[]>;

const DAY_MS = 86_400_000;
const RUN_MS = 90_000;

/** All providers publish what they have executed, and each account's day is reconciled, with its bank's statement. */
export async function closeDays(stage: Stage): Promise<readonly ClosedDay[]> {
  return Promise.all(PROVIDERS.map((provider) => closeDay(stage, provider)));
}

async function closeDay({ sandboxes, books }: Stage, provider: ProviderName): Promise<ClosedDay> {
  const account = `pa_demo_${provider}`;
  const date = await nextDate(sandboxes, provider);
  const day = await sandboxes.closeDay(provider, date, BREAKS[provider]);
  const first = await runOf(books.desk, account, date);
  await books.desk.command('reconciliations', { account, business_date: date });
  const settled = await finished(books.desk, account, date, first);
  // The bank's statement comes when the providers' files have been read.
  const statement = await sandboxes.bankStatement(provider, date);
  await books.upload({ account, business_date: date, format: 'camt053', name: `${date}.xml` }, statement);
  const { report } = await finished(books.desk, account, date, settled.finished_at);
  const planted = new Map<string, number>();
  for (const { type } of day.planted) planted.set(type, (planted.get(type) ?? 0) + 1);
  return { provider, report, planted, missed: missedOf(report, planted), off: offOf(report, day.totals) };
}

/** A stack on which the demo ran before has closed today already: its next day is tomorrow. */
async function nextDate(sandboxes: Sandboxes, provider: ProviderName): Promise<string> {
  const dates = await sandboxes.closedDays(provider);
  const today = new Date().toISOString().slice(0, 10);
  const last = dates.toSorted().at(-1);
  return last === undefined || last < today
    ? today
    : new Date(Date.parse(last) + DAY_MS).toISOString().slice(0, 10);
}

const runSchema = z.object({ finished_at: z.string().nullable(), report: z.unknown() });

async function runOf(desk: Desk, account: string, date: string): Promise<string | undefined> {
  const { data } = runsSchema.parse((await desk.view(`reconciliations?account=${account}`)).body);
  return data.find((run) => run.business_date === date)?.finished_at ?? undefined;
}

const runsSchema = z.object({
  data: z.array(z.object({ business_date: z.string(), finished_at: z.string().nullable() })),
});

/** The day once it was run to its end after what was known of it before. */
async function finished(
  desk: Desk,
  account: string,
  date: string,
  before: string | undefined,
): Promise<{ readonly finished_at: string; readonly report: Report }> {
  await eventually(
    () => runOf(desk, account, date),
    (finishedAt) => finishedAt !== undefined && finishedAt !== before,
    RUN_MS,
  );
  const run = runSchema.parse((await desk.view(`reconciliations/${account}/${date}`)).body);
  if (run.finished_at === null || run.finished_at === before)
    throw new Error(`the reconciliation of ${account}, ${date} did not come to its end`);
  // Interlock's own, as its schema says; the demo prints it and compares it.
  return { finished_at: run.finished_at, report: run.report as Report };
}

function missedOf(report: Report, planted: ReadonlyMap<string, number>): string[] {
  const found = new Map<string, number>(report.breaks.map((each) => [each.type, each.found]));
  return [...planted].flatMap(([type, count]) =>
    (found.get(type) ?? 0) < count ? [`${count} ${type} planted, ${found.get(type) ?? 0} found`] : [],
  );
}

type Totals = Readonly<Record<string, { readonly net: number; readonly payouts: number }>>;

/** To the cent: what the simulator says that it settled and paid out, what the ledger says, what the bank credited. */
function offOf(report: Report, totals: Totals): string[] {
  const cents = Object.entries(totals).flatMap(([currency, { net, payouts }]) => {
    const line = report.equation.find((each) => each.currency === currency);
    if (line === undefined) return [`nothing was booked in ${currency}`];
    const compare = (what: string, is: string, should: string) =>
      is === should ? [] : [`${what} ${is} ${currency}, should be ${should}`];
    return [
      ...compare('the ledger differs from the files by', line.ledger_difference_minor, '0'),
      ...compare('settled', line.settled_minor, String(net - payouts)),
      ...compare('paid out', line.paid_out_minor, String(-payouts)),
      ...compare('credited by the bank', line.credited_minor, String(-payouts)),
    ];
  });
  return report.status === 'closed' ? cents : [`the day is ${report.status}`, ...cents];
}
