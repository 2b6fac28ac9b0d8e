import { expect, it } from 'vitest';
import { reached } from './reached.ts';
import { SABOTAGES } from './sabotage.ts';
import { holdsFor } from './schedules.ts';
import { play } from './simulate.ts';

it('keeps the invariants in another 50,000 schedules', () => {
  holdsFor(1_000_001, 50_000);
}, 300_000);

/** A simulation that goes nowhere interesting holds everything. */
it('gets to where money is in danger', () => {
  const counts = reached(1, 3_000);
  const rare = Object.entries(counts).filter(([, count]) => count < 10);
  expect(rare, JSON.stringify(counts)).toEqual([]);
}, 60_000);

it.each(SABOTAGES)(
  'notices when $name',
  ({ rules, caughtBy }) => {
    for (let seed = 1; seed <= 5_000; seed += 1) {
      const failure = play(seed, rules);
      if (failure === undefined || !caughtBy.includes(failure.violation.invariant)) continue;
      // It is the sabotage that fails, not the rules themselves.
      if (play(seed) === undefined) return;
    }
    expect.fail('5,000 schedules held');
  },
  60_000,
);
