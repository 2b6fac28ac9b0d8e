import type { FilterState } from './filters.tsx';
import type { ReportName } from './reports.ts';

/** A report with these filters, whatever it shows without them. `keep` is the search of the page that links to it (`useKeptSearch`). */
export function analyticsHref(report: ReportName, filters: Partial<FilterState>, keep: string): string {
  const search = new URLSearchParams(keep);
  for (const [name, value] of Object.entries(filters)) search.set(name, value);
  const text = search.toString();
  return text === '' ? `/analytics/${report}` : `/analytics/${report}?${text}`;
}
