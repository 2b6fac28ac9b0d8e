import type { FilterState } from './filters.tsx';
import { GROUPS, type GroupName, REPORTS, type ReportName } from './reports.ts';

export interface FiguresQuery {
  readonly mode: 'test' | 'live';
  readonly merchant?: string;
  readonly from?: string;
  readonly to?: string;
  readonly bucket?: 'hour' | 'day' | 'week';
  readonly by?: string;
  readonly provider?: string;
  readonly country?: string;
  readonly brand?: string;
  readonly currency?: string;
  readonly method?: string;
  readonly reason?: string;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** `-` is what the report is told apart by where nobody has chosen. */
export function groupsOf(
  report: ReportName,
  { by, second, third }: Pick<FilterState, 'by' | 'second' | 'third'>,
): readonly GroupName[] {
  const usual: readonly string[] = REPORTS[report].by;
  const chosen = [by, second, third].map((name, index) => (name === '-' ? (usual[index] ?? '') : name));
  const known = chosen.filter((name): name is GroupName => isGroup(name, report));
  return [...new Set(known)];
}

function isGroup(name: string, report: ReportName): name is GroupName {
  return GROUPS.some((each) => each === name) || (name === 'reason' && report === 'declines');
}

/** Ends with the next whole hour, so that the same question is asked for a while and the cache can answer it. */
export function queryOf(
  report: ReportName,
  state: FilterState,
  whose: { readonly merchantId: string | undefined; readonly mode: string },
  nowMs: number,
): FiguresQuery {
  const endMs = Math.ceil(nowMs / HOUR_MS) * HOUR_MS;
  const last = {
    from: new Date(endMs - Number(state.days) * DAY_MS).toISOString(),
    to: new Date(endMs).toISOString(),
  };
  const chosen = { ...day('from', state.from), ...day('to', state.to) };
  const { provider, country, brand, currency, method, reason, bucket } = state;
  const filters = Object.entries({
    provider,
    country,
    brand,
    currency,
    method,
    ...(report === 'declines' ? { reason } : {}),
  });
  const groups = groupsOf(report, state);
  return {
    mode: whose.mode === 'live' ? 'live' : 'test',
    ...(state.whose === 'one' && whose.merchantId !== undefined ? { merchant: whose.merchantId } : {}),
    ...(state.days === '' ? chosen : last),
    ...(bucket === 'hour' || bucket === 'day' || bucket === 'week' ? { bucket } : {}),
    ...(groups.length === 0 ? {} : { by: groups.join(',') }),
    ...Object.fromEntries(filters.filter(([, value]) => value !== '')),
  };
}

function day(name: 'from' | 'to', text: string) {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? { [name]: `${text}T00:00:00Z` } : {};
}
