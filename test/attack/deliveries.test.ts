import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deliveryWorkflowId } from '../../domain/ids.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, type SystemOptions, startSystem } from '../support/system.ts';
import { tellOnFailure } from './support/dump.ts';
import { addEndpoint, freshSecret } from './support/endpoints.ts';
import { type Arrival, type Behaviour, type Receiver, startReceiver } from './support/receiver.ts';
import { type Operator, operatorOf } from './support/temporal.ts';
import { workerProcesses } from './support/worker-process.ts';

/**
 * Events on their way to merchants' endpoints that fail, hang, give up and lie, over the whole system: each is
 * delivered at least once, in order for each payment, without a gap.
 */
let system: System;
let operator: Operator;
let receiver: Receiver;
const opened: { close(): Promise<void> }[] = [];
const start = async (options: SystemOptions = {}) => {
  system = await startSystem({ timeScale: 0.0002, ...options });
  operator = await operatorOf(system);
};
const receive = async () => {
  const made = await startReceiver(freshSecret());
  opened.push(made);
  return made;
};
beforeEach(async () => {
  receiver = await receive();
});
afterEach(async () => {
  await operator?.close();
  await system?.close();
  await Promise.all(opened.splice(0).map((each) => each.close()));
});
tellOnFailure(() => system);
vi.setConfig({ testTimeout: 180_000 });
const LONG = { timeoutMs: 90_000 };

async function pay(payment_method: string): Promise<string> {
  const { body } = await system.pay({ amount: 1_000, currency: 'USD', payment_method });
  if (body.status !== 'succeeded') throw new Error(JSON.stringify(body));
  return body.id;
}
/** Many payments by few callers, every third of them refunded: one or three events each. */
async function business(count: number): Promise<void> {
  const card = await system.card('4242424242424242', { cvc: undefined });
  let next = 0;
  const caller = async () => {
    while (next < count) {
      const mine = next++;
      const id = await pay(card);
      if (mine % 3 !== 0) continue;
      const answer = await system.request('POST', `/v1/payments/${id}/refunds`, {
        key: freshKey(),
        body: { amount: 100 },
      });
      if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
    }
  };
  await Promise.all(Array.from({ length: 6 }, caller));
}

interface OutboxRow {
  readonly id: string;
  readonly paymentId: string;
  readonly n: number;
}
const outbox = () =>
  system.sql<OutboxRow>(
    'SELECT id, payment_id AS "paymentId", event_sequence AS n FROM outbox ORDER BY payment_id, event_sequence',
  );
const undelivered = async () =>
  Number(
    (
      await system.sql<{ n: string }>(
        `SELECT count(*) AS n FROM webhook_endpoint e CROSS JOIN outbox o
     WHERE NOT EXISTS (SELECT 1 FROM webhook_delivery d
       WHERE d.endpoint_id = e.id AND d.event_id = o.id AND d.status = 'delivered')`,
      )
    )[0]?.n,
  );
const allDelivered = () =>
  waitFor(async () => (await undelivered()) === 0, {
    what: 'every event to be delivered',
    intervalMs: 200,
    ...LONG,
  });

/** Of each payment the first taking of each event, in order of arrival, is 1, 2, 3... to the last. */
async function expectInOrder({ taken, forged }: Receiver): Promise<void> {
  expect(forged).toEqual([]);
  const firsts = new Map<string, number[]>();
  const seen = new Set<string>();
  for (const { eventId, payment, sequence } of taken()) {
    if (seen.has(eventId)) continue;
    seen.add(eventId);
    firsts.set(payment, [...(firsts.get(payment) ?? []), sequence]);
  }
  const expected = new Map<string, number[]>();
  for (const { paymentId, n } of await outbox())
    expected.set(paymentId, [...(expected.get(paymentId) ?? []), n]);
  expect(Object.fromEntries(firsts)).toEqual(Object.fromEntries(expected));
  for (const sequence of expected.values()) expect(sequence).toEqual(sequence.map((_, index) => index + 1));
}

function expectSameBodies(arrivals: readonly Arrival[]): void {
  const bodies = new Map<string, string>();
  for (const { eventId, body } of arrivals)
    expect(bodies.get(eventId) ?? body).toBe(bodies.set(eventId, body).get(eventId));
}

/** One after the other, over and over. */
function each(behaviours: readonly Behaviour[]): () => Behaviour {
  let count = 0;
  return () => behaviours[count++ % behaviours.length] ?? 200;
}

const standing = async (id: string) =>
  (await operator.client.workflow.getHandle(deliveryWorkflowId(id)).describe()).status.name;

describe('an endpoint', () => {
  it('hears of a payment and its refund, signed, as the API shows them', async () => {
    await start();
    await addEndpoint(system, receiver.url, receiver.secret);
    const id = await pay(await system.card());
    const refund = await system.request('POST', `/v1/payments/${id}/refunds`, { key: freshKey(), body: {} });
    const [first, second, third] = await waitFor(
      () => (receiver.arrivals.length === 3 ? receiver.arrivals : undefined),
      { what: 'three webhooks' },
    );
    expect(first).toMatchObject({ payment: id, sequence: 1, type: 'payment.succeeded', signatures: 1 });
    expect(second).toMatchObject({ payment: id, sequence: 2, type: 'refund.created' });
    expect(third).toMatchObject({ payment: id, sequence: 3, type: 'refund.succeeded' });
    expect(JSON.parse(first?.body ?? '').data.object).toMatchObject({
      id,
      status: 'succeeded',
      amount: 1_000,
    });
    expect(JSON.parse(third?.body ?? '').data.object).toEqual(refund.body);
  });

  it('that fails half of the time hears of everything, in order, across runs that continue as new', async () => {
    await start();
    const id = await addEndpoint(system, receiver.url, receiver.secret);
    // Deterministic, and of every kind; an event's second half of attempts is as likely to fail as its first.
    receiver.behave(each([200, 500, 200, 'cut', 204, 429, 200, { redirect: 'http://127.0.0.1:1/' }]));
    await operator.client.workflow.start('delivery', {
      taskQueue: system.config.temporal.taskQueue,
      workflowId: deliveryWorkflowId(id),
      args: [{ endpointId: id, passesARun: 1 }],
    });
    const { runId: firstRun } = await operator.client.workflow.getHandle(deliveryWorkflowId(id)).describe();
    await business(90);
    await allDelivered();
    await expectInOrder(receiver);
    expectSameBodies(receiver.arrivals);
    expect(receiver.arrivals.length).toBeGreaterThan(1.5 * receiver.taken().length);
    // Nothing is doubled but what had not been taken.
    expect(receiver.taken()).toHaveLength((await outbox()).length);
    // One pass may have taken them all; the next run begins a moment after it.
    await waitFor(
      async () =>
        (await operator.client.workflow.getHandle(deliveryWorkflowId(id)).describe()).runId !== firstRun,
      { what: 'a run that continues as new' },
    );
  });

  it('that hangs slows no other', async () => {
    await start({ webhookDeadlineMs: 5_000, timeScale: 1 });
    const hanging = await receive();
    hanging.behave(() => 'hang');
    const hung = await addEndpoint(system, hanging.url, hanging.secret);
    const well = await addEndpoint(system, receiver.url, receiver.secret);
    await business(40);
    const of = async (id: string) =>
      (
        await system.sql(`SELECT 1 FROM webhook_delivery WHERE endpoint_id = $1 AND status = 'delivered'`, [
          id,
        ])
      ).length;
    const events = (await outbox()).length;
    // Within one of its deadlines: nothing of the other's can have been waited for.
    await waitFor(async () => (await of(well)) === events, {
      what: 'the other to have it all',
      timeoutMs: 4_500,
    });
    await expectInOrder(receiver);
    expect(await of(hung)).toBe(0);
    expect(hanging.arrivals.length).toBeGreaterThan(0);
    // One payment's second event never went before its first was dealt with.
    expect(hanging.arrivals.every(({ sequence }) => sequence === 1)).toBe(true);
  });

  it('that says 410 is disabled, hears no more, and goes on where it stood once it is enabled', async () => {
    await start();
    const id = await addEndpoint(system, receiver.url, receiver.secret);
    receiver.behave(() => 410);
    const card = await system.card('4242424242424242', { cvc: undefined });
    await pay(card);
    await waitFor(async () => (await standing(id)) === 'COMPLETED', { what: 'its workflow to end', ...LONG });
    const rows = () => system.sql('SELECT status, disabled_reason FROM webhook_endpoint WHERE id = $1', [id]);
    expect(await rows()).toEqual([{ status: 'disabled', disabled_reason: 'the endpoint answered 410 Gone' }]);
    const before = receiver.arrivals.length;
    await pay(card);
    expect(receiver.arrivals).toHaveLength(before);
    receiver.behave(() => 200);
    await system.sql(`UPDATE webhook_endpoint SET status = 'enabled', disabled_reason = NULL WHERE id = $1`, [
      id,
    ]);
    // Nobody pokes: the sweeper finds it.
    await allDelivered();
    await expectInOrder(receiver);
  });

  it('gives an event up after the last rung, and lets the next one of its payment through', async () => {
    await start({ timeScale: 0.000_002 });
    const id = await addEndpoint(system, receiver.url, receiver.secret);
    receiver.behave(({ sequence }) => (sequence === 1 ? 503 : 200));
    const payment = await pay(await system.card());
    await system.request('POST', `/v1/payments/${payment}/refunds`, { key: freshKey(), body: {} });
    const rows = () =>
      system.sql<{ status: string; attempts: number }>(
        'SELECT status, attempts, last_error FROM webhook_delivery WHERE endpoint_id = $1 ORDER BY event_sequence',
        [id],
      );
    await waitFor(async () => (await rows())[2]?.status === 'delivered', {
      what: 'the third event',
      ...LONG,
    });
    expect(await rows()).toEqual([
      { status: 'dead', attempts: 19, last_error: 'HTTP 503' },
      { status: 'delivered', attempts: 1, last_error: null },
      { status: 'delivered', attempts: 1, last_error: null },
    ]);
    expect(receiver.arrivals.slice(0, 19).every(({ sequence }) => sequence === 1)).toBe(true);
  });
});

describe('what an endpoint’s URL leads to', () => {
  it('is not called where it is private, and a redirect there is not followed', async () => {
    await start();
    const inside = await receive();
    receiver.behave(() => ({ redirect: inside.url }));
    await addEndpoint(system, receiver.url, receiver.secret);
    await pay(await system.card());
    await waitFor(() => receiver.arrivals.length >= 2, { what: 'two attempts', ...LONG });
    expect(inside.arrivals).toEqual([]);
  });

  it('is refused at connect outside of sandboxes', async () => {
    await start({ privateTargets: false });
    const id = await addEndpoint(system, receiver.url, receiver.secret);
    const { port } = new URL(receiver.url);
    const named = await addEndpoint(system, `http://localhost:${port}/`, receiver.secret);
    await pay(await system.card());
    const errors = () =>
      system.sql<{ id: string; error: string }>(
        'SELECT endpoint_id AS id, last_error AS error FROM webhook_delivery WHERE attempts > 1',
      );
    await waitFor(async () => (await errors()).length === 2, { what: 'both to have been tried', ...LONG });
    const told = Object.fromEntries((await errors()).map((each) => [each.id, each.error]));
    expect(told[id]).toMatch(/not sent to/);
    expect(told[named]).toMatch(/not sent to|could not be resolved/);
    expect(receiver.arrivals.length + receiver.forged.length).toBe(0);
  });
});

describe('a worker that is killed', () => {
  it('amid deliveries, again and again, loses none and leaves the order as it is', async () => {
    await start({ worker: false, webhookDeadlineMs: 800 });
    const workers = await workerProcesses(system);
    opened.push(workers);
    const id = await addEndpoint(system, receiver.url, receiver.secret);
    const enable = (status: string) =>
      system.sql('UPDATE webhook_endpoint SET status = $2 WHERE id = $1', [id, status]);
    // Payments first: killed workers delay them too, and that is told elsewhere.
    await enable('disabled');
    let worker = await workers.start();
    await business(30);
    receiver.behave(each([200, 'hang', 200, 500]));
    await enable('enabled');
    for (let kills = 1; kills <= 2; kills += 1) {
      await waitFor(() => receiver.arrivals.length > 12 * kills, { what: 'deliveries to go on', ...LONG });
      await worker.kill();
      worker = await workers.start();
    }
    await allDelivered();
    await expectInOrder(receiver);
    expectSameBodies(receiver.arrivals);
  });
});
