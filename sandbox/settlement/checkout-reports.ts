// Checkout.com's Reports API: every settlement (a payout in one currency) has a breakdown of its own, listed with when it
// was made, and fetched as CSV by its ids.
import { errorAnswer } from '../checkout/errors.ts';
import type { CheckoutContext } from '../checkout/payments.ts';
import { base32Id } from '../ids.ts';
import { type Transaction, table } from '../kernel.ts';
import type { Answer, ApiRequest, Call } from '../provider.ts';
import { toCsv } from './csv.ts';
import type { Published, Sheet } from './settler.ts';
import { closedDays } from './store.ts';

const PATH = /^\/reports(?:\/([^/]+)(?:\/files\/([^/]+))?)?$/;
const LARGEST_PAGE = 100;
const DAY_MS = 86_400_000;

interface Report {
  id: string;
  file: string;
  filename: string;
  payout: string;
  businessDate: string;
  createdOn: string;
}

const reports = table<Report>('report');

function payoutsIn({ header, rows }: Sheet): string[] {
  const at = header.indexOf('Payout ID');
  return [...new Set(rows.map((row) => row[at] ?? ''))].filter((payout) => payout !== '');
}

/** A report for each payout of a day; a second delivery is the first of them once more. Answers its file's name. */
export function publishReports(
  ctx: CheckoutContext,
  tx: Transaction,
  { sheet, businessDate }: Published,
  again: boolean,
): string {
  const payouts = payoutsIn(sheet).slice(0, again ? 1 : undefined);
  const names = payouts.map((payout) => {
    const id = base32Id('rpt');
    const date = businessDate.replaceAll('-', '');
    const filename = `settlement-breakdown_${ctx.account}_${date}_${payout}_1.csv`;
    const createdOn = new Date().toISOString();
    tx.put(reports, id, { id, file: base32Id('file'), filename, payout, businessDate, createdOn });
    return filename;
  });
  return names[0] ?? `settlement-breakdown_${ctx.account}_${businessDate}`;
}

function describe(ctx: CheckoutContext, { id, file, filename, businessDate, createdOn }: Report): object {
  const self = `${ctx.publicUrl()}/reports/${id}`;
  const from = Date.parse(businessDate);
  return {
    id,
    created_on: createdOn,
    last_modified_on: createdOn,
    type: 'Settlement Breakdown Report',
    description: 'Every movement of one settlement',
    account: { client_id: 'cli_sandbox', entity_id: ctx.account },
    from: new Date(from).toISOString(),
    to: new Date(from + DAY_MS).toISOString(),
    files: [{ id: file, filename, format: 'CSV', _links: { self: { href: `${self}/files/${file}` } } }],
    _links: { self: { href: self } },
  };
}

/** A request of the Reports API; undefined where the path is another's. */
export function answerReport(ctx: CheckoutContext, request: ApiRequest): Call | Answer | undefined {
  const [whole, id, file] = PATH.exec(request.path) ?? [];
  if (whole === undefined) return undefined;
  if (request.method !== 'GET') return errorAnswer(404, 'resource_not_found');
  const execute = () => {
    if (id === undefined) return list(ctx, new URLSearchParams(request.query));
    const found = ctx.kernel.store.get(reports, id);
    if (found === undefined) return errorAnswer(404, 'resource_not_found');
    if (file === undefined) return { status: 200, body: describe(ctx, found), store: false };
    return found.file === file ? content(ctx, found) : errorAnswer(404, 'resource_not_found');
  };
  return { operation: 'lookup', reference: null, execute };
}

function list(ctx: CheckoutContext, query: URLSearchParams): Answer {
  const limit = Number(query.get('limit') ?? 10);
  if (!(limit >= 1 && limit <= LARGEST_PAGE)) return errorAnswer(422, 'request_invalid', 'limit_invalid');
  const after = Date.parse(query.get('created_after') ?? '1970-01-01T00:00:00Z');
  const before = Date.parse(query.get('created_before') ?? '9999-01-01T00:00:00Z');
  const found = ctx.kernel.store
    .values(reports)
    .filter(({ createdOn }) => Date.parse(createdOn) >= after && Date.parse(createdOn) <= before);
  const start = Number(query.get('pagination_token') ?? 0);
  const data = found.slice(start, start + limit).map((report) => describe(ctx, report));
  const more = new URLSearchParams(query);
  more.set('pagination_token', String(start + limit));
  const next = found.length > start + limit ? { next: { href: `${ctx.publicUrl()}/reports?${more}` } } : {};
  const self = { self: { href: `${ctx.publicUrl()}/reports?${query}` } };
  return {
    status: 200,
    body: { count: data.length, limit, data, _links: { ...self, ...next } },
    store: false,
  };
}

function content(ctx: CheckoutContext, { payout, businessDate, filename }: Report): Answer {
  const sheet = ctx.kernel.store.get(closedDays, businessDate)?.sheet ?? { header: [], rows: [] };
  const at = sheet.header.indexOf('Payout ID');
  const rows = sheet.rows.filter((row) => row[at] === payout);
  const headers = {
    'Content-Type': 'text/csv',
    'Content-Disposition': `attachment; filename="${filename}"`,
  };
  return { status: 200, body: null, store: false, headers, text: toCsv({ header: sheet.header, rows }) };
}
