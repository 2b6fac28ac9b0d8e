import { describe, expect, it } from 'vitest';
import { isSecondPerson, standsBehind } from './two-people.ts';

const ALICE = 'operator:opr_alice';
const BOB = 'operator:opr_bob';
const makers = new Map([
  ['key:one', ALICE],
  ['key:two', ALICE],
  ['key:of_one', 'key:one'],
  ['key:bobs', BOB],
]);

describe('behind an actor', () => {
  it.each([
    ['a person stands that person', ALICE, ALICE],
    ['a key that nobody made stands that key', 'key:found', 'key:found'],
    ['a key stands who made it', 'key:one', ALICE],
    ['a key that a key made stands the person at the end', 'key:of_one', ALICE],
  ])('%s', (_what, actor, behind) => {
    expect(standsBehind(actor, makers)).toBe(behind);
  });

  it('somebody is named, even where makers go round in a circle', () => {
    const circle = new Map([
      ['key:a', 'key:b'],
      ['key:b', 'key:a'],
    ]);
    expect(['key:a', 'key:b']).toContain(standsBehind('key:a', circle));
  });
});

describe('a second person', () => {
  it.each([
    ['the same person', ALICE, ALICE],
    ['a key of theirs', 'key:one', ALICE],
    ['the maker of the key', ALICE, 'key:one'],
    ['another key of one maker', 'key:two', 'key:one'],
    ['a key that one of their keys made', 'key:of_one', 'key:two'],
    ['the same key, whoever made it', 'key:found', 'key:found'],
  ])('is not %s', (_what, actor, other) => {
    expect(isSecondPerson(actor, [other], makers)).toBe(false);
    expect(isSecondPerson(actor, ['key:other', other], makers)).toBe(false);
  });

  it.each([
    ['another person', BOB, ALICE],
    ['another person’s key', 'key:bobs', 'key:one'],
    ['a key that nobody is known to have made', 'key:found', ALICE],
  ])('is %s', (_what, actor, other) => {
    expect(isSecondPerson(actor, [other], makers)).toBe(true);
  });
});
