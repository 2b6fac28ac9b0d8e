import { expect } from 'vitest';
import { reached } from './reached.ts';
import type { Sabotage } from './sabotage.ts';
import { type Failure, play, retrace } from './simulate.ts';
import { HARDSHIPS } from './weather.ts';
import { FIRST_REFUND_SEED, PLAYED, World } from './world.ts';

const SHOWN_LINES = 40;
const FAILURES_AT_MOST = 10;
const SABOTAGED = 5_000;

/** A failure as a person wants it: what broke, how to see it again, and what happened last. */
export function told({ seed, violation, trace }: Failure): string {
  const lines = trace.slice(-SHOWN_LINES).join('\n');
  return `${violation.message}\nrepeat with SEED=${seed} npx vitest run test/simulation\n${lines}`;
}

/**
 * Only the one schedule that is asked for. `HARDSHIPS` (names, with commas between) adds some that are withheld
 * otherwise; see weather.ts.
 */
export const ALONE = process.env.SEED !== undefined;

/**
 * Plays `count` schedules from a seed on. All of them must hold; of those that don't, the one that is told
 * with the fewest words is shown. `SEED` plays one alone, with its whole trace; `SCHEDULES` scales the count.
 */
export function holdsFor(firstSeed: number, count: number): void {
  const { SEED, SCHEDULES } = process.env;
  if (SEED !== undefined) {
    if (isAboutRefunds(Number(SEED)) === isAboutRefunds(firstSeed)) holdsAlone(Number(SEED));
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

function holdsAlone(seed: number): void {
  const wanted = process.env.HARDSHIPS?.split(',') ?? [];
  const hardships = new Set(HARDSHIPS.filter((each) => PLAYED.has(each) || wanted.includes(each)));
  const world = new World(seed, { tracing: true, hardships });
  const failure = retrace(seed, { hardships });
  if (failure === undefined) world.run();
  process.stdout.write(`seed ${seed}\n${(failure?.trace ?? world.trace).join('\n')}\n`);
  expect(failure?.violation.message).toBeUndefined();
}

function isAboutRefunds(seed: number): boolean {
  return seed >= FIRST_REFUND_SEED;
}

/** A sabotage must be noticed within some schedules from a seed on, by one of the invariants that it names. */
export function noticed({ rules, caughtBy }: Sabotage, firstSeed: number): void {
  for (let seed = firstSeed; seed < firstSeed + SABOTAGED; seed += 1) {
    const failure = play(seed, rules);
    if (failure === undefined || !caughtBy.includes(failure.violation.invariant)) continue;
    // It is the sabotage that fails, not the rules themselves.
    if (play(seed) === undefined) return;
  }
  expect.fail(`${SABOTAGED} schedules held`);
}

/** A simulation that goes nowhere interesting holds everything: of some schedules, this many get there at least. */
export function getsEverywhere(firstSeed: number, count: number, atLeast: number): void {
  const counts = reached(firstSeed, count);
  const rare = Object.entries(counts).filter(([, here]) => here < atLeast);
  expect(rare, JSON.stringify(counts)).toEqual([]);
}
