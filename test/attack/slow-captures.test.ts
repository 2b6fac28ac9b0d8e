import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/harness.ts';
import { type Answer, freshKey, type System, startSystem } from '../support/system.ts';
import { effects, expectSound, payment } from './support/checks.ts';
import { tellOnFailure } from './support/dump.ts';

/** Captures that take longer than their merchant wants to wait: told so in time, and made all the same. */
let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterEach(() => system?.clearFaults());
afterAll(() => system?.close());
tellOnFailure(() => system);

/** A busy machine's share; an answer that waits for the capture would take far longer. */
const SLACK_MS = 1_500;

async function hold(amount: number): Promise<string> {
  const { body } = await system.pay({
    amount,
    currency: 'USD',
    capture_method: 'manual',
    payment_method: await system.card(),
  });
  expect(body.status).toBe('requires_capture');
  return body.id;
}

const TRIES = 3;

/**
 * With a wait of a second. On a busy machine Temporal may not say in time that it has the command, which is an
 * honest 503: the same key, which finds the same update, is told what that answered.
 */
async function capture(id: string, key = freshKey(), tries = TRIES): Promise<Answer> {
  const startedMs = performance.now();
  const answer = await system.request('POST', `/v1/payments/${id}/capture`, {
    key,
    body: {},
    headers: { prefer: 'wait=1' },
  });
  const tookMs = performance.now() - startedMs;
  expect(tookMs).toBeLessThan(1_000 + SLACK_MS);
  return answer.status === 503 && tries > 1 ? capture(id, key, tries - 1) : answer;
}

const captured = (id: string) =>
  waitFor(async () => (await payment(system, id)).status === 'succeeded', {
    what: 'the capture',
    timeoutMs: 40_000,
  });

describe('a capture', () => {
  it('that waits to be sent again, because its provider refuses connections, is answered in time', async () => {
    const id = await hold(1_000);
    await system.fault('stripe', { operation: 'capture', mode: 'refuse' });
    const key = freshKey();
    const answer = await capture(id, key);
    expect([answer.status, answer.body.status]).toEqual([202, 'processing']);
    await system.clearFaults();
    await captured(id);
    expect((await capture(id, key)).body.status).toBe('succeeded');
    expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'captured']);
    await expectSound(system, id);
  });

  it('whose provider hangs is answered in time', async () => {
    const id = await hold(1_100);
    await system.fault('stripe', { operation: 'capture', mode: 'hang_after_commit' });
    await system.fault('stripe', { operation: 'lookup', mode: 'status' });
    const answer = await capture(id);
    expect([answer.status, answer.body.status]).toEqual([202, 'processing']);
    await system.clearFaults();
    await captured(id);
    expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'captured']);
    await expectSound(system, id);
  });
});
