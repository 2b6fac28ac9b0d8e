/**
 * JSON with sorted keys; what is undefined is left out, as JSON does. The same value is the same text wherever and whenever it
 * is written: what digests, names by content and comparisons are made of.
 */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
