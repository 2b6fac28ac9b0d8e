import { HISTOGRAM_BUCKETS } from '../../domain/figures/histogram.ts';

/**
 * What a cell has of a measure. `fee_captured_minor` is null in cells from before it was counted, until they are computed anew:
 * till then fees are a share of all that was captured, as they were.
 */
export function cellValue(name: string, table: string): string {
  return name === 'fee_captured_minor'
    ? `coalesce(${table}.${name}, CASE WHEN ${table}.fee_payments > 0 THEN ${table}.captured_minor ELSE 0 END)`
    : `${table}.${name}`;
}

/** Histograms of cells added up, bucket by bucket; null where all are. */
export function addedUp(name: keyof typeof HISTOGRAM_BUCKETS, alias: string): string {
  const buckets = bucketsOf(name).map((number) => `sum(${alias}.${name}[${number}])::int`);
  return `CASE WHEN count(${alias}.${name}) > 0 THEN ARRAY[${buckets.join(', ')}] END`;
}

export function bucketsOf(name: keyof typeof HISTOGRAM_BUCKETS): readonly number[] {
  return Array.from({ length: HISTOGRAM_BUCKETS[name] }, (_none, index) => index + 1);
}
