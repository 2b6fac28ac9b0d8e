import { expect, it } from 'vitest';
import { changedOf } from './changed.ts';

const began = { name: 'Shop', country: 'DE', origins: ['https://a.example'], limits: { four_eyes: {} } };

it('of a form is what differs from its beginning, also inside of what it holds', () => {
  expect(changedOf(began, structuredClone(began))).toEqual({});
  expect(changedOf(began, { ...began, name: 'Books' })).toEqual({ name: 'Books' });
  expect(changedOf(began, { ...began, limits: { four_eyes: { EUR: 1 } } })).toEqual({
    limits: { four_eyes: { EUR: 1 } },
  });
  expect(changedOf<object>(began, { ...began, country: null })).toEqual({ country: null });
});
