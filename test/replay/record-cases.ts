/**
 * Opens an exception for every way in which a case goes and stores its workflow's history in workflows/case/histories/.
 * Run by `npx vitest run --config test/replay/record.config.ts record-cases`; the README there says when.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { caseWorkflowId } from '../../domain/ids.ts';
import { lookSignal } from '../../workflows/case/messages.ts';
import { caseRow, caseUntil, left, type OpenedCase, openCase, taken } from '../attack/support/cases.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey } from '../support/system.ts';
import { clearHistories, done, keep, PATIENCE, studio, waiting } from './studio.ts';

beforeAll(() => clearHistories('case'));

const SLA_MS = 72 * 3_600_000 * 0.001;

describe('cases', () => {
  const at = studio({ timeScale: 0.001 });

  async function opened(over: OpenedCase = {}): Promise<string> {
    const id = await openCase(at.system, { amountMinor: 500, ...over });
    await taken(at.system, id);
    return id;
  }

  async function tell(id: string, command: string, body: object = {}, who: 'alice' | 'bob' = 'alice') {
    const answer = await at.system.request('POST', `/v1/exceptions/${id}/${command}`, {
      key: freshKey(),
      apiKey: at.system.operatorKeys[who],
      body: { reason: 'a recording', ...body },
    });
    if (answer.status >= 300) throw new Error(`${command}: ${JSON.stringify(answer.body)}`);
  }

  /** The row is written a moment before the workflow's task is: its next timer tells that it has gone on. */
  async function restsAgain(id: string): Promise<boolean> {
    const { events } = await at.client.workflow.getHandle(caseWorkflowId(id)).fetchHistory();
    const timers = (events ?? []).flatMap((event) => {
      if (event.timerFiredEventAttributes) return ['fired'];
      return event.timerStartedEventAttributes ? ['started'] : [];
    });
    return timers.includes('fired') && timers.at(-1) === 'started';
  }

  const accept = { disposition: 'accept' };

  it('waiting', async () => {
    const open = await opened();
    await tell(open, 'assign', { owner: 'me' });
    await tell(open, 'comment');
    await keep(at, 'waiting-open', open, waiting('open'));
    const late = await opened({ agoMs: SLA_MS / 2 - 6_000 });
    // Taken before its time came: else the look that takes it has told of it already.
    expect((await caseRow(at.system, late)).escalations).toBe(0);
    await caseUntil(at.system, late, 'escalated', ({ escalations }) => escalations === 1);
    await waitFor(() => restsAgain(late), { ...PATIENCE, what: `${late} to wait for its next level` });
    await keep(at, 'waiting-open-escalated', late, waiting('open'));
    const proposed = await opened();
    await tell(proposed, 'propose', accept);
    await keep(at, 'waiting-proposed', proposed, waiting('proposed'));
  });

  it('resolved', async () => {
    const byTwo = await opened({ suspendedMinor: 500 });
    await tell(byTwo, 'propose', accept);
    await tell(byTwo, 'approve', {}, 'bob');
    await keep(at, 'resolved-by-two', byTwo, done('resolved'));
    const byOne = await openCase(at.system, { amountMinor: 100 });
    await tell(byOne, 'dispose', accept);
    await keep(at, 'resolved-by-one', byOne, done('resolved'));
    const rejected = await opened();
    await tell(rejected, 'propose', accept);
    await tell(rejected, 'reject', {}, 'bob');
    await tell(rejected, 'dispose', { disposition: 'claim_from_provider', target: 'ticket 1' });
    await keep(at, 'resolved-after-a-rejection', rejected, done('resolved'));
  });

  it('resolved by others, and seen again', async () => {
    const id = await opened();
    const close = (why: string) =>
      at.system.sql('UPDATE exception SET closed_at = now(), resolution = $2 WHERE id = $1', [id, why]);
    await close('the line came');
    await left(at.system, id);
    await keep(at, 'resolved-by-others', id, done('resolved'));
    await at.system.sql('UPDATE exception SET closed_at = NULL, resolution = NULL WHERE id = $1', [id]);
    await caseUntil(at.system, id, 'open again', ({ opened_count: count }) => count === 2);
    await tell(id, 'dispose', accept);
    await keep(at, 'resolved-when-seen-again', id, done('resolved'));
  });

  it('gone', async () => {
    const id = 'exc_amount_under_never_there';
    await at.client.workflow.start('case', {
      taskQueue: at.system.config.temporal.taskQueue,
      workflowId: caseWorkflowId(id),
      args: [{ exceptionId: id }],
    });
    await keep(at, 'gone', id, done('gone'));
  });

  it('continued as new', async () => {
    // Delayed, so that the sweeper, when it finds the row, finds this one too; then woken.
    const subject = 'sub_continued';
    const id = `exc_amount_under_${subject}`;
    const options = {
      taskQueue: at.system.config.temporal.taskQueue,
      workflowId: caseWorkflowId(id),
      args: [{ exceptionId: id, looksARun: 2 }],
    };
    const started = await at.client.workflow.start('case', { ...options, startDelay: '1 hour' });
    await openCase(at.system, { subject });
    const handle = await at.client.workflow.signalWithStart('case', { ...options, signal: lookSignal });
    const { firstExecutionRunId: runId, workflowId } = started;
    await waitFor(
      async () => {
        await handle.signal(lookSignal);
        return (await at.client.workflow.getHandle(workflowId).describe()).runId !== runId;
      },
      { ...PATIENCE, what: 'the next run' },
    );
    await keep(at, 'continued-as-new', id, { ...done('continued'), runId });
  });
});
