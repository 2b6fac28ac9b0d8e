import { expect, it } from 'vitest';
import { everyMerchant } from './merchant.ts';

const row = (number: number) => ({
  id: `mer_${number}`,
  object: 'merchant' as const,
  name: `Merchant ${number}`,
  country: null,
  category: null,
  return_origins: [],
  rate_limits: {},
  case_limits: { four_eyes: {}, write_off: {} },
  routing_approval: false,
  duplicate_reference_guard: false,
  created_at: '2026-11-22T00:00:00.000Z',
});

it('offers every merchant, however many pages they are', async () => {
  const all = Array.from({ length: 250 }, (_none, index) => row(index));
  const asked: (string | undefined)[] = [];
  const found = await everyMerchant(async (after) => {
    asked.push(after);
    const first = all.findIndex(({ id }) => id === after) + 1;
    return { data: all.slice(first, first + 100), has_more: first + 100 < all.length };
  });
  expect(found).toEqual(all);
  expect(asked).toEqual([undefined, 'mer_99', 'mer_199']);
});
