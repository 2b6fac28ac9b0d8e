import { expect } from 'vitest';
import { type Failure, play, retrace } from './simulate.ts';
import { World } from './world.ts';

const SHOWN_LINES = 40;
const FAILURES_AT_MOST = 10;

/** A failure as a person wants it: what broke, how to see it again, and what happened last. */
export function told({ seed, violation, trace }: Failure): string {
  const lines = trace.slice(-SHOWN_LINES).join('\n');
  return `${violation.message}\nrepeat with SEED=${seed} npx vitest run test/simulation\n${lines}`;
}

/**
 * Plays `count` schedules from a seed on. All of them must hold; of those that don't, the one that is told
 * with the fewest words is shown. `SEED` plays one alone, with its whole trace; `SCHEDULES` scales the count.
 */
export function holdsFor(firstSeed: number, count: number): void {
  const { SEED, SCHEDULES } = process.env;
  if (SEED !== undefined) {
    const world = new World(Number(SEED), { tracing: true });
    const failure = retrace(Number(SEED));
    if (failure === undefined) world.run();
    process.stdout.write(`seed ${SEED}\n${(failure?.trace ?? world.trace).join('\n')}\n`);
    expect(failure?.violation.message).toBeUndefined();
    return;
  }
  const failures: Failure[] = [];
  const schedules = count * Number(SCHEDULES ?? 1);
  for (let seed = firstSeed; seed < firstSeed + schedules && failures.length < FAILURES_AT_MOST; seed += 1) {
    const failure = play(seed);
    if (failure !== undefined) failures.push(failure);
  }
  const [shortest] = failures.toSorted((a, b) => a.trace.length - b.trace.length);
  if (shortest !== undefined) {
    const seeds = failures.map((each) => `${each.seed} (${each.violation.invariant})`).join(', ');
    expect.fail(`${failures.length} schedules broke: ${seeds}\n${told(shortest)}`);
  }
}
