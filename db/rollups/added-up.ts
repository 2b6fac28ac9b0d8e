import { HISTOGRAM_BUCKETS } from '../../domain/figures/histogram.ts';

/** Histograms of cells added up, bucket by bucket; null where all are. */
export function addedUp(name: keyof typeof HISTOGRAM_BUCKETS, alias: string): string {
  const buckets = bucketsOf(name).map((number) => `sum(${alias}.${name}[${number}])::int`);
  return `CASE WHEN count(${alias}.${name}) > 0 THEN ARRAY[${buckets.join(', ')}] END`;
}

export function bucketsOf(name: keyof typeof HISTOGRAM_BUCKETS): readonly number[] {
  return Array.from({ length: HISTOGRAM_BUCKETS[name] }, (_none, index) => index + 1);
}
