import { FROM_MS, MERCHANTS, UNTIL_MS } from './world.ts';

const DAY_MS = 86_400_000;

/** What people ask of figures: each with filters of its own, in turns, so that no cache of one answer helps. */
export interface Question {
  readonly name: string;
  readonly paths: readonly string[];
}

type Terms = Readonly<Record<string, string>>;

const period = (fromMs: number, untilMs: number): Terms => ({
  from: new Date(fromMs).toISOString(),
  to: new Date(untilMs).toISOString(),
});
/** All ninety days; thirty with edges that are neither weeks nor days; a week. */
const QUARTER = period(FROM_MS, UNTIL_MS);
const MONTH = period(UNTIL_MS - 37.4 * DAY_MS, UNTIL_MS - 7.1 * DAY_MS);
const WEEK = period(UNTIL_MS - 9.5 * DAY_MS, UNTIL_MS - 2.5 * DAY_MS);

const path = (report: string, ...terms: readonly Terms[]) =>
  `/v1/operator/analytics/${report}?${new URLSearchParams(Object.assign({ mode: 'live' }, ...terms))}`;
const merchant = (index: number): Terms => ({ merchant: MERCHANTS[index]?.id ?? '' });

function mixed(report: string, by: string): readonly string[] {
  return [
    path(report, QUARTER, { by }),
    path(report, QUARTER, { by }, merchant(0)),
    path(report, MONTH, { by }, merchant(1)),
    path(report, QUARTER, { by, provider: 'adyen' }),
    path(report, MONTH, { by, currency: 'EUR' }),
    path(report, WEEK, { by }),
    path(report, MONTH, { bucket: 'day', by: 'provider' }),
    path(report, QUARTER, { bucket: 'week', by }, merchant(2)),
    path(report, WEEK, { bucket: 'hour', by: 'provider' }),
    path(report, QUARTER, { by: 'brand', country: 'DE' }, merchant(3)),
  ];
}

export const QUESTIONS: readonly Question[] = [
  {
    name: 'overview',
    paths: [
      '/v1/operator/overview?mode=live',
      `/v1/operator/overview?mode=live&merchant=${MERCHANTS[0]?.id}&hours=720`,
    ],
  },
  { name: 'volume', paths: mixed('volume', 'merchant') },
  { name: 'approval', paths: mixed('approval', 'provider,country') },
  // The widest: what no coarse level can answer, but for the first.
  {
    name: 'approval_wide',
    paths: [
      path('approval', QUARTER, { by: 'country,brand' }),
      path('approval', QUARTER, { by: 'country,brand' }, merchant(0)),
      path('approval', QUARTER, { by: 'merchant,country' }),
      path('approval', WEEK, { by: 'country,brand', bucket: 'hour' }, merchant(4)),
      path('approval', WEEK, { by: 'provider,country,brand', bucket: 'hour' }),
    ],
  },
  { name: 'latency', paths: mixed('latency', 'account') },
  { name: 'declines', paths: mixed('declines', 'provider,reason') },
  { name: 'retries', paths: mixed('retries', 'merchant,provider') },
  { name: 'routing', paths: mixed('routing', 'merchant') },
  { name: 'fees', paths: mixed('fees', 'provider') },
  { name: 'authentication', paths: mixed('authentication', 'provider,country') },
];
