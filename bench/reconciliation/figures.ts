import type { Figure, Goal } from '../lib/report.ts';
import { median, medianInterval, ratios } from '../lib/statistics.ts';
import { classifiedMs, type Measured, postedMs, type Round } from './measure.ts';

const MIB = 1_024 ** 2;
const atMost = (bound: number): Goal => ({ is: '<=', bound });

/** Of the largest file, but for the exponent, which is of all. */
export function figuresOf(measured: readonly Measured[]): readonly Figure[] {
  const largest = measured.at(-1);
  if (largest === undefined) throw new Error('nothing was measured');
  const { rounds, verdict, projectionMs, rows } = largest;
  const copies = rounds.map(({ copyMs }) => copyMs);
  const ratio = (name: string, text: string, of: (round: Round) => number, goal?: Goal): Figure => {
    const perRound = ratios(rounds.map(of), copies);
    return {
      name,
      text: `${text} / a bare COPY`,
      value: median(perRound),
      interval: medianInterval(perRound),
      ...(goal === undefined ? {} : { goal }),
    };
  };
  const peaks = measured.flatMap((size) => size.rounds.map(({ day }) => day.peakBytes / MIB));
  return [
    { name: 'rows', text: 'lines of the file', value: rows },
    ratio('classified_ratio', 'received, staged, matched and classified', classifiedMs, atMost(4)),
    ratio('posted_ratio', '… posted and reported', postedMs, atMost(10)),
    ratio(
      'classified_with_bookings_ratio',
      'classified, with bookings of all payments made that day',
      (round) => classifiedMs(round) + projectionMs,
    ),
    {
      name: 'planted_found_share',
      text: `planted breaks found and rightly typed, of ${verdict.planted}`,
      value: verdict.right / verdict.planted,
      goal: { is: '>=', bound: 1 },
    },
    {
      name: 'planted_types',
      text: 'types of mismatch planted',
      value: verdict.types,
      goal: { is: '>=', bound: 30 },
    },
    {
      name: 'false_alarms',
      text: 'breaks found that nobody planted',
      value: verdict.falseAlarms.length,
      goal: atMost(0),
    },
    {
      name: 'peak_memory_mb',
      text: 'most that the process was resident, MiB',
      value: Math.max(...peaks),
      goal: atMost(512),
    },
    {
      name: 'peak_memory_growth_mb',
      text: 'of it, what the largest file needs more than the smallest, MiB',
      value: median(peaksOf(largest)) - median(peaksOf(measured[0] ?? largest)),
    },
    ...(measured.length < 2
      ? []
      : [
          {
            name: 'time_exponent',
            text: `exponent of the time until reported, ${measured.map((each) => each.rows).join(', ')} lines`,
            value: exponent(measured.map((each) => [each.rows, median(each.rounds.map(postedMs))] as const)),
            goal: atMost(1.1),
          },
        ]),
  ];
}

function peaksOf({ rounds }: Measured): readonly number[] {
  return rounds.map(({ day }) => day.peakBytes / MIB);
}

/** The slope of the least-squares line through the points' logarithms. */
export function exponent(points: readonly (readonly [size: number, ms: number])[]): number {
  const logs = points.map(([size, ms]) => [Math.log(size), Math.log(ms)] as const);
  const mean = (of: (log: readonly [number, number]) => number) =>
    logs.reduce((sum, log) => sum + of(log), 0) / logs.length;
  const [x, y] = [mean(([size]) => size), mean(([, ms]) => ms)];
  const above = logs.reduce((sum, [size, ms]) => sum + (size - x) * (ms - y), 0);
  const below = logs.reduce((sum, [size]) => sum + (size - x) ** 2, 0);
  return above / below;
}
