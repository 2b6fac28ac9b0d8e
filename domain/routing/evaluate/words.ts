/** Parts per million as people read them. */
export function percent(ppm: number): string {
  return `${(ppm / 10_000).toFixed(2)}%`;
}

/** A difference of shares, in percentage points. */
export function points(ppm: number): string {
  return (ppm / 10_000).toFixed(2);
}
