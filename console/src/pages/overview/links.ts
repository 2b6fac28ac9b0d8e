import { analyticsHref } from '../analytics/href.ts';
import type { ReportName } from '../analytics/reports.ts';
import type { OverviewData } from './index.tsx';

type Seen = Pick<OverviewData, 'merchant' | 'mode' | 'from' | 'to' | 'bucket'>;

const DAY_MS = 86_400_000;
/** As the reports offer them. Of what is shorter than a day, its day is shown by hours. */
const DAYS = [1, 7, 30] as const;

/** The report behind one of the overview's figures: of the same merchant, or of all, and of the same period. */
export function reportHref(report: ReportName, seen: Seen, keep: string): string {
  return analyticsHref(report, { ...whoseOf(seen), ...periodOf(seen) }, keep);
}

/** The settlement lag is of the last 30 days, whatever the overview's period is. */
export function lagHref(seen: Seen, keep: string): string {
  return analyticsHref('latency', { ...whoseOf(seen), days: '30' }, keep);
}

/** An account's report is that of its own merchant, also where the overview is of all of them. */
export function providerHref(
  { merchant, provider }: Pick<OverviewData['providers'][number], 'merchant' | 'provider'>,
  seen: Seen,
): string {
  const filters = { whose: 'one', provider, bucket: seen.bucket, ...periodOf(seen) };
  return analyticsHref('approval', filters, `?merchant=${merchant}/${seen.mode}`);
}

/** A queue of the same merchant's, or of all, in the same mode. What is pending at its provider is in doubt, but not unknown. */
export function queueHref(queue: 'unknowns' | 'exceptions', { merchant, mode }: Seen, keep: string): string {
  const search = new URLSearchParams(keep);
  if (merchant !== null) search.set('of_merchant', merchant);
  search.set('mode', mode);
  if (queue === 'unknowns') search.set('status', 'unknown');
  return `/queues/${queue}?${search}`;
}

function whoseOf({ merchant }: Seen) {
  return { whose: merchant === null ? 'all' : 'one' };
}

function periodOf({ from, to }: Seen) {
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
  const shown = DAYS.find((each) => each >= days) ?? 30;
  return { days: String(shown), ...(days < 1 ? { bucket: 'hour' } : {}) };
}
