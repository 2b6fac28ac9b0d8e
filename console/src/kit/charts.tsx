import { lazy, Suspense, useState } from 'react';
import { Skeleton } from './feedback.tsx';
import { Button } from './forms.tsx';

/** The drawing itself is a chunk of its own: a page without charts never loads it. */
const Plot = lazy(() => import('./plot.tsx'));

export interface ChartSeries {
  readonly label: string;
  /** One value for each of the chart's points; null where there is none. */
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  /** What the chart shows, in a sentence, for those who cannot see it. */
  readonly label: string;
  /** ISO times for a line over time, or words for bars. */
  readonly points: readonly string[];
  readonly series: readonly ChartSeries[];
  readonly format?: (value: number) => string;
  readonly heightPx?: number;
  /** The top of the scale, where values have one: 1 for shares. */
  readonly most?: number;
}

/** Values over time, with the same figures as a table for whoever prefers one. */
export function LineChart(props: ChartProps) {
  return <Chart {...props} kind="line" />;
}

/** Values side by side. */
export function BarChart(props: ChartProps) {
  return <Chart {...props} kind="bar" />;
}

function Chart(props: ChartProps & { readonly kind: 'line' | 'bar' }) {
  const { label, points, series, format = String, heightPx = 220 } = props;
  const [isTable, setTable] = useState(false);
  return (
    <figure className="chart">
      {isTable ? (
        <div className="chart-table">
          <table className="table" aria-label={label}>
            <thead>
              <tr>
                <th scope="col">{props.kind === 'line' ? 'Time' : 'What'}</th>
                {series.map((each) => (
                  <th key={each.label} scope="col" className="right">
                    {each.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {points.map((point, index) => (
                <tr key={point}>
                  <td>{point}</td>
                  {series.map((each) => (
                    <td key={each.label} className="right" data-label={each.label}>
                      {textOf(each.values[index], format)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <div role="img" aria-label={label}>
          <Suspense fallback={<Skeleton heightPx={heightPx} />}>
            <Plot {...props} format={format} heightPx={heightPx} />
          </Suspense>
        </div>
      )}
      <figcaption className="row spread">
        <span className="legend">
          {series.map((each, index) => (
            <span key={each.label} className={`series-${(index % 6) + 1}`}>
              {each.label}
            </span>
          ))}
        </span>
        <Button onClick={() => setTable(!isTable)} aria-pressed={isTable}>
          {isTable ? 'Chart' : 'Table'}
        </Button>
      </figcaption>
    </figure>
  );
}

function textOf(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? '–' : format(value);
}
