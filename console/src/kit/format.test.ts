import { expect, it } from 'vitest';
import { personOf } from './format.ts';

it('says who it was without what kind of actor they are, and leaves every other actor as it stands', () => {
  expect(['operator:opr_alice', 'opr_alice', 'key:key_demo', 'system'].map(personOf)).toEqual([
    'alice',
    'alice',
    'key:key_demo',
    'system',
  ]);
  expect([personOf(null), personOf(undefined)]).toEqual(['nobody', 'nobody']);
});
