import type { SettlementReader } from '../../db/read/index.ts';
import type { Report } from '../../domain/reconciliation/report.ts';
import { renderReport } from '../../domain/reconciliation/report-text.ts';

export type StoredRun = NonNullable<Awaited<ReturnType<SettlementReader['run']>>>;

/** A day for people: its report, or how far it is where it has none yet. */
export function sayReport({ accountId, businessDate, status, step, report }: StoredRun): string {
  // Written by the run that closed the day, from the same type.
  if (report !== undefined) return renderReport(report as Report);
  return `Reconciliation of ${accountId}, ${businessDate}: ${status}, at the step "${step}"; there is no report yet`;
}

/** Days, one a line. */
export function listDays(runs: readonly StoredRun[]): string {
  if (runs.length === 0) return 'No day was reconciled yet.';
  const width = Math.max(...runs.map(({ accountId }) => accountId.length));
  return runs
    .map(({ accountId, businessDate, status, step, report }) => {
      const rows = (report as Report | undefined)?.rows;
      const what =
        rows === undefined ? `at the step "${step}"` : `${rows.total} lines, ${rows.broken} not clean`;
      return `${businessDate}  ${accountId.padEnd(width)}  ${status.padEnd(7)}  ${what}`;
    })
    .join('\n');
}
