import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refundIdFor, refundWorkflowId, workflowIdOf } from '../../domain/ids.ts';
import { isIdle } from '../../worker/sweeper.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';
import { effects, expectAuditChain, expectSound } from './support/checks.ts';
import { type Operator, operatorOf } from './support/temporal.ts';

/** What a hand in Temporal can do to a refund's workflow, and what a refund comes to all the same. */
let system: System;
let operator: Operator;
beforeAll(async () => {
  system = await startSystem({ providerDeadlineMs: 1_000 });
  operator = await operatorOf(system);
});
afterAll(async () => {
  await operator?.close();
  await system?.close();
});

async function paid(): Promise<string> {
  const { body } = await system.pay({
    amount: 1_000,
    currency: 'USD',
    payment_method: await system.card(),
  });
  expect(body.status).toBe('succeeded');
  return body.id;
}

const refund = (paymentId: string, body: object = {}, key = freshKey(), wait = 'wait=2') =>
  system.request('POST', `/v1/payments/${paymentId}/refunds`, { key, body, headers: { prefer: wait } });

const until = (refundId: string, status: string) =>
  waitFor(async () => (await system.request('GET', `/v1/refunds/${refundId}`)).body.status === status, {
    what: `${refundId} to be ${status}`,
  });

const refunds = async (id: string) =>
  (await effects(system, 'stripe', id)).filter((each) => each === 'refunded').length;

/** A refund that Stripe has made, and whose answer nobody heard. */
async function unheard(id: string): Promise<string> {
  await system.fault('stripe', { operation: 'refund', mode: 'hang_after_commit' });
  await system.fault('stripe', { operation: 'lookup', mode: 'status' });
  const { body, status } = await refund(id);
  expect([status, body.status]).toEqual([202, 'pending']);
  return body.id;
}

describe('a refund whose workflow is terminated', () => {
  it('while its outcome is unknown is found by the sweeper, once, and comes to one refund', async () => {
    const id = await paid();
    const refundId = await unheard(id);
    await operator.terminate(refundId);
    const found = await operator.sweep();
    expect(found.reopened).toEqual({ closed: 1, forgotten: 0, stuck: 0 });
    await system.clearFaults();
    await until(refundId, 'succeeded');
    expect(await refunds(id)).toBe(1);
    await expectAuditChain(system, refundId);
    await expectSound(system, id);
    // What rests is nobody's business any more.
    await waitFor(async () => isIdle(await operator.sweep()), { what: 'nothing to be left to find' });
  });

  it('is opened again by an operator', async () => {
    const id = await paid();
    const refundId = await unheard(id);
    await operator.terminate(refundId);
    await system.clearFaults();
    await system.request('POST', `/v1/operator/refunds/${refundId}/retry`, {
      key: freshKey(),
      body: { reason: 'the provider is back' },
      apiKey: system.operatorKeys.alice,
    });
    await until(refundId, 'succeeded');
    expect(await refunds(id)).toBe(1);
    await expectSound(system, id);
  });

  it('and forgotten by Temporal gives the stored answer to the same key, and nothing more', async () => {
    const id = await paid();
    const key = freshKey();
    const first = await refund(id, { amount: 300 }, key);
    await waitFor(async () => (await operator.statusOf(first.body.id)) === 'COMPLETED', { what: 'its end' });
    await operator.forget(first.body.id);
    const again = await refund(id, { amount: 300 }, key);
    expect([again.status, again.body.id]).toEqual([201, first.body.id]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await refunds(id)).toBe(1);
  });
});

describe('a refund whose workflow is reset to its start', () => {
  it('after it succeeded reads back where it stands', async () => {
    const id = await paid();
    const { body } = await refund(id, { amount: 400 });
    await waitFor(async () => (await operator.statusOf(body.id)) === 'COMPLETED', { what: 'its end' });
    await operator.resetToStart(body.id);
    await waitFor(async () => (await operator.statusOf(body.id)) === 'COMPLETED', {
      what: 'the new run to end',
    });
    expect(await refunds(id)).toBe(1);
    expect((await system.request('GET', `/v1/refunds/${body.id}`)).body.status).toBe('succeeded');
    await expectAuditChain(system, body.id);
    await expectSound(system, id);
  });

  it('while its outcome is unknown asks what became of it instead of refunding again', async () => {
    const id = await paid();
    const refundId = await unheard(id);
    await operator.resetToStart(refundId);
    await system.clearFaults();
    await until(refundId, 'succeeded');
    expect(await refunds(id)).toBe(1);
    await expectSound(system, id);
  });
});

describe('a refund whose workflow was ended before it planned', () => {
  it('is refused for good under its key; a new key refunds', async () => {
    const other = await paid();
    const key = freshKey();
    const refundId = refundIdFor(other, key);
    const handle = await operator.client.workflow.start('refund', {
      taskQueue: 'nobody-polls-this-queue',
      workflowId: refundWorkflowId(refundId, 1),
      args: [{ refundId, generation: 1 }],
    });
    await handle.terminate('an operator in error');
    const refused = await refund(other, {}, key);
    expect([refused.status, refused.body.error.code]).toEqual([409, 'refund_ended']);
    expect((await refund(other, {}, key)).body.error.code).toBe('refund_ended');
    expect(await refunds(other)).toBe(0);
    expect((await refund(other)).body).toMatchObject({ status: 'succeeded', amount: 1_000 });
    await expectSound(system, other);
  });
});

describe('a workflow that fails again and again', () => {
  it('although its payment is finished, is ended by the sweeper and leaves an exception', async () => {
    const id = await paid();
    await waitFor(async () => (await operator.statusOf(id)) === 'COMPLETED', { what: 'its end' });
    const { address, namespace } = system.config.temporal;
    const connection = await NativeConnection.connect({ address });
    const taskQueue = `broken-${id}`;
    const workflowsPath = fileURLToPath(new URL('./support/broken-payment.ts', import.meta.url));
    const worker = await Worker.create({ connection, namespace, taskQueue, workflowsPath });
    const workflowId = workflowIdOf(id, 1);
    const attempts = async () => {
      const { raw } = await operator.client.workflow.getHandle(workflowId).describe();
      return raw.pendingWorkflowTask?.attempt ?? 0;
    };
    await worker.runUntil(async () => {
      await operator.client.workflow.start('payment', {
        workflowId,
        taskQueue,
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      });
      await waitFor(async () => (await attempts()) >= 4, { what: 'four tries', timeoutMs: 60_000 });
    });
    await connection.close();
    const exceptionOf = () => operator.db.exception.findFirst({ where: { subjectId: id } });
    // The worker's own sweeper may be the one that finds it.
    const exception = await waitFor(
      async () => {
        await operator.sweep();
        return exceptionOf();
      },
      { what: 'a sweeper to find it' },
    );
    expect(exception).toMatchObject({
      kind: 'workflow_stuck',
      summary: expect.stringMatching(/could not go on \([A-Z_]+\); see/),
    });
    expect(await operator.statusOf(id)).toBe('TERMINATED');
    expect(await refunds(id)).toBe(0);
    await expectSound(system, id);
  });
});
