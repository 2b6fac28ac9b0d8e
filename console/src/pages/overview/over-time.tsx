import { formatCount, formatShare, LineChart } from '../../kit/index.ts';
import { bucketsOf } from '../analytics/buckets.ts';
import type { OverviewData } from './index.tsx';

export function OverTime({ overview }: { readonly overview: OverviewData }) {
  const { over_time: points, from, to, bucket } = overview;
  const times = bucketsOf(from, to, bucket);
  const byTime = new Map(points.map((point) => [Date.parse(point.at), point]));
  const found = times.map((at) => byTime.get(Date.parse(at)));
  const shares = found.map((point) => point?.approval_ppm ?? null);
  return (
    <div className="grid-2">
      <LineChart
        label={`Payments made, by ${bucket}`}
        points={times}
        series={[{ label: 'Payments', values: found.map((point) => point?.payments ?? 0) }]}
        format={(value) => formatCount(Math.round(value))}
      />
      <LineChart
        label={`Share of answers that were approvals, by ${bucket}`}
        points={times}
        series={[{ label: 'Approval', values: shares.map((ppm) => (ppm === null ? null : ppm / 1_000_000)) }]}
        format={formatShare}
        most={1}
      />
    </div>
  );
}
