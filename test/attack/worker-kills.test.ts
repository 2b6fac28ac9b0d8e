import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';
import { arrivals, effects, exceptions, expectSound, payment } from './support/checks.ts';
import { tellOnFailure } from './support/dump.ts';
import { CLAIMS, closeGate } from './support/postgres-gate.ts';
import { type Operator, operatorOf } from './support/temporal.ts';
import { type WorkerFactory, type WorkerProcess, workerProcesses } from './support/worker-process.ts';

/**
 * Worker processes killed and frozen at the worst moments. A statement held at a gate in Postgres says
 * exactly where the process is; opening the gate lets Postgres commit what the process will never hear of.
 */
let system: System;
let operator: Operator;
let workers: WorkerFactory;
beforeEach(async () => {
  // A short total deadline, so that the server notices a dead worker soon.
  system = await startSystem({
    worker: false,
    providerDeadlineMs: 600,
    apiWaitMs: 1_000,
    completeByMs: 120_000,
  });
  [operator, workers] = await Promise.all([operatorOf(system), workerProcesses(system)]);
});
afterEach(async () => {
  await workers?.close();
  await operator?.close();
  await system?.close();
});
tellOnFailure(() => system);

// The server takes a dead worker's task back after ten seconds, a dead send's after as many and its deadline.
const LONG = 60_000;
vi.setConfig({ testTimeout: 180_000 });
const statusBecomes = (id: string, status: string) =>
  waitFor(async () => (await payment(system, id)).status === status, {
    what: `${id} to be ${status}`,
    timeoutMs: LONG,
  });

async function pay(amount: number, more: Record<string, unknown> = {}) {
  const order = { amount, currency: 'USD', payment_method: await system.card(), ...more };
  return { answered: system.pay(order) };
}
const idOf = (amount: number) =>
  waitFor(
    async () =>
      (await system.sql<{ id: string }>('SELECT id FROM payment WHERE amount_minor = $1', [amount]))[0]?.id,
    { what: 'the payment to be written' },
  );
const committed = (query: string, values: unknown[]) =>
  waitFor(async () => (await system.sql(query, values)).length > 0, { what: 'Postgres to commit' });
const permitOlderThan = (id: string, ms: number) =>
  committed(
    `SELECT 1 FROM operation WHERE payment_id = $1
     AND first_sent_at < clock_timestamp() - $2 * interval '1 millisecond'`,
    [id, ms],
  );
const oneCharge = async (id: string) => {
  expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'captured']);
  expect(await arrivals(system, 'adyen', id)).toEqual([]);
  await expectSound(system, id);
};

describe('a worker that is killed', () => {
  it('after its plan was committed: the next one follows the stored route, though health has flipped', async () => {
    const first = await workers.start();
    const gate = await closeGate(system.ownerUrl, { table: 'payment', event: 'INSERT' });
    const { answered } = await pay(3_001);
    await gate.reached();
    first.freeze();
    await gate.remove();
    const id = await idOf(3_001);
    await first.kill();
    await answered;
    await system.sql(
      `INSERT INTO circuit (account_id, state, consecutive_failures, opened_at, probe_after)
       VALUES ('pa_demo_stripe', 'open', 9, clock_timestamp(), clock_timestamp() + interval '1 hour')`,
    );
    await workers.start();
    await statusBecomes(id, 'succeeded');
    const { attempts } = await payment(system, id);
    expect(attempts.map((attempt: { provider: string }) => attempt.provider)).toEqual(['stripe']);
    await oneCharge(id);
  });

  it('between its claim and the first byte: asked about, then sent again under the same key', async () => {
    const first = await workers.start();
    const gate = await closeGate(system.ownerUrl, CLAIMS);
    const { answered } = await pay(3_002);
    await gate.reached();
    first.freeze();
    await gate.remove();
    const id = await idOf(3_002);
    await permitOlderThan(id, 0);
    await first.kill();
    await answered;
    expect(await arrivals(system, 'stripe', id)).toEqual([]);
    await workers.start();
    await statusBecomes(id, 'succeeded');
    await oneCharge(id);
  });

  it('after the provider executed: asked about, and found', async () => {
    const first = await workers.start();
    await system.fault('stripe', { operation: 'authorize', mode: 'hang_after_commit', times: 1 });
    const { answered } = await pay(3_003);
    const id = await idOf(3_003);
    await waitFor(async () => (await effects(system, 'stripe', id)).length === 2, { what: 'the charge' });
    await first.kill();
    await answered;
    await workers.start();
    await statusBecomes(id, 'succeeded');
    await oneCharge(id);
  });

  it('after its step was committed: the next one finds it written, and writes it once', async () => {
    const first = await workers.start();
    const gate = await closeGate(system.ownerUrl, { table: 'payment', event: 'UPDATE' });
    const { answered } = await pay(3_004);
    await gate.reached();
    first.freeze();
    await gate.remove();
    const id = await idOf(3_004);
    await committed(`SELECT 1 FROM payment WHERE id = $1 AND status = 'succeeded'`, [id]);
    await first.kill();
    await answered;
    await workers.start();
    await waitFor(async () => (await operator.statusOf(id)) === 'COMPLETED', {
      what: 'it to end',
      timeoutMs: LONG,
    });
    expect(await system.sql('SELECT 1 FROM audit WHERE payment_id = $1', [id])).toHaveLength(2);
    await oneCharge(id);
  });
});

describe('a worker that is frozen', () => {
  it('between its claim and the first byte, and thawed too late, sends nothing: the next provider charges', async () => {
    const frozen = await workers.start();
    const gate = await closeGate(system.ownerUrl, CLAIMS);
    const { answered } = await pay(3_005);
    await gate.reached();
    frozen.freeze();
    await gate.remove();
    const id = await idOf(3_005);
    await permitOlderThan(id, 2_100);
    frozen.thaw();
    await answered;
    await statusBecomes(id, 'succeeded');
    expect(await arrivals(system, 'stripe', id)).toEqual([]);
    expect(await effects(system, 'adyen', id)).toEqual(['authorized', 'captured']);
    await expectSound(system, id);
  });

  it('past its time between claim and first byte stays silent when it thaws among the living', async () => {
    const frozen = await workers.start();
    const gate = await closeGate(system.ownerUrl, CLAIMS);
    const { answered } = await pay(3_006);
    await gate.reached();
    frozen.freeze();
    await gate.remove();
    const id = await idOf(3_006);
    await answered;
    const second = await workers.start();
    await statusBecomes(id, 'succeeded');
    const before = await standing(id);
    await serves(frozen, second);
    expect(await standing(id)).toEqual(before);
    await oneCharge(id);
  });

  it('past its time with the request in flight: another resolves, and the zombie changes nothing', async () => {
    const frozen = await workers.start();
    await system.fault('stripe', { operation: 'authorize', mode: 'hang_after_commit', times: 1 });
    const { answered } = await pay(3_007);
    const id = await idOf(3_007);
    await waitFor(async () => (await effects(system, 'stripe', id)).length === 2, { what: 'the charge' });
    frozen.freeze();
    await answered;
    const second = await workers.start();
    await statusBecomes(id, 'succeeded');
    const before = await standing(id);
    // Its answer lies in the socket now, and it has a step to write.
    await system.clearFaults();
    await serves(frozen, second);
    expect(await standing(id)).toEqual(before);
    expect(await exceptions(system, id)).toEqual([]);
    await oneCharge(id);
  });

  it('while writing a step, and overtaken by the next generation, writes nothing when it thaws', async () => {
    const frozen = await workers.start();
    const gate = await closeGate(system.ownerUrl, {
      table: 'payment',
      event: 'UPDATE',
      when: 'NEW.sequence = 2',
    });
    const { answered } = await pay(3_008, { capture_method: 'manual' });
    const [backend] = await gate.reached();
    frozen.freeze();
    const id = await idOf(3_008);
    // Its statement dies with its connection; the process does not know yet.
    await system.sql('SELECT pg_terminate_backend($1)', [backend]);
    await gate.remove();
    await answered;
    await operator.terminate(id);
    const second = await workers.start();
    await operator.sweep();
    await statusBecomes(id, 'requires_capture');
    const before = await standing(id);
    await serves(frozen, second);
    expect(await standing(id)).toEqual(before);
    expect(await effects(system, 'stripe', id)).toEqual(['authorized']);
    await capture(id);
    await statusBecomes(id, 'succeeded');
    await oneCharge(id);
  });
});

/** A worker that has only just come to itself may not hear it in time: nobody knows then, and the same is sent again. */
function capture(id: string): Promise<unknown> {
  const request = { key: freshKey(), body: {} };
  const send = () => system.request('POST', `/v1/payments/${id}/capture`, request);
  return waitFor(async () => (await send()).status < 400, {
    what: 'the capture to be heard',
    timeoutMs: LONG,
  });
}

/** Everything that a zombie might touch. */
const standing = async (id: string) => ({
  payment: await system.sql('SELECT status, sequence, generation, audit_head FROM payment WHERE id = $1', [
    id,
  ]),
  operations: await system.sql('SELECT id, status, sends FROM operation WHERE payment_id = $1 ORDER BY id', [
    id,
  ]),
  effects: [await effects(system, 'stripe', id), await effects(system, 'adyen', id)],
});

/** The thawed worker has come to itself: alone now, it serves a payment, and has done what it had left to do. */
async function serves(thawed: WorkerProcess, other: WorkerProcess): Promise<void> {
  await other.kill();
  thawed.thaw();
  const { answered } = await pay(4_000);
  await answered;
  await statusBecomes(await idOf(4_000), 'succeeded');
}
