import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { draft } from '../payment/fixtures.ts';
import { snapshotOf } from '../payment/payment.ts';
import { publicEvent, type WrittenEvent } from './event.ts';
import { DELIVERY_LADDER, MAX_ATTEMPTS, waitAfterMs } from './ladder.ts';
import { followingOf, verdictOf } from './outcome.ts';
import { CHARGEBACK_EVENTS, EVENT_TYPES, hears, isEventTypePattern } from './types.ts';

const HOUR = 3_600_000;

describe('the ladder', () => {
  it('is a day of retries and two more days, then nothing', () => {
    const day = DELIVERY_LADDER.slice(0, -1).reduce((sum, { times, waitMs }) => sum + times * waitMs, 0);
    expect(day / HOUR).toBeCloseTo(24, 0);
    const waits = Array.from({ length: MAX_ATTEMPTS }, (_, index) => waitAfterMs(index + 1));
    expect(waits.at(-1)).toBeUndefined();
    expect(waits.slice(0, -1).every((wait) => wait !== undefined)).toBe(true);
    const total = waits.reduce<number>((sum, wait) => sum + (wait ?? 0), 0);
    expect(total / HOUR).toBeCloseTo(72, 0);
  });

  it('never waits less after more failures', () => {
    for (let attempt = 1; attempt < MAX_ATTEMPTS - 1; attempt += 1)
      expect(waitAfterMs(attempt + 1)).toBeGreaterThanOrEqual(waitAfterMs(attempt) ?? 0);
  });
});

describe('an attempt', () => {
  it('is judged by its status alone', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), (statusCode) => {
        const verdict = verdictOf({ type: 'answered', statusCode });
        const expected =
          statusCode === 410 ? 'gone' : Math.floor(statusCode / 100) === 2 ? 'delivered' : 'failed';
        expect(verdict).toBe(expected);
      }),
    );
    expect(verdictOf({ type: 'failed', error: 'timeout' })).toBe('failed');
  });

  it('leads to delivered, to a wait, or after the last rung to dead', () => {
    expect(followingOf('delivered', MAX_ATTEMPTS)).toEqual({ status: 'delivered' });
    expect(followingOf('failed', 1)).toEqual({ status: 'pending', waitMs: 60_000 });
    expect(followingOf('gone', 1)).toEqual({ status: 'pending', waitMs: 60_000 });
    expect(followingOf('failed', MAX_ATTEMPTS)).toEqual({ status: 'dead' });
    // It was the endpoint that wanted no more: nothing of it is given up.
    expect(followingOf('gone', MAX_ATTEMPTS)).toEqual({ status: 'pending', waitMs: 24 * HOUR });
  });
});

describe('types', () => {
  it('are all that the machines tell of', () => {
    const told = ['../payment/transition.ts', '../refund/transition.ts'].flatMap((path) =>
      [
        ...readFileSync(new URL(path, import.meta.url), 'utf8').matchAll(/'((?:payment|refund)\.[a-z_]+)'/g),
      ].map(([, type]) => type),
    );
    expect([...new Set([...told, ...Object.values(CHARGEBACK_EVENTS)])].sort()).toEqual(
      [...EVENT_TYPES].sort(),
    );
  });

  it.each([
    [[], true],
    [['*'], true],
    [['payment.*'], true],
    [['payment.succeeded', 'refund.created'], true],
    [['refund.*'], false],
    [['payment.failed'], false],
    [['payment'], false],
  ])('%j hear of payment.succeeded: %s', (patterns, expected) => {
    expect(hears(patterns, 'payment.succeeded')).toBe(expected);
  });

  it.each(['*', 'payment.*', 'refund.failed'])('%s may be asked for', (pattern) => {
    expect(isEventTypePattern(pattern)).toBe(true);
  });
  it.each(['', 'payment', 'payment.', 'payout.*', 'payment.succeeded ', '*.*'])('%j may not', (pattern) => {
    expect(isEventTypePattern(pattern)).toBe(false);
  });
});

describe('an event', () => {
  const payment = draft({ metadata: { b: '2', a: '1' } });
  const event: WrittenEvent = {
    id: 'evt_1',
    mode: 'test',
    paymentId: payment.id,
    ownerId: payment.id,
    eventSequence: 3,
    type: 'payment.succeeded',
    payload: snapshotOf(payment),
    createdAtMs: 1_800_000_000_999,
  };

  it('is the payment as it was, in the form of its day', () => {
    expect(publicEvent(event)).toMatchObject({
      id: 'evt_1',
      object: 'event',
      created: 1_800_000_000,
      api_version: '2026-11-21',
      livemode: false,
      payment: payment.id,
      sequence: 3,
      data: { object: { object: 'payment', id: payment.id, metadata: { b: '2', a: '1' } } },
    });
  });

  it('is the same text each time, in whatever order Postgres gives the fields back', () => {
    const shuffled = Object.fromEntries(Object.entries(event.payload as object).reverse());
    expect(JSON.stringify(publicEvent({ ...event, payload: shuffled }))).toBe(
      JSON.stringify(publicEvent(event)),
    );
  });
});
