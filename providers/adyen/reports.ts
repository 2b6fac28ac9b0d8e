import { z } from 'zod';
import type { ProviderAccount, SettlementReport, SettlementRequest } from '../provider.ts';
import { download, ReportFault } from '../reports.ts';
import { adyenConfig } from './config.ts';

const FORMAT = 'adyen';
const NAME = /^settlement_detail_report_batch_(\d{1,9})\.csv$/;
/** One day never has so many; what asks for more has met a server that answers to anything. */
const MOST_BATCHES = 50;

/** Reports lie at the Customer Area's host, not at Checkout's. */
const HOSTS: Readonly<Record<string, string>> = {
  'checkout-test.adyen.com': 'https://ca-test.adyen.com',
  'checkout-live.adyen.com': 'https://ca-live.adyen.com',
};
const LIVE_HOST = /-checkout-live\.adyenpayments\.com$/;

const settings = z.object({
  /** Where reports are, if it is neither Adyen's own nor the API's host. */
  reportsUrl: z.url({ protocol: /^https?$/ }).optional(),
});

const secrets = z.object({
  /** A report user's key, where the account has one. */
  reportApiKey: z
    .string()
    .regex(/^[\x21-\x7e]+$/)
    .optional(),
});

interface Reports {
  readonly baseUrl: URL;
  readonly merchantAccount: string;
  readonly apiKey: string;
}

export function adyenReports(account: ProviderAccount): Reports {
  const { baseUrl, merchantAccount, apiKey } = adyenConfig(account);
  const { reportsUrl } = settings.parse(account.settings);
  const { reportApiKey } = secrets.parse(account.secrets);
  const known =
    HOSTS[baseUrl.host] ?? (LIVE_HOST.test(baseUrl.host) ? 'https://ca-live.adyen.com' : undefined);
  return {
    baseUrl: new URL(reportsUrl ?? known ?? baseUrl.origin),
    merchantAccount,
    apiKey: reportApiKey ?? apiKey,
  };
}

/**
 * A report for each batch, and batches count up: whatever follows those that are held, until there is none. A batch
 * closes when it pays out, so the day on which its report is first there is its day.
 */
export async function* fetchFromAdyen(
  reports: Reports,
  request: SettlementRequest,
): AsyncGenerator<SettlementReport> {
  const first = 1 + Math.max(0, ...request.held.map((name) => Number(NAME.exec(name)?.[1] ?? 0)));
  for (let batch = first; batch < first + MOST_BATCHES; batch += 1) {
    const name = `settlement_detail_report_batch_${batch}.csv`;
    const content = await download({
      url: addressOf(reports, name),
      headers: { 'x-api-key': reports.apiKey },
      limits: { firstByteMs: request.deadlineMs },
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
    if (content === undefined) return;
    yield { name, format: FORMAT, content };
  }
  throw new ReportFault(`more than ${MOST_BATCHES} batches are waiting; ask again for the rest`, true);
}

function addressOf({ baseUrl, merchantAccount }: Reports, name: string): URL {
  const path = `/reports/download/MerchantAccount/${encodeURIComponent(merchantAccount)}/${name}`;
  return new URL(path, baseUrl);
}
