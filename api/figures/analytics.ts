import type { FigureRow, GroupKey } from '../../db/read/index.ts';
import { REPORTS, type Report, type ReportName } from '../../domain/figures/reports.ts';
import { problem } from '../problems.ts';
import { operatorRoute, type Route, type Services } from '../route.ts';
import { columnsOf, sampleOf } from './columns.ts';
import { csvReply } from './csv.ts';
import {
  type FiguresQuery,
  figuresQuerySchema,
  figuresSchema,
  GROUP_NAMES,
  GROUPS,
  type GroupName,
  type Period,
  periodOf,
} from './schema.ts';

/** A page can show no more; a file may hold more, and a cell of each hour of a quarter still fits. */
const MOST_ROWS = 2_000;
const MOST_LINES = 200_000;

const SUMMARIES: Readonly<Record<ReportName, string>> = {
  volume: 'Payments and their money, by currency',
  approval: 'What providers approved and declined',
  latency: 'How long providers took to answer, and files to settle',
  declines: 'Why attempts were declined, and what followed',
  retries: 'What fail-over and later retries recovered',
  routing: 'How often the best candidate was asked first',
  fees: 'What payments cost, what was saved and left on the table, by currency',
  authentication: 'The 3DS2 funnel',
};

export const analyticsRoutes: readonly Route[] = (Object.keys(REPORTS) as ReportName[]).flatMap((report) => [
  json(report),
  csv(report),
]);

function json(report: ReportName): Route {
  return operatorRoute({
    method: 'get',
    path: `/v1/operator/analytics/${report}`,
    operationId: `get${capitalised(report)}Figures`,
    summary: SUMMARIES[report],
    permission: 'view',
    query: figuresQuerySchema,
    responses: { 200: { description: 'The largest rows, at most 2,000.', schema: figuresSchema } },
    async handle({ query, receivedAtMs }, services) {
      const period = checked(report, query, receivedAtMs);
      const [{ rows, hasMore }, { completeUntil }] = await Promise.all([
        read(report, query, period, MOST_ROWS, services),
        services.figures.standing(),
      ]);
      const groups = groupsOf(report, query);
      const body = {
        object: 'figures' as const,
        report,
        mode: query.mode,
        from: new Date(period.fromMs).toISOString(),
        to: new Date(period.untilMs).toISOString(),
        bucket: query.bucket ?? null,
        group_by: [...groups],
        complete_until: completeUntil?.toISOString() ?? null,
        columns: columnsOf(report).map(({ name }) => name),
        data: rows.map((row) => render(report, groups, row)),
        has_more: hasMore,
      };
      return { status: 200, body };
    },
  });
}

/** A route of its own, because to take figures away is a permission of its own. */
function csv(report: ReportName): Route {
  return operatorRoute({
    method: 'get',
    path: `/v1/operator/analytics/${report}.csv`,
    operationId: `export${capitalised(report)}Figures`,
    summary: `${SUMMARIES[report]}, as a file`,
    permission: 'export',
    query: figuresQuerySchema,
    responses: { 200: { description: 'One line a row, at most 200,000.', contentType: 'text/csv' } },
    async handle({ query, receivedAtMs }, services) {
      const period = checked(report, query, receivedAtMs);
      const { rows } = await read(report, query, period, MOST_LINES, services);
      return csvReply(report, groupsOf(report, query), rows);
    },
  });
}

function checked(report: ReportName, query: FiguresQuery, nowMs: number): Period {
  const isOfDeclines = REPORTS[report].of === 'declines';
  if (!isOfDeclines && (query.by.includes('reason') || query.reason !== undefined))
    throw problem('parameter_invalid', { param: 'by', message: 'only declines have reasons' });
  const period = periodOf(query, nowMs);
  if (typeof period === 'string') throw problem('parameter_invalid', { param: 'from', message: period });
  return period;
}

function read(report: ReportName, query: FiguresQuery, period: Period, limit: number, { figures }: Services) {
  const filters = GROUP_NAMES.flatMap((name): [GroupKey, string][] => {
    const value = query[name];
    return value === undefined ? [] : [[GROUPS[name], value]];
  });
  return figures.read({
    report,
    mode: query.mode,
    ...period,
    ...(query.bucket === undefined ? {} : { bucket: query.bucket }),
    by: query.by.map((name) => GROUPS[name]),
    where: Object.fromEntries(filters),
    limit,
  });
}

/** Where there are amounts, each currency has rows of its own. */
function groupsOf(report: ReportName, { by }: FiguresQuery): readonly GroupName[] {
  const { byCurrency }: Report = REPORTS[report];
  return byCurrency && !by.includes('currency') ? [...by, 'currency'] : by;
}

function render(report: ReportName, groups: readonly GroupName[], row: FigureRow) {
  return {
    at: row.at?.toISOString() ?? null,
    group: Object.fromEntries(groups.map((name) => [name, row.group[GROUPS[name]] ?? ''])),
    sample: sampleOf(report, row),
    figures: Object.fromEntries(columnsOf(report).map(({ name, of }) => [name, of(row)])),
  };
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
