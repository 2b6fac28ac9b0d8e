const LENGTH_MS = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 } as const;
export type Bucket = keyof typeof LENGTH_MS;

/** 1970-01-01 was a Thursday, and a week begins on Monday. */
const FIRST_MONDAY_MS = 345_600_000;

/** When a bucket that begins then ends. */
export function endOf(at: string, bucket: Bucket): string {
  return new Date(Date.parse(at) + LENGTH_MS[bucket]).toISOString();
}

/** The beginning of every bucket of a period, also of those in which nothing was paid: a gap is seen as one. */
export function bucketsOf(from: string, to: string, bucket: Bucket): readonly string[] {
  const length = LENGTH_MS[bucket];
  const offset = bucket === 'week' ? FIRST_MONDAY_MS : 0;
  const first = Math.floor((Date.parse(from) - offset) / length) * length + offset;
  const count = Math.max(0, Math.ceil((Date.parse(to) - first) / length));
  return Array.from({ length: count }, (_none, index) => new Date(first + index * length).toISOString());
}
