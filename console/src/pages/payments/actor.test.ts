import { expect, it } from 'vitest';
import { actorIdOf, actorWords } from './actor.ts';

it('says who did it in words, and keeps ids as they are', () => {
  expect(actorWords('request:req_fx_gw')).toBe('by a request of the merchant');
  expect(actorIdOf('request:req_fx_gw')).toBe('req_fx_gw');
  expect(actorWords('operator:opr_a')).toBe('by a person');
  expect([actorWords('merchant'), actorIdOf('merchant')]).toEqual(['merchant', undefined]);
  // An account's id is no words.
  expect(actorWords('pa_demo_stripe')).toBe('pa_demo_stripe');
});
