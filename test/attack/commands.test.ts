import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';
import { arrivals, effects, exceptions, expectSound, payment, unreversed } from './support/checks.ts';
import { tellOnFailure } from './support/dump.ts';

/** Commands that meet each other, and ends that nobody commands. */
let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.close());
tellOnFailure(() => system);

const statusBecomes = (id: string, status: string, of = system) =>
  waitFor(async () => (await payment(of, id)).status === status, { what: `${id} to be ${status}` });
const hold = async (amount: number, currency = 'USD') => {
  const card = await system.card(currency === 'EUR' ? '4111111111111111' : undefined);
  const { body } = await system.pay({ amount, currency, capture_method: 'manual', payment_method: card });
  expect(body.status).toBe('requires_capture');
  return body.id as string;
};
const command = (id: string, name: 'capture' | 'void', body: object = {}) =>
  system.request('POST', `/v1/payments/${id}/${name}`, { key: freshKey(), body });

const REFUSALS: Readonly<Record<number, RegExp>> = {
  400: /^amount_too_large$/,
  409: /^(amount_too_large|operation_in_progress)$/,
};

describe('concurrent commands', () => {
  it('capture in turn, and never more than was authorized', async () => {
    const id = await hold(1_000);
    const asked = Array.from({ length: 8 }, () =>
      command(id, 'capture', { amount: 300, final_capture: false }),
    );
    const answers = await Promise.all(asked);
    const done = answers.filter((answer) => answer.status === 200);
    const refused = answers.filter((answer) => answer.status !== 200);
    // Each that came while another was under way was refused, each that came between was judged in its turn.
    const totals = done.map((answer) => answer.body.amount_captured).sort((a, b) => a - b);
    expect(totals).toEqual([300, 600, 900].slice(0, totals.length));
    expect(totals.length).toBeGreaterThanOrEqual(1);
    for (const { status, body } of refused) expect(body.error.code).toMatch(REFUSALS[status] ?? /^$/);
    const { amount_captured } = await payment(system, id);
    expect(amount_captured).toBe(totals.at(-1));
    const over = await command(id, 'capture', { amount: 1_001 - amount_captured, final_capture: false });
    expect(over.status).toBeGreaterThanOrEqual(400);
    for (let total = amount_captured; total < 900; total += 300)
      expect((await command(id, 'capture', { amount: 300, final_capture: false })).status).toBe(200);
    expect((await command(id, 'capture', { amount: 300, final_capture: false })).status).toBeGreaterThan(399);
    expect(await payment(system, id)).toMatchObject({ status: 'partially_captured', amount_captured: 900 });
    await expectSound(system, id);
  });

  it('two full captures with different keys capture once; the other is told the state', async () => {
    const id = await hold(1_100);
    const answers = await Promise.all([command(id, 'capture'), command(id, 'capture')]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409]);
    const refused = answers.find((answer) => answer.status === 409);
    expect(refused?.body.error.allowed).toEqual([]);
    expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'captured']);
    await expectSound(system, id);
  });

  it('capture and void: one of the two happens', async () => {
    for (let round = 0; round < 4; round += 1) {
      const id = await hold(1_200 + round);
      const answers = await Promise.all([command(id, 'capture'), command(id, 'void')]);
      expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409]);
      const { status } = await payment(system, id);
      expect(['succeeded', 'canceled']).toContain(status);
      expect(await effects(system, 'stripe', id)).toEqual([
        'authorized',
        status === 'succeeded' ? 'captured' : 'voided',
      ]);
      await expectSound(system, id);
    }
  });

  it('a capture while a void is pending is refused with what is allowed, not queued', async () => {
    const id = await hold(1_300, 'EUR');
    await system.admin('adyen', 'POST', '/webhooks', { mode: 'hold' });
    const voiding = await command(id, 'void');
    expect([voiding.status, voiding.body.status]).toEqual([202, 'processing']);
    const refused = await command(id, 'capture');
    expect(refused.status).toBe(409);
    expect(refused.body.error).toMatchObject({
      code: 'operation_in_progress',
      status: 'processing',
      allowed: [],
    });
    await system.admin('adyen', 'POST', '/webhooks', { mode: 'normal' });
    await system.admin('adyen', 'POST', '/webhooks/release', {});
    await statusBecomes(id, 'canceled');
    expect(await effects(system, 'adyen', id)).toEqual(['authorized', 'voided']);
    expect(await exceptions(system, id)).toEqual([]);
    await expectSound(system, id);
  });

  it('a capture that was executed and lost its answer is not captured again by another', async () => {
    const id = await hold(1_400);
    await system.fault('stripe', { operation: 'capture', mode: 'hang_after_commit', times: 1 });
    const first = system.request('POST', `/v1/payments/${id}/capture`, {
      key: freshKey(),
      body: {},
      headers: { prefer: 'wait=1' },
    });
    await waitFor(async () => (await effects(system, 'stripe', id)).includes('captured'), {
      what: 'the capture',
    });
    // 503 where Temporal could not say in time that it has it: as honest, and as little of a second capture.
    expect([202, 503]).toContain((await first).status);
    const second = await command(id, 'capture');
    expect(second.status).toBe(409);
    await system.clearFaults();
    await statusBecomes(id, 'succeeded');
    expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'captured']);
    await expectSound(system, id);
  });
});

describe('a card that asks for authentication', () => {
  it('is not charged while its payer is waited for, and takes no capture', async () => {
    const card = await system.card('4000002760003184');
    const answer = await system.pay({
      amount: 1_600,
      currency: 'USD',
      capture_method: 'manual',
      payment_method: card,
    });
    expect(answer.body).toMatchObject({ status: 'requires_action', amount_authorized: 0, allowed: ['void'] });
    const { id } = answer.body;
    expect((await command(id, 'capture')).status).toBe(409);
    expect(await effects(system, 'stripe', id)).toEqual(['requires_action']);
    expect((await command(id, 'void')).status).toBe(200);
    expect(await payment(system, id)).toMatchObject({ status: 'canceled', amount_authorized: 0 });
    const seen = await effects(system, 'stripe', id);
    expect(seen).toContain('canceled');
    expect(seen).not.toContain('authorized');
    expect(await effects(system, 'adyen', id)).toEqual([]);
    await expectSound(system, id);
  });

  /** The payer completes the challenge while the merchant's cancellation is on its way: the charge goes through. */
  async function authenticatedMeanwhile(amount: number): Promise<string> {
    const card = await system.card('4000002760003184');
    await system.fault('stripe', { operation: 'void', mode: 'latency', latencyMs: 700, times: 1 });
    const { body } = await system.pay({ amount, currency: 'USD', payment_method: card });
    expect(body.status).toBe('requires_action');
    const asked = command(body.id, 'void');
    const reference = `att_${body.id.slice(4)}_1`;
    await system.admin('stripe', 'POST', `/payments/${reference}/authenticate`, { outcome: 'succeeded' });
    await asked;
    await waitFor(async () => (await payment(system, body.id)).status !== 'processing', {
      what: 'it to end',
    });
    return body.id;
  }

  it('authenticated while it is being given up is charged once at most, and its money is in the books', async () => {
    const id = await authenticatedMeanwhile(1_650);
    expect(await unreversed(system, id)).toHaveLength(1);
    await statusBecomes(id, 'succeeded');
    expect(await arrivals(system, 'adyen', id)).toEqual([]);
    expect(await exceptions(system, id)).toEqual([]);
    await expectSound(system, id);
  });
});

describe('an authorization that nobody captures', () => {
  it('is voided by its own timer before it lapses, and is expired', async () => {
    // Seven days in six seconds.
    const brief = await startSystem({ timeScale: 0.000_01 });
    try {
      const order = {
        amount: 1_700,
        currency: 'USD',
        capture_method: 'manual',
        payment_method: await brief.card(),
      };
      const { body } = await brief.pay(order);
      expect(body.status).toBe('requires_capture');
      await statusBecomes(body.id, 'expired', brief);
      expect(await payment(brief, body.id)).toMatchObject({ cancellation_reason: 'authorization_expired' });
      const seen = await effects(brief, 'stripe', body.id);
      expect(seen[0]).toBe('authorized');
      expect(seen).toHaveLength(2);
      expect(['voided', 'expired']).toContain(seen[1]);
      const late = await brief.request('POST', `/v1/payments/${body.id}/capture`, {
        key: freshKey(),
        body: {},
      });
      expect(late.status).toBe(409);
      await expectSound(brief, body.id);
    } finally {
      await brief.close();
    }
  });
});
