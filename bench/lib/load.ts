/** A closed loop: so many callers, each making its next call when its last was answered. */
export interface LoadResult {
  readonly latenciesMs: readonly number[];
  readonly elapsedMs: number;
  readonly perSecond: number;
}

/** Makes `count` calls, `concurrency` at a time. The first call that rejects ends it: a figure has no failures. */
export async function closedLoop(
  count: number,
  concurrency: number,
  call: (index: number) => Promise<void>,
): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  let next = 0;
  let failed = false;
  const caller = async () => {
    while (next < count && !failed) {
      const index = next;
      next += 1;
      const startedAt = performance.now();
      try {
        await call(index);
      } catch (error) {
        failed = true;
        throw error;
      }
      latenciesMs.push(performance.now() - startedAt);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, caller));
  const elapsedMs = performance.now() - startedAt;
  return { latenciesMs, elapsedMs, perSecond: (count / elapsedMs) * 1_000 };
}

/**
 * Interleaved rounds: in each, every side runs once, and who goes first alternates, so that neither a drifting
 * machine nor the heat of the side before favours one.
 */
export async function interleaved<Side extends string>(
  rounds: number,
  sides: readonly Side[],
  run: (side: Side, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? sides : [...sides].reverse();
    for (const side of order) await run(side, round);
  }
}
