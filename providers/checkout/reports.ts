import type Reports from 'checkout-sdk-node/dist/api/reports/reports.js';
import { z } from 'zod';
import type { SettlementReport, SettlementRequest } from '../provider.ts';
import { ask, download, ReportFault } from '../reports.ts';
import { CheckoutFailure, callSdk } from './client.ts';
import type { CheckoutConfig } from './config.ts';

const FORMAT = 'checkout';
/** checkout.com/docs/…/settlement-breakdown-report: how its files are called, one for each settlement. */
const FILENAME = /^settlement-breakdown_[\w-]+\.csv$/;
const BREAKDOWN = 'settlement-breakdown';
const DAY_MS = 86_400_000;
const PAGE = 100;
/** One day never has so many pages; what asks for more has met a server that answers to anything. */
const MOST_PAGES = 50;

const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const reportSchema = z.object({
  id: z.string().regex(/^\w{1,80}$/),
  from: instant,
  to: instant,
  files: z.array(z.object({ id: z.string().regex(/^\w{1,80}$/), filename: z.string() })),
});
type Report = z.infer<typeof reportSchema>;

const pageSchema = z.object({
  data: z.array(z.unknown()),
  _links: z.object({ next: z.object({ href: z.url() }).nullish() }).nullish(),
});

/** A breakdown for each settlement whose days touch the day asked for, unless it is held. */
export async function* fetchFromCheckout(
  reports: Reports,
  config: CheckoutConfig,
  request: SettlementRequest,
): AsyncGenerator<SettlementReport> {
  for (const { id, from, to, files } of await listed(reports, config, request)) {
    if (from >= request.toMs || to <= request.fromMs) continue;
    for (const file of files) {
      const name = `${file.id}.csv`;
      if (!FILENAME.test(file.filename) || request.held.includes(name)) continue;
      const content = await download({
        url: new URL(`/reports/${id}/files/${file.id}`, config.baseUrl),
        headers: { authorization: `Bearer ${config.apiKey}` },
        limits: { firstByteMs: request.deadlineMs },
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
      if (content === undefined) throw new ReportFault('a report that was listed is not there', true);
      yield { name, format: FORMAT, content };
    }
  }
}

const otherReport = z.object({ files: z.array(z.object({ filename: z.string() })) });

/** Reports of other kinds may look as they like; one that may hold a breakdown is never passed over. */
function readReport(item: unknown): readonly Report[] {
  const report = reportSchema.safeParse(item);
  if (report.success) return [report.data];
  const other = otherReport.safeParse(item);
  if (other.success && !other.data.files.some(({ filename }) => filename.includes(BREAKDOWN))) return [];
  const where = report.error.issues[0]?.path.join('.') || 'the whole';
  throw new ReportFault(
    `a report in the list cannot be read (${where}) and may hold a settlement breakdown: ` +
      'download it from the dashboard and upload it, and mend providers/checkout/reports.ts',
    false,
  );
}

/** Oldest first. A report is made after the days that it tells about: some days' margin does for every time zone. */
async function listed(
  reports: Reports,
  { entityId }: CheckoutConfig,
  { fromMs, deadlineMs }: SettlementRequest,
): Promise<readonly Report[]> {
  const found: Report[] = [];
  const query: Record<string, string> = {
    created_after: encodeURIComponent(new Date(fromMs - 2 * DAY_MS).toISOString()),
    limit: String(PAGE),
    ...(entityId === undefined ? {} : { entity_id: entityId }),
  };
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await ask(deadlineMs, () => callSdk(() => reports.getAllReports(query)), faultOf);
    const parsed = pageSchema.safeParse(answer);
    if (!parsed.success) throw new ReportFault('an answer that is no list of reports', true);
    found.push(...parsed.data.data.flatMap(readReport));
    const next = parsed.data._links?.next?.href;
    const token = next === undefined ? null : new URL(next).searchParams.get('pagination_token');
    if (token === null) return found.sort((a, b) => a.from - b.from);
    query.pagination_token = encodeURIComponent(token);
  }
  throw new ReportFault(`more than ${MOST_PAGES} pages of reports`, false);
}

function faultOf(error: unknown): ReportFault | undefined {
  if (!(error instanceof CheckoutFailure)) return undefined;
  return new ReportFault(`http_${error.status}`, ![401, 403, 422].includes(error.status));
}
