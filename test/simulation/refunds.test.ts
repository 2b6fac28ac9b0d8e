import { it } from 'vitest';
import { REFUND_SABOTAGES } from './refund-sabotage.ts';
import { ALONE, getsEverywhere, holdsFor, noticed } from './schedules.ts';
import { FIRST_REFUND_SEED } from './world.ts';

it('keeps the invariants in 40,000 schedules of refunds side by side', () => {
  holdsFor(FIRST_REFUND_SEED, 40_000);
}, 300_000);

it.skipIf(ALONE)(
  'gets to where refunds are in danger',
  () => {
    getsEverywhere(FIRST_REFUND_SEED, 6_000, 3);
  },
  60_000,
);

it.skipIf(ALONE).each(REFUND_SABOTAGES)(
  'notices when $name',
  (sabotage) => noticed(sabotage, FIRST_REFUND_SEED),
  60_000,
);
