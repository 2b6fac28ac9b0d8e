import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';
import { accepted, arrivals, effects, expectSound, payment } from './support/checks.ts';
import { tellOnFailure } from './support/dump.ts';
import { type Operator, operatorOf } from './support/temporal.ts';

/** Workflows that are ended, forgotten or reset by hand, and requests that come again after that. */
let system: System;
afterEach(() => system?.clearFaults());
vi.setConfig({ testTimeout: 150_000 });
let operator: Operator;
beforeAll(async () => {
  system = await startSystem();
  operator = await operatorOf(system);
});
afterAll(async () => {
  await operator?.close();
  await system?.close();
});
tellOnFailure(() => system);

const statusBecomes = (id: string, status: string) =>
  waitFor(async () => (await payment(system, id)).status === status, { what: `${id} to be ${status}` });
const generationOf = async (id: string) =>
  (await system.sql<{ generation: number }>('SELECT generation FROM payment WHERE id = $1', [id]))[0]
    ?.generation;
const held = async (amount = 2_000) => {
  const order = { amount, currency: 'USD', capture_method: 'manual', payment_method: await system.card() };
  const { body } = await system.pay(order);
  expect(body.status).toBe('requires_capture');
  return body.id as string;
};
const capture = (id: string, body: object = {}, key = freshKey()) =>
  system.request('POST', `/v1/payments/${id}/capture`, { key, body });

/** Executed at the provider, answer lost, and the provider silent since. */
async function unknown(): Promise<{ id: string; order: Record<string, unknown>; key: string }> {
  await system.fault('stripe', { operation: 'authorize', mode: 'reset_after_commit', times: 1 });
  await system.fault('stripe', { operation: 'any', mode: 'status' });
  const order = { amount: 3_100, currency: 'USD', payment_method: await system.card() };
  const key = freshKey();
  const { body } = await accepted(system, order, key);
  expect(body.status).toBe('processing');
  return { id: body.id, order, key };
}

describe('a workflow that was terminated', () => {
  it('while the outcome was unknown is taken over by the next generation, and resolved to one charge', async () => {
    const { id } = await unknown();
    await operator.terminate(id);
    await system.clearFaults();
    await operator.sweep();
    await statusBecomes(id, 'succeeded');
    expect(await generationOf(id)).toBe(2);
    expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'captured']);
    expect(await arrivals(system, 'adyen', id)).toEqual([]);
    await expectSound(system, id);
  });

  it('while it held an authorization is reopened by a capture, which captures once', async () => {
    const id = await held();
    await operator.terminate(id);
    const key = freshKey();
    const answers = await Promise.all(Array.from({ length: 5 }, () => capture(id, {}, key)));
    for (const answer of answers)
      expect(answer.body).toMatchObject({ status: 'succeeded', amount_captured: 2_000 });
    expect(await generationOf(id)).toBe(2);
    expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'captured']);
    await expectSound(system, id);
  });

  it('while it held an authorization is reopened by the sweeper, which changes nothing', async () => {
    const id = await held();
    await operator.terminate(id);
    await operator.sweep();
    await waitFor(async () => (await operator.statusOf(id, 2)) === 'RUNNING', { what: 'generation 2' });
    await operator.sweep();
    expect(await generationOf(id)).toBe(2);
    expect(await payment(system, id)).toMatchObject({ status: 'requires_capture', amount_capturable: 2_000 });
    const { body } = await system.request('POST', `/v1/payments/${id}/void`, { key: freshKey(), body: {} });
    expect(body.status).toBe('canceled');
    expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'voided']);
    await expectSound(system, id);
  });

  it('again and again, a generation each time, still ends in one charge', async () => {
    const id = await held();
    for (const generation of [1, 2, 3]) {
      await operator.terminate(id, generation);
      await operator.sweep();
      await waitFor(async () => (await generationOf(id)) === generation + 1, { what: 'the next generation' });
      await waitFor(async () => (await operator.statusOf(id, generation + 1)) === 'RUNNING', { what: 'it' });
    }
    expect((await capture(id)).body).toMatchObject({ status: 'succeeded' });
    expect(await generationOf(id)).toBe(4);
    await expectSound(system, id);
  });

  it('with a send in flight: the send is resolved by the next generation, never repeated as a new one', async () => {
    const id = await held(4_200);
    await system.fault('stripe', { operation: 'capture', mode: 'latency', latencyMs: 1_500, times: 1 });
    const asked = capture(id, {}, freshKey());
    await waitFor(async () => (await arrivals(system, 'stripe', id)).length === 2, {
      what: 'the capture to arrive',
    });
    await operator.terminate(id);
    await operator.sweep();
    await asked;
    await statusBecomes(id, 'succeeded');
    expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'captured']);
    await expectSound(system, id);
  });
});

describe('a repeated request', () => {
  const terminal = async () => {
    const order = { amount: 1_700, currency: 'USD', payment_method: await system.card() };
    const key = freshKey();
    const first = await system.pay(order, { key });
    expect(first.body.status).toBe('succeeded');
    const { id } = first.body;
    await waitFor(async () => (await operator.statusOf(id)) === 'COMPLETED', {
      what: 'the workflow to close',
    });
    return { id, order, key, first };
  };

  it.each(['closed', 'been forgotten by Temporal'])(
    'after the workflow has %s gets the stored answer, and no second effect',
    async (state) => {
      const { id, order, key, first } = await terminal();
      if (state !== 'closed') await operator.forget(id);
      const again = await Promise.all(Array.from({ length: 5 }, () => system.pay(order, { key })));
      for (const answer of again) {
        expect(answer.status).toBe(first.status);
        expect(answer.body).toEqual(first.body);
        expect(answer.headers.get('idempotent-replayed')).toBe('true');
      }
      const other = await system.pay({ ...order, amount: 1_701 }, { key });
      expect(other.status).toBe(422);
      expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'captured']);
      expect(await arrivals(system, 'adyen', id)).toEqual([]);
      await expectSound(system, id);
    },
  );

  it('of a capture after it was forgotten gets the stored answer, and captures nothing more', async () => {
    const id = await held();
    const key = freshKey();
    const partial = { amount: 500, final_capture: false };
    const first = await capture(id, partial, key);
    expect(first.body).toMatchObject({ status: 'partially_captured', amount_captured: 500 });
    await operator.terminate(id);
    await operator.forget(id);
    const again = await capture(id, partial, key);
    expect(again.body).toEqual(first.body);
    expect(await payment(system, id)).toMatchObject({ amount_captured: 500 });
    expect((await capture(id)).body).toMatchObject({ status: 'succeeded', amount_captured: 2_000 });
    await expectSound(system, id);
  });

  it('for an authorization that Temporal forgot goes on from its row', async () => {
    const order = {
      amount: 900,
      currency: 'USD',
      capture_method: 'manual',
      payment_method: await system.card(),
    };
    const key = freshKey();
    const { body } = await system.pay(order, { key });
    await operator.terminate(body.id);
    await operator.forget(body.id);
    const again = await system.pay(order, { key });
    expect(again.body).toMatchObject({ id: body.id, status: 'requires_capture' });
    expect((await capture(body.id)).body.status).toBe('succeeded');
    expect(await effects(system, 'stripe', body.id)).toEqual(['authorized', 'captured']);
    await expectSound(system, body.id);
  });

  it('after a later generation has closed, and all were forgotten, is answered by the row', async () => {
    const order = {
      amount: 950,
      currency: 'USD',
      capture_method: 'manual',
      payment_method: await system.card(),
    };
    const key = freshKey();
    const { body } = await system.pay(order, { key });
    await operator.terminate(body.id);
    expect((await capture(body.id)).body.status).toBe('succeeded');
    await waitFor(async () => (await operator.statusOf(body.id, 2)) === 'COMPLETED', { what: 'it to close' });
    await operator.forget(body.id, 1);
    await operator.forget(body.id, 2);
    const again = await system.pay(order, { key });
    expect(again.body).toMatchObject({ id: body.id });
    expect(await payment(system, body.id)).toMatchObject({ status: 'succeeded', amount_captured: 950 });
    expect(await effects(system, 'stripe', body.id)).toEqual(['authorized', 'captured']);
    await expectSound(system, body.id);
  });
});

describe('a workflow that was reset', () => {
  it('after its payment was charged reads back where it stands', async () => {
    const { body } = await system.pay({
      amount: 1_300,
      currency: 'USD',
      payment_method: await system.card(),
    });
    await waitFor(async () => (await operator.statusOf(body.id)) === 'COMPLETED', { what: 'it to close' });
    await operator.resetToStart(body.id);
    await waitFor(async () => (await operator.statusOf(body.id)) === 'COMPLETED', {
      what: 'it to close again',
    });
    expect(await effects(system, 'stripe', body.id)).toEqual(['authorized', 'captured']);
    expect(await arrivals(system, 'adyen', body.id)).toEqual([]);
    await expectSound(system, body.id);
  });

  it('after it was authorized holds one authorization, and captures once', async () => {
    const id = await held();
    await operator.resetToStart(id);
    expect((await capture(id)).body).toMatchObject({ status: 'succeeded' });
    expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'captured']);
    expect(await arrivals(system, 'adyen', id)).toEqual([]);
    await expectSound(system, id);
  });

  it('while its authorization is under way asks what became of it instead of sending another', async () => {
    await system.fault('stripe', { operation: 'authorize', mode: 'latency', latencyMs: 1_500, times: 1 });
    const answer = system.pay({ amount: 1_400, currency: 'USD', payment_method: await system.card() });
    const id = await waitFor(
      async () => {
        const rows = await system.sql<{ id: string }>(
          `SELECT p.id FROM payment p JOIN operation o ON o.payment_id = p.id
           WHERE p.amount_minor = 1400 AND o.first_sent_at IS NOT NULL`,
        );
        return rows[0]?.id;
      },
      { what: 'the permit to be claimed' },
    );
    await waitFor(async () => (await arrivals(system, 'stripe', id)).length > 0, { what: 'it to arrive' });
    await operator.resetToStart(id);
    await answer;
    await statusBecomes(id, 'succeeded');
    expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'captured']);
    expect(await arrivals(system, 'adyen', id)).toEqual([]);
    await expectSound(system, id);
  });

  it('while a capture is under way captures once', async () => {
    const id = await held(1_450);
    await system.fault('stripe', { operation: 'capture', mode: 'latency', latencyMs: 1_200, times: 1 });
    const asked = capture(id);
    await waitFor(async () => (await arrivals(system, 'stripe', id)).length === 2, { what: 'it to arrive' });
    await operator.resetToStart(id);
    await asked;
    await statusBecomes(id, 'succeeded');
    expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'captured']);
    await expectSound(system, id);
  });

  it('many times over, at Adyen, shows one authorization and one capture', async () => {
    const order = { amount: 1_500, currency: 'EUR', payment_method: await system.card('4111111111111111') };
    const { body } = await system.pay(order);
    for (let round = 0; round < 3; round += 1) await operator.resetToStart(body.id);
    await statusBecomes(body.id, 'succeeded');
    await waitFor(async () => (await operator.statusOf(body.id)) === 'COMPLETED', { what: 'it to close' });
    expect(await effects(system, 'adyen', body.id)).toEqual(['authorized', 'captured']);
    expect(await arrivals(system, 'stripe', body.id)).toEqual([]);
    await expectSound(system, body.id);
  });
});
