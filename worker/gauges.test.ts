import { expect, it } from 'vitest';
import { canaryOf } from './gauges.ts';

it('counts from when a canary last succeeded, however lately this worker began', () => {
  const every = { canaryEverySeconds: 60 };
  expect(canaryOf(every, { canarySeconds: 900 }, 5)).toEqual({ lastSuccessSeconds: 900, everySeconds: 60 });
});

it('says nothing of canaries that nobody has made yet, until this worker has waited too long', () => {
  const every = { canaryEverySeconds: 60 };
  expect(canaryOf(every, { canarySeconds: null }, 240)).toBeUndefined();
  expect(canaryOf(every, { canarySeconds: null }, 241)).toEqual({
    lastSuccessSeconds: 241,
    everySeconds: 60,
  });
  // Not read is not the same as none.
  expect(canaryOf(every, {}, 10_000)).toBeUndefined();
});

it('tells canaries that are switched off from those that this worker knows nothing of', () => {
  expect(canaryOf({ canaryEverySeconds: null }, { canarySeconds: 900 }, 900)).toBeNull();
  expect(canaryOf({}, { canarySeconds: 900 }, 900)).toBeUndefined();
});
