import { setTimeout as delay } from 'node:timers/promises';
import Stripe from 'stripe';
import { z } from 'zod';
import type { SettlementReport, SettlementRequest } from '../provider.ts';
import { ask, download, ReportFault } from '../reports.ts';
import type { StripeConfig } from './config.ts';

/** docs.stripe.com/reports/report-types/payout-reconciliation: every line of every payout, in major units. */
const REPORT_TYPE = 'payout_reconciliation.itemized.5';
const FORMAT = 'stripe';
/** Where files of the real API lie, whatever host was asked for the report. */
const FILES_HOST = 'files.stripe.com';

/** A report takes seconds to minutes. What takes longer is asked for anew by the next try. */
const POLL = { firstMs: 250, longestMs: 10_000, untilMs: 10 * 60_000 };

const runSchema = z.object({
  id: z.string().min(1),
  status: z.string(),
  result: z.object({ id: z.string().min(1), url: z.string().min(1) }).nullish(),
});
type Run = z.output<typeof runSchema>;

/**
 * One report for the day, made to order. The same day is the same report, made again: its name is the day's, and
 * what is held of it is known by its content.
 */
export async function* fetchFromStripe(
  client: Stripe,
  config: StripeConfig,
  request: SettlementRequest,
): AsyncGenerator<SettlementReport> {
  const run = await finished(client, request, await order(client, request));
  if (run.status !== 'succeeded' || run.result == null)
    throw new ReportFault(`the report run ended as ${/^\w{1,40}$/.exec(run.status)?.[0] ?? 'unknown'}`, true);
  const content = await download({
    url: addressOf(run.result, config),
    headers: { authorization: `Bearer ${config.apiKey}` },
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  if (content === undefined) throw new ReportFault('the report is gone', true);
  yield { name: `${REPORT_TYPE}_${request.businessDate}.csv`, format: FORMAT, content };
}

/** Stripe refuses an interval of which it has not all the data yet (`data_available_end`). */
async function order(client: Stripe, { fromMs, toMs, deadlineMs }: SettlementRequest): Promise<Run> {
  const parameters = { interval_start: fromMs / 1_000, interval_end: toMs / 1_000 };
  const answer = await ask(
    deadlineMs,
    () => client.reporting.reportRuns.create({ report_type: REPORT_TYPE, parameters }),
    faultOf,
  );
  return read(answer);
}

async function finished(client: Stripe, { deadlineMs, signal }: SettlementRequest, first: Run): Promise<Run> {
  const until = performance.now() + POLL.untilMs;
  let run = first;
  for (let waitMs = POLL.firstMs; run.status === 'pending'; waitMs = Math.min(2 * waitMs, POLL.longestMs)) {
    if (performance.now() > until) throw new ReportFault('the report is still being made', true);
    await delay(waitMs, undefined, signal === undefined ? {} : { signal });
    run = read(await ask(deadlineMs, () => client.reporting.reportRuns.retrieve(run.id), faultOf));
  }
  return run;
}

function read(answer: unknown): Run {
  const parsed = runSchema.safeParse(answer);
  if (!parsed.success) throw new ReportFault('an answer that is no report run', true);
  return parsed.data;
}

/** The key goes to Stripe's two hosts, or to the one that is configured, and nowhere else. */
function addressOf({ url: text, id }: NonNullable<Run['result']>, { baseUrl }: StripeConfig): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const ours = url !== undefined && url.origin === baseUrl.origin;
  const stripes = url !== undefined && url.protocol === 'https:' && url.host === FILES_HOST;
  if (ours || (stripes && baseUrl.host === 'api.stripe.com')) return url;
  if (/^\w+$/.test(id) && url?.pathname === `/v1/files/${id}/contents`) return new URL(url.pathname, baseUrl);
  throw new ReportFault('the report lies at an address that is not the provider’s', false);
}

function faultOf(error: unknown): ReportFault | undefined {
  if (!(error instanceof Stripe.errors.StripeError)) return undefined;
  const { statusCode, code } = error;
  if (statusCode === undefined) return undefined;
  const named = typeof code === 'string' && /^\w{1,60}$/.test(code) ? `, ${code}` : '';
  // 400: the day is not complete there yet. Later it is.
  return new ReportFault(`http_${statusCode}${named}`, ![401, 403].includes(statusCode));
}
