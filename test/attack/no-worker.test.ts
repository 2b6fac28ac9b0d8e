import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';
import { accepted, arrivals, effects, expectSound, payment } from './support/checks.ts';
import { tellOnFailure } from './support/dump.ts';
import { closeGate } from './support/postgres-gate.ts';
import { type Operator, operatorOf } from './support/temporal.ts';

/** Requests that come while no worker is there, and what becomes of them when one comes. */
let system: System;
let operator: Operator;
afterEach(async () => {
  await operator?.close();
  await system?.close();
});
tellOnFailure(() => system);

async function begin(completeByMs: number) {
  system = await startSystem({ worker: false, completeByMs, apiWaitMs: 800 });
  operator = await operatorOf(system);
  const order = { amount: 2_500, currency: 'USD', payment_method: await system.card() };
  const key = freshKey();
  const answer = await accepted(system, order, key);
  return { answer, order, key };
}
const statusBecomes = (id: string, status: string) =>
  waitFor(async () => (await payment(system, id)).status === status, { what: `${id} to be ${status}` });

describe('without a worker', () => {
  it('a request is accepted in time, and charged once when a worker comes within complete_by', async () => {
    const { answer, order, key } = await begin(60_000);
    expect(answer.body.status).toBe('processing');
    const { id } = answer.body;
    expect((await system.pay(order, { key })).body).toMatchObject({ id, status: 'processing' });
    // The key is taken before anybody has worked on it, so another body is refused even now.
    expect((await system.pay({ ...order, amount: 9_999 }, { key })).status).toBe(422);
    await system.startWorker();
    await statusBecomes(id, 'succeeded');
    expect((await system.pay(order, { key })).body).toMatchObject({ id, status: 'succeeded' });
    expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'captured']);
    await expectSound(system, id);
  });

  it('past complete_by it is canceled unsent: nobody is charged hours later', async () => {
    const { answer, order, key } = await begin(1_000);
    const dueMs = Date.now() + 1_000;
    const { id } = answer.body;
    await waitFor(() => Date.now() > dueMs, { what: 'complete_by to pass' });
    await system.startWorker();
    await statusBecomes(id, 'canceled');
    expect(await payment(system, id)).toMatchObject({ cancellation_reason: 'complete_by_passed' });
    expect((await system.pay(order, { key })).body).toMatchObject({ id, status: 'canceled' });
    expect(await arrivals(system, 'stripe', id)).toEqual([]);
    expect(await arrivals(system, 'adyen', id)).toEqual([]);
    await expectSound(system, id);
  });

  it('a workflow terminated before its plan leaves a canceled shell', async () => {
    const { answer, order, key } = await begin(60_000);
    const { id } = answer.body;
    await operator.terminate(id);
    await expectShell(id, order, key);
    await system.startWorker();
    await expectShell(id, order, key);
  });

  it('a plan that is late because its worker was held up finds the shell, and stays unsent', async () => {
    const { answer, order, key } = await begin(60_000);
    const { id } = answer.body;
    const gate = await closeGate(system.ownerUrl, {
      table: 'payment',
      event: 'INSERT',
      when: 'NEW.generation = 1',
    });
    await system.startWorker();
    const [backend] = await gate.reached();
    await operator.terminate(id);
    await expectShell(id, order, key);
    await gate.open();
    const done = `SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active'`;
    await waitFor(async () => (await system.sql(done, [backend])).length === 0, { what: 'the late plan' });
    await gate.remove();
    await expectShell(id, order, key);
  });

  it('a capture waits for one, and asked for again with the same key captures once', async () => {
    system = await startSystem({ worker: false, apiWaitMs: 3_000 });
    operator = await operatorOf(system);
    const worker = await system.startWorker();
    const order = {
      amount: 2_600,
      currency: 'USD',
      capture_method: 'manual',
      payment_method: await system.card(),
    };
    const { id } = (await system.pay(order)).body;
    await statusBecomes(id, 'requires_capture');
    await worker.stop();
    const key = freshKey();
    const capture = () =>
      system.request('POST', `/v1/payments/${id}/capture`, { key, body: {}, headers: { prefer: 'wait=1' } });
    const unheard = await capture();
    expect([202, 503]).toContain(unheard.status);
    expect(await payment(system, id)).toMatchObject({ amount_captured: 0 });
    await system.startWorker();
    await waitFor(async () => (await capture()).status === 200, { what: 'the capture to be answered' });
    expect(await payment(system, id)).toMatchObject({ status: 'succeeded', amount_captured: 2_600 });
    expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'captured']);
    await expectSound(system, id);
  });

  async function expectShell(id: string, order: Record<string, unknown>, key: string): Promise<void> {
    const shell = { id, status: 'canceled', cancellation_reason: 'ended_before_it_began' };
    expect((await system.pay(order, { key })).body).toMatchObject(shell);
    expect((await system.pay({ ...order, amount: 2_501 }, { key })).status).toBe(422);
    const rows = await system.sql('SELECT status, generation FROM payment WHERE id = $1', [id]);
    expect(rows).toEqual([{ status: 'canceled', generation: 2 }]);
    expect(await system.sql('SELECT 1 FROM operation WHERE payment_id = $1', [id])).toEqual([]);
    expect(await arrivals(system, 'stripe', id)).toEqual([]);
    expect(await arrivals(system, 'adyen', id)).toEqual([]);
    await expectSound(system, id);
  }
});
