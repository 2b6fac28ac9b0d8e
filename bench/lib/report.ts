import type { Interval } from './statistics.ts';

/** One measured number, with what it was meant to be. */
export interface Figure {
  /** Stable, for machines: snake_case, its unit last. */
  readonly name: string;
  /** For people: one line. */
  readonly text: string;
  readonly value: number;
  readonly interval?: Interval;
  readonly goal?: Goal;
}

export interface Goal {
  readonly is: '<=' | '>=';
  readonly bound: number;
}

export function isMet({ value, goal }: Figure): boolean | null {
  if (goal === undefined) return null;
  return goal.is === '<=' ? value <= goal.bound : value >= goal.bound;
}

/** Four significant digits: more would be noise. Whole numbers keep all of theirs. */
export function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}

/** The last line of every suite; `interval` is [low, high] where the figure is a median of rounds. */
export function jsonLine(suite: string, figures: readonly Figure[]): string {
  return JSON.stringify({
    suite,
    figures: figures.map((figure) => ({
      name: figure.name,
      value: rounded(figure.value),
      goal: figure.goal === undefined ? null : `${figure.goal.is} ${figure.goal.bound}`,
      met: isMet(figure),
      ...(figure.interval === undefined
        ? {}
        : { interval: [rounded(figure.interval.low), rounded(figure.interval.high)] }),
    })),
  });
}

export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.text,
    String(rounded(figure.value)),
    figure.interval === undefined ? '' : intervalText(figure.interval),
    figure.goal === undefined ? '' : `${figure.goal.is} ${figure.goal.bound}`,
    { true: 'met', false: 'NOT MET', null: '' }[String(isMet(figure))] ?? '',
  ]);
  return table(['figure', 'value', 'interval', 'goal', ''], rows);
}

function intervalText({ low, high, coverage }: Interval): string {
  return `${rounded(low)} to ${rounded(high)} (${Math.floor(coverage * 100)}%)`;
}

/** The first column to the left, numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}
