/**
 * Makes an endpoint for every state and stores its workflow's history in workflows/delivery/histories/. Run by
 * `npx vitest run --config test/replay/record.config.ts record-deliveries`; the README there says when.
 */
import { afterEach, beforeAll, beforeEach, describe, it } from 'vitest';
import { deliveryWorkflowId } from '../../domain/ids.ts';
import { addEndpoint, freshSecret } from '../attack/support/endpoints.ts';
import { type Receiver, startReceiver } from '../attack/support/receiver.ts';
import { waitFor } from '../support/harness.ts';
import { clearHistories, done, keep, PATIENCE, paid, type Studio, studio, waiting } from './studio.ts';

let receiver: Receiver;
beforeAll(() => clearHistories('delivery'));
beforeEach(async () => {
  receiver = await startReceiver(freshSecret());
});
afterEach(() => receiver.close());

const endpointOf = ({ system }: Studio) => addEndpoint(system, receiver.url, receiver.secret);

const hasHeard = (count: number) =>
  waitFor(() => receiver.arrivals.length >= count, { ...PATIENCE, what: `${count} webhooks` });

/** It has rested, looked by itself, and rests again: a history of more than its first pass. */
const rests = ({ client }: Studio, id: string) =>
  waitFor(
    async () => {
      const { events } = await client.workflow.getHandle(deliveryWorkflowId(id)).fetchHistory();
      const timers = (events ?? []).flatMap(({ timerStartedEventAttributes, timerFiredEventAttributes }) => {
        if (timerFiredEventAttributes) return ['fired'];
        return timerStartedEventAttributes ? ['started'] : [];
      });
      return timers.includes('fired') && timers.at(-1) === 'started';
    },
    { ...PATIENCE, what: `${id} to rest` },
  );

describe('in time', () => {
  const at = studio({ timeScale: 0.001 });

  it('idle', async () => {
    const id = await endpointOf(at);
    await paid(at, 'USD');
    await hasHeard(1);
    await rests(at, id);
    await keep(at, 'waiting-idle', id, waiting('idle'));
  });

  it('retrying', async () => {
    const id = await endpointOf(at);
    receiver.behave(() => 503);
    await paid(at, 'USD');
    await hasHeard(3);
    await rests(at, id);
    await keep(at, 'waiting-retrying', id, waiting('retrying'));
  });

  it('disabled by its own 410, and by its merchant', async () => {
    const gone = await endpointOf(at);
    receiver.behave(() => 410);
    await paid(at, 'USD');
    await keep(at, 'disabled-by-410', gone, done('disabled'));
    receiver.behave(() => 200);
    const before = receiver.arrivals.length;
    const stopped = await endpointOf(at);
    await paid(at, 'USD');
    await hasHeard(before + 1);
    await at.system.sql(`UPDATE webhook_endpoint SET status = 'disabled' WHERE id = $1`, [stopped]);
    await keep(at, 'disabled-by-its-merchant', stopped, done('disabled'));
  });

  it('gone', async () => {
    const id = await endpointOf(at);
    await paid(at, 'USD');
    await hasHeard(1);
    await at.system.sql('DELETE FROM webhook_endpoint WHERE id = $1', [id]);
    await keep(at, 'gone-deleted', id, done('gone'));
  });

  it('continued as new', async () => {
    const id = await endpointOf(at);
    const { workflowId, firstExecutionRunId: runId } = await at.client.workflow.start('delivery', {
      taskQueue: at.system.config.temporal.taskQueue,
      workflowId: deliveryWorkflowId(id),
      args: [{ endpointId: id, passesARun: 2 }],
    });
    await paid(at, 'USD');
    await hasHeard(1);
    const current = () => at.client.workflow.getHandle(workflowId).describe();
    await waitFor(async () => (await current()).runId !== runId, { ...PATIENCE, what: 'the next run' });
    await keep(at, 'continued-as-new', id, { ...done('continued'), runId });
  });
});

describe('days later, scaled', () => {
  const at = studio({ timeScale: 0.000_001 });

  it('dead letters', async () => {
    const id = await endpointOf(at);
    receiver.behave(() => 500);
    await paid(at, 'USD');
    await rests(at, id);
    await keep(at, 'waiting-dead-letters', id, waiting('dead_letters'));
  });
});
