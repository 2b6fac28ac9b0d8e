import { formatCount, formatDuration, formatShare, Money } from '../../kit/index.ts';
import { ENOUGH_SAMPLES } from './reports.ts';

export type Value = number | string | null | undefined;

/** A figure as its name says: a share, money, a time, or a count. */
export function Figure({
  name,
  value,
  currency,
}: {
  readonly name: string;
  readonly value: Value;
  readonly currency?: string | undefined;
}) {
  if (value === null || value === undefined) return <span className="muted">none</span>;
  if (name.endsWith('_minor')) return <Money minor={value} currency={currency ?? ''} />;
  return <span className="num nowrap">{formatFigure(name, Number(value))}</span>;
}

export function formatFigure(name: string, value: number): string {
  if (name.endsWith('_ppm')) return formatShare(value / 1_000_000);
  if (name.endsWith('_ms')) return formatDuration(value);
  if (name.endsWith('_hours')) return formatDuration(value * 3_600_000);
  return formatCount(Math.round(value));
}

/** What a rate rests on, said in words where it is too little. */
export function Sample({ count }: { readonly count: number }) {
  return count < ENOUGH_SAMPLES ? (
    <span className="muted nowrap" title={`Fewer than ${ENOUGH_SAMPLES} prove nothing.`}>
      {count} (too few)
    </span>
  ) : (
    <span className="num">{formatCount(count)}</span>
  );
}
