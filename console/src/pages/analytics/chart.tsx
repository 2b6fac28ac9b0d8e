import { BarChart, BETWEEN, LineChart, Skeleton } from '../../kit/index.ts';
import { bucketsOf } from './buckets.ts';
import { formatFigure } from './figure.tsx';
import type { FigureRow, Figures } from './index.tsx';
import { labelOf, REPORTS, type ReportName } from './reports.ts';

const HEIGHT_PX = 240;
/** With the line of its names and its button. */
const WHOLE_PX = 280;
/** More lines than these nobody can tell apart, nor more bars. */
const LINES = 6;
const BARS = 16;

/** The report's main figure: over time a line for each of the largest groups, else a bar for each. */
export function Chart({
  report,
  figures,
}: {
  readonly report: ReportName;
  readonly figures: Figures | undefined;
}) {
  if (figures === undefined) return <Skeleton heightPx={WHOLE_PX} />;
  if (figures.data.length === 0) {
    return (
      <p className="muted" style={{ height: WHOLE_PX }}>
        Nothing to draw.
      </p>
    );
  }
  const name = REPORTS[report].drawn;
  const label = `${labelOf(name)} ${figures.bucket === null ? '' : `by ${figures.bucket} `}by ${figures.group_by.join(' and ') || 'all'}`;
  const shared = {
    label,
    format: (value: number) => formatFigure(name, value),
    heightPx: HEIGHT_PX,
    // A share ends at 100%.
    ...(name.endsWith('_ppm') ? { most: 1_000_000 } : {}),
  };
  if (figures.bucket === null) {
    const rows = figures.data.slice(0, BARS);
    return (
      <BarChart
        {...shared}
        points={rows.map(nameOf)}
        series={[{ label: labelOf(name), values: rows.map((row) => drawnOf(row, name)) }]}
      />
    );
  }
  const points = bucketsOf(figures.from, figures.to, figures.bucket);
  return (
    <LineChart
      {...shared}
      points={points}
      series={largest(figures.data).map((group) => ({
        label: group,
        values: points.map((at) => {
          const row = figures.data.find((each) => each.at === at && nameOf(each) === group);
          return row === undefined ? null : drawnOf(row, name);
        }),
      }))}
    />
  );
}

function largest(rows: readonly FigureRow[]): readonly string[] {
  const samples = new Map<string, number>();
  for (const row of rows) samples.set(nameOf(row), (samples.get(nameOf(row)) ?? 0) + row.sample);
  return [...samples]
    .sort(([, a], [, b]) => b - a)
    .slice(0, LINES)
    .map(([group]) => group);
}

function nameOf({ group }: FigureRow): string {
  return (
    Object.values(group)
      .map((value) => value || 'unknown')
      .join(BETWEEN) || 'all'
  );
}

function drawnOf({ figures }: FigureRow, name: string): number | null {
  const value = figures[name];
  return value === null || value === undefined ? null : Number(value);
}
