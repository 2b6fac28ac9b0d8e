import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { createActivities, type Dependencies } from '../../activities/index.ts';
import { historyFromJson } from '../../cli/replay/history-json.ts';
import { createDataConverter, failureConverterPath } from '../../client/codec/index.ts';
import { PAYMENT_STATUSES, type PaymentStatus } from '../../domain/payment/states.ts';
import {
  captureUpdate,
  confirmUpdate,
  createUpdate,
  newsSignal,
  voidUpdate,
} from '../../workflows/payment/messages.ts';
import {
  decoded,
  eventsOf,
  type HistoryJson,
  historyKeys,
  loadHistories,
  localActivities,
  statusOf,
} from './histories.ts';
import { unreadable } from './shapes.ts';

/** Statuses that no decision leads to yet: challenges will be workflows of their own. */
const NOT_REACHED: readonly PaymentStatus[] = ['requires_action'];

/** Ways through a payment that a status alone doesn't tell apart. */
const STORIES = [
  'succeeded-by-sale',
  'succeeded-by-authorize-then-capture',
  'succeeded-by-two-captures',
  'succeeded-after-failover',
  'succeeded-after-unknown-by-lookup',
  'succeeded-after-unknown-by-resend',
  'failed-by-decline',
  'failed-after-failover',
  'failed-authentication-required',
  'failed-late-success-undone-by-refund',
  'failed-late-success-undone-by-void',
  'canceled-by-void',
  'canceled-before-confirmation',
  'canceled-too-late-unsent',
  'waiting-processing-unknown',
  'waiting-processing-capture-pending',
];

const histories = loadHistories();
const keys = historyKeys();
const readable = new Map<string, HistoryJson>();
let bundle: WorkflowBundle;

beforeAll(async () => {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    // The negative controls make the SDK's core warn hundreds of times.
    telemetryOptions: {
      logging: { filter: 'off', forward: {} },
    },
  });
  bundle = await bundleOf('../../workflows/index.ts');
  for (const { name, encoded } of histories) readable.set(name, await decoded(encoded, keys));
});

function bundleOf(path: string): Promise<WorkflowBundle> {
  const workflowsPath = fileURLToPath(new URL(path, import.meta.url));
  return bundleWorkflowCode({ workflowsPath, failureConverterPath, logger: new DefaultLogger('ERROR') });
}

/** The error of each history's replay, by name; undefined where the code does what was recorded. */
async function replayAll(workflowBundle: WorkflowBundle, dataConverter = createDataConverter(keys)) {
  const errors = new Map<string, Error | undefined>();
  const results = Worker.runReplayHistories(
    { workflowBundle, dataConverter },
    histories.map(({ name, encoded }) => ({ workflowId: name, history: historyFromJson(encoded) })),
  );
  for await (const { workflowId, error } of results) errors.set(workflowId, error);
  return errors;
}

describe('today’s workflow code', () => {
  it('does what was recorded, in every history', async () => {
    const errors = await replayAll(bundle);
    expect(errors.size).toBeGreaterThan(0);
    expect(errors.size).toBe(histories.length);
    expect(
      [...errors].flatMap(([name, error]) => (error === undefined ? [] : [`${name}: ${error.message}`])),
    ).toEqual([]);
  });

  it('has a history of every status that a payment can be in, and of every story', () => {
    const covered = new Set([...readable.values()].map((history) => statusOf(history).status));
    expect([...covered, ...NOT_REACHED].sort()).toEqual([...PAYMENT_STATUSES].sort());
    const names = histories.map(({ name }) => name);
    expect(STORIES.filter((story) => !names.includes(story))).toEqual([]);
  });

  it('is named in each file as it ended, or waiting where it has not', () => {
    for (const [name, history] of readable) {
      const { status, closed } = statusOf(history);
      const words = `${closed ? '' : 'waiting-'}${status.replaceAll('_', '-')}`;
      const isStory = name.startsWith(`${words}-`) || name === words;
      expect({ name, isStory }).toEqual({ name, isStory: true });
    }
  });
});

describe('the replay itself', () => {
  it('fails on a workflow that does something else', async () => {
    const errors = await replayAll(await bundleOf('./changed-workflow.ts'));
    expect(errors.size).toBe(histories.length);
    expect([...errors].filter(([, error]) => error?.name !== 'DeterminismViolationError')).toEqual([]);
  });

  it('goes through the codec: without the key nothing can be read', async () => {
    const stranger = { activeId: 'histories', keys: { histories: Buffer.alloc(32, 1) } };
    const [first] = histories;
    if (first === undefined) throw new Error('no history');
    const replay = Worker.runReplayHistory(
      { workflowBundle: bundle, dataConverter: createDataConverter(stranger) },
      historyFromJson(first.encoded),
    );
    await expect(replay).rejects.toThrow('Replay failed');
    expect(JSON.stringify(first.encoded)).not.toContain('mer_demo');
  });
});

/** What is in open histories out there: changing a name strands them, so these lists only ever grow. */
const WIRE = {
  workflows: ['payment'],
  activities: ['authorize', 'capture', 'inquire', 'record', 'refund', 'resend', 'voidAuthorization'],
  localActivities: ['acknowledge', 'hydrate', 'plan', 'readNews', 'record', 'route'],
  updates: ['capture', 'confirm', 'create', 'void'],
  signals: ['news'],
};

describe('the names on the wire', () => {
  const named = (value: unknown) => (value as { name: string }).name;
  const sorted = (names: Iterable<string>) => [...new Set(names)].sort();

  it('are in the histories only as they are frozen here', () => {
    const all = [...readable.values()];
    const of = (type: string, name: (attributes: Readonly<Record<string, unknown>>) => string) =>
      sorted(all.flatMap((history) => eventsOf(history, type).map(name)));
    expect(of('WORKFLOW_EXECUTION_STARTED', (event) => named(event.workflowType))).toEqual(WIRE.workflows);
    // `record` is a regular activity only while Postgres is away.
    const activities = of('ACTIVITY_TASK_SCHEDULED', (event) => named(event.activityType));
    expect(activities).toEqual(WIRE.activities.filter((name) => name !== 'record'));
    expect(sorted(all.flatMap((history) => localActivities(history).map(({ type }) => type)))).toEqual(
      WIRE.localActivities,
    );
    const updateName = (event: Readonly<Record<string, unknown>>) =>
      named((event.acceptedRequest as { input: unknown }).input);
    expect(of('WORKFLOW_EXECUTION_UPDATE_ACCEPTED', updateName)).toEqual(WIRE.updates);
    expect(of('WORKFLOW_EXECUTION_SIGNALED', (event) => String(event.signalName))).toEqual(WIRE.signals);
  });

  it('are what today’s code calls itself', async () => {
    const updates = [createUpdate, confirmUpdate, captureUpdate, voidUpdate].map(({ name }) => name);
    expect(updates.sort()).toEqual(WIRE.updates);
    expect([newsSignal.name]).toEqual(WIRE.signals);
    expect(Object.keys(await import('../../workflows/index.ts'))).toEqual(WIRE.workflows);
    // Made, not called: what they depend on is never touched.
    const activities = Object.keys(createActivities({} as Dependencies)).sort();
    expect(activities).toEqual(sorted([...WIRE.activities, ...WIRE.localActivities]));
  });
});

describe('the payloads on the wire', () => {
  it('hold what today’s code reads of them', () => {
    const problems = [...readable].flatMap(([name, history]) =>
      unreadable(history).map((problem) => `${name}: ${problem}`),
    );
    expect(problems).toEqual([]);
  });

  it('would be found if a field were missing', () => {
    const [history] = readable.values();
    const stripped = JSON.parse(JSON.stringify(history).replaceAll('"answerByMs"', '"answerBy"'));
    expect(unreadable(stripped).join()).toContain('answerByMs');
  });
});
