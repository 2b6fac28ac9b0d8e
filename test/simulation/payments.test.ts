import { expect, it } from 'vitest';
import { PAYMENT_SABOTAGES } from './sabotage.ts';
import { ALONE, getsEverywhere, holdsFor, noticed } from './schedules.ts';
import { World } from './world.ts';

it('keeps the invariants in 60,000 schedules of drops, duplicates, crashes, resets and clocks', () => {
  holdsFor(1, 60_000);
}, 300_000);

/** Each lost or doubled money, or stood still, before the rules were mended. */
const ONCE_BROKEN = [
  39_373, 73_897, 3_106, 92_419, 154_335, 12_298, 1_000_269, 16_003, 7_435, 65_392, 39_997, 18_889, 104_436,
  // About refunds, and late successes that are undone by one.
  12_023_371, 10_013_618, 10_099_045, 10_049_268, 10_020_960,
];

it.skipIf(ALONE)('bears the schedules that once broke it', () => {
  for (const seed of ONCE_BROKEN) holdsFor(seed, 1);
});

it.skipIf(ALONE)('plays a seed the same way twice', () => {
  const tell = (seed: number) => {
    const world = new World(seed, { tracing: true });
    world.run();
    return world.trace;
  };
  for (const seed of [11, 12, 13, 14, 15]) expect(tell(seed)).toEqual(tell(seed));
});

it.skipIf(ALONE)('gets to where money is in danger', () => getsEverywhere(1, 4_000, 10), 60_000);

it.skipIf(ALONE).each(PAYMENT_SABOTAGES)('notices when $name', (sabotage) => noticed(sabotage, 1), 60_000);
