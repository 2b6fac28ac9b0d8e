// Adyen's report server: files by name, for the API key or a report user. Batches count up; there is no list.
import type { Kernel } from '../kernel.ts';
import type { Answer, ApiRequest, Call } from '../provider.ts';
import { toCsv } from './csv.ts';
import { closedDays, publications } from './store.ts';

const PATH = /^\/reports\/download\/MerchantAccount\/([^/]+)\/([^/]+)$/;
const NAME = /^settlement_detail_report_batch_([1-9]\d{0,8})\.csv$/;

export function reportName(batch: number): string {
  return `settlement_detail_report_batch_${batch}.csv`;
}

/** As `report@Company.…:password`; the sandbox takes its API key as the password of whatever user. */
function authorized({ headers }: ApiRequest, apiKey: string): boolean {
  if (headers['x-api-key'] === apiKey) return true;
  const [scheme = '', credential = ''] = (headers.authorization ?? '').split(' ');
  const decoded = Buffer.from(credential, 'base64').toString();
  return scheme.toLowerCase() === 'basic' && decoded.slice(decoded.indexOf(':') + 1) === apiKey;
}

function page(status: number, text: string): Answer {
  return { status, body: null, store: false, headers: { 'Content-Type': 'text/plain' }, text };
}

export interface ReportServer {
  kernel: Kernel;
  account: string;
  apiKey: string;
}

/** A request for a report; undefined where the path is another's. */
export function downloadReport(server: ReportServer, request: ApiRequest): Call | Answer | undefined {
  const [, account, file] = PATH.exec(request.path) ?? [];
  if (account === undefined || file === undefined) return undefined;
  if (!authorized(request, server.apiKey)) {
    const refused = page(401, 'Unauthorized');
    return { ...refused, headers: { ...refused.headers, 'WWW-Authenticate': 'Basic realm="reports"' } };
  }
  if (request.method !== 'GET') return page(405, 'Method Not Allowed');
  return { operation: 'lookup', reference: null, execute: () => find(server, account, file) };
}

function find({ kernel, account }: ReportServer, asked: string, file: string): Answer {
  const batch = NAME.exec(file)?.[1];
  const published = batch === undefined ? undefined : kernel.store.get(publications, batch);
  const day = published === undefined ? undefined : kernel.store.get(closedDays, published.businessDate);
  if (asked !== account || day === undefined) return page(404, 'File not found');
  const headers = {
    'Content-Type': 'text/csv;charset=utf-8',
    'Content-Disposition': `attachment; filename="${file}"`,
  };
  return { status: 200, body: null, store: false, headers, text: toCsv(day.sheet) };
}
