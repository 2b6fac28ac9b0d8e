/** How long the periods are that cells are kept for. All begin in UTC; a week begins on Monday. */
export const GRAINS = ['hour', 'day', 'week'] as const;
export type Grain = (typeof GRAINS)[number];

const HOUR_MS = 3_600_000;
const LENGTH_MS: Readonly<Record<Grain, number>> = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS };

/** 1970-01-01 was a Thursday. */
const FIRST_MONDAY_MS = 4 * LENGTH_MS.day;

export function startOf(grain: Grain, atMs: number): number {
  const offset = grain === 'week' ? FIRST_MONDAY_MS : 0;
  return Math.floor((atMs - offset) / LENGTH_MS[grain]) * LENGTH_MS[grain] + offset;
}

function endOf(grain: Grain, atMs: number): number {
  return startOf(grain, atMs - 1) + LENGTH_MS[grain];
}

/** The beginnings of all cells of one grain from one beginning on and before another. */
export function bucketsOf(grain: Grain, fromMs: number, untilMs: number): readonly Date[] {
  const count = Math.max(0, Math.ceil((untilMs - fromMs) / LENGTH_MS[grain]));
  return Array.from({ length: count }, (_none, index) => new Date(fromMs + index * LENGTH_MS[grain]));
}

/** Cells of one grain that begin in [fromMs, untilMs). */
export interface Span {
  readonly grain: Grain;
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * A period as few cells: weeks in its middle, days and hours at its edges. `longest` says how long a cell may be, so
 * that those of a day can be told apart where days are asked for. The period is widened to whole hours.
 */
export function spansOf(fromMs: number, untilMs: number, longest: Grain): readonly Span[] {
  const from = startOf('hour', fromMs);
  const until = endOf('hour', untilMs);
  if (until <= from) return [];
  return cut(from, until, GRAINS.slice(0, GRAINS.indexOf(longest) + 1));
}

function cut(fromMs: number, untilMs: number, grains: readonly Grain[]): readonly Span[] {
  const grain = grains.at(-1);
  if (grain === undefined || fromMs >= untilMs) return [];
  if (grain === 'hour') return [{ grain, fromMs, untilMs }];
  const first = endOf(grain, fromMs);
  const last = startOf(grain, untilMs);
  const shorter = grains.slice(0, -1);
  if (first >= last) return cut(fromMs, untilMs, shorter);
  return [
    ...cut(fromMs, first, shorter),
    { grain, fromMs: first, untilMs: last },
    ...cut(last, untilMs, shorter),
  ];
}
