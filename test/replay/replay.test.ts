import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { createActivities, type Dependencies } from '../../activities/index.ts';
import { historyFromJson } from '../../cli/replay/history-json.ts';
import { createDataConverter, failureConverterPath } from '../../client/codec/index.ts';
import { CASE_UPDATES, caseQuery, lookSignal } from '../../workflows/case/messages.ts';
import { returnedSignal, settledSignal, standingQuery } from '../../workflows/challenge/messages.ts';
import { pokeSignal } from '../../workflows/delivery/messages.ts';
import { OPERATOR_UPDATES } from '../../workflows/operations/operator-messages.ts';
import {
  captureUpdate,
  confirmUpdate,
  createUpdate,
  newsSignal,
  snapshotQuery,
  voidUpdate,
} from '../../workflows/payment/messages.ts';
import { fileArrivedSignal, progressQuery } from '../../workflows/reconciliation/messages.ts';
import { cancelRefundUpdate, createRefundUpdate, refundNewsSignal } from '../../workflows/refund/messages.ts';
import { refreshSignal } from '../../workflows/rollup/messages.ts';
import {
  decoded,
  eventsOf,
  type HistoryJson,
  historyKeys,
  type Kind,
  kindOf,
  loadHistories,
  localActivities,
  statusOf,
} from './histories.ts';
import { NOT_REACHED, STATUSES, STORIES } from './stories.ts';
import { unreadable } from './unreadable.ts';

const KINDS: readonly Kind[] = [
  'payment',
  'refund',
  'delivery',
  'challenge',
  'case',
  'reconciliation',
  'scheduledReconciliation',
  'backtest',
  'experiment',
  'rollup',
  'canary',
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
  for (const history of histories) readable.set(idOf(history), await decoded(history.encoded, keys));
});

const idOf = ({ kind, name }: { readonly kind: Kind; readonly name: string }) => `${kind}/${name}`;
const readableOf = (kind: Kind) => [...readable].filter(([id]) => id.startsWith(`${kind}/`));

function bundleOf(path: string): Promise<WorkflowBundle> {
  const workflowsPath = fileURLToPath(new URL(path, import.meta.url));
  const workflowInterceptorModules = [fileURLToPath(new URL('../../workflows/tracing.ts', import.meta.url))];
  const logger = new DefaultLogger('ERROR');
  return bundleWorkflowCode({ workflowsPath, failureConverterPath, workflowInterceptorModules, logger });
}

/** The error of each history's replay, by name; undefined where the code does what was recorded. */
async function replayAll(workflowBundle: WorkflowBundle, dataConverter = createDataConverter(keys)) {
  const errors = new Map<string, Error | undefined>();
  const results = Worker.runReplayHistories(
    { workflowBundle, dataConverter },
    histories.map((each) => ({ workflowId: idOf(each), history: historyFromJson(each.encoded) })),
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

  it.each(KINDS)('has a history of every status that a %s can be in, and of every story', (kind) => {
    const covered = new Set(readableOf(kind).map(([, history]) => statusOf(history).status));
    expect([...covered, ...NOT_REACHED[kind]].sort()).toEqual([...STATUSES[kind]].sort());
    const missing = STORIES[kind].filter((name) => !readable.has(idOf({ kind, name })));
    expect(missing).toEqual([]);
  });

  it('is named in each file as it ended, or waiting where it has not', () => {
    for (const [id, history] of readable) {
      const { status, closed } = statusOf(history);
      const words = `${kindOf(history)}/${closed ? '' : 'waiting-'}${status.replaceAll('_', '-')}`;
      const isStory = id.startsWith(`${words}-`) || id === words;
      expect({ id, isStory }).toEqual({ id, isStory: true });
    }
  });

  it('finds the same keys beside the files of every kind', () => {
    for (const kind of KINDS) expect(historyKeys(kind)).toEqual(keys);
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

const OPERATORS = [
  'approveResolution',
  'cancelByOperator',
  'moveToProvider',
  'proposeResolution',
  'releaseFromReview',
  'retryNow',
  'voidByOperator',
];

/** What is in open histories out there: changing a name strands them, so these lists only ever grow. */
const WIRE = {
  workflows: [
    'backtest',
    'canary',
    'case',
    'challenge',
    'delivery',
    'experiment',
    'payment',
    'reconciliation',
    'refund',
    'rollup',
    'scheduledReconciliation',
  ],
  activities: [
    'advanceBacktest',
    'askProvider',
    'authorize',
    'beginReconciliation',
    'bringSettlementNews',
    'businessDateOf',
    'capture',
    'checkSettlementNews',
    'classifySettlements',
    'closeReconciliation',
    'deliverDue',
    'fetchSettlements',
    'flyCanary',
    'inquire',
    'inquireRefunds',
    'keepFigures',
    'lookAtExperiment',
    'postBankLines',
    'postSettlements',
    'record',
    'recordRefund',
    'refreshBookings',
    'refund',
    'resend',
    'stageSettlements',
    'tellOfChallenge',
    'verifySettlements',
    'voidAuthorization',
  ],
  localActivities: [
    'acknowledge',
    'commandCase',
    'escalateCase',
    'hydrate',
    'hydrateRefund',
    'lookAfterCase',
    'paidOtherwise',
    'plan',
    'planRefund',
    'readNews',
    'readResolution',
    'record',
    'recordRefund',
    'revoke',
    'route',
  ],
  updates: {
    payment: ['capture', 'confirm', 'create', 'void', ...OPERATORS],
    refund: ['cancel', 'create', ...OPERATORS.filter((name) => !/^(move|release|void)/.test(name))],
    delivery: [],
    challenge: [],
    case: ['approve', 'assign', 'comment', 'dispose', 'propose', 'reject'],
    reconciliation: [],
    scheduledReconciliation: [],
    backtest: [],
    experiment: [],
    rollup: [],
    canary: [],
  },
  signals: ['fileArrived', 'look', 'news', 'poke', 'refresh', 'returned', 'settled'],
  queries: ['case', 'progress', 'snapshot', 'standing'],
};

/** Steps are written by a regular activity only while Postgres is away. */
const ONLY_IN_OUTAGES = ['record', 'recordRefund'];

describe('the names on the wire', () => {
  const named = (value: unknown) => (value as { name: string }).name;
  const sorted = (names: Iterable<string>) => [...new Set(names)].sort();
  const updatesOf = (history: HistoryJson) =>
    eventsOf(history, 'WORKFLOW_EXECUTION_UPDATE_ACCEPTED').map(({ acceptedRequest }) =>
      named((acceptedRequest as { input: unknown }).input),
    );

  it('are in the histories only as they are frozen here', () => {
    const all = [...readable.values()];
    const of = (type: string, name: (attributes: Readonly<Record<string, unknown>>) => string) =>
      sorted(all.flatMap((history) => eventsOf(history, type).map(name)));
    expect(of('WORKFLOW_EXECUTION_STARTED', (event) => named(event.workflowType))).toEqual(WIRE.workflows);
    const activities = of('ACTIVITY_TASK_SCHEDULED', (event) => named(event.activityType));
    expect(activities).toEqual(WIRE.activities.filter((name) => !ONLY_IN_OUTAGES.includes(name)));
    expect(sorted(all.flatMap((history) => localActivities(history).map(({ type }) => type)))).toEqual(
      WIRE.localActivities,
    );
    for (const kind of KINDS) {
      const recorded = sorted(readableOf(kind).flatMap(([, history]) => updatesOf(history)));
      expect(recorded).toEqual(sorted(WIRE.updates[kind]));
    }
    expect(of('WORKFLOW_EXECUTION_SIGNALED', (event) => String(event.signalName))).toEqual(WIRE.signals);
  });

  it('are what today’s code calls itself', async () => {
    const updates = [createUpdate, confirmUpdate, captureUpdate, voidUpdate].map(({ name }) => name);
    expect(sorted([...updates, ...Object.values(OPERATOR_UPDATES)])).toEqual(sorted(WIRE.updates.payment));
    const ofRefunds = [createRefundUpdate, cancelRefundUpdate].map(({ name }) => name);
    const { move: _move, release: _release, void: _void, ...forRefunds } = OPERATOR_UPDATES;
    expect(sorted([...ofRefunds, ...Object.values(forRefunds)])).toEqual(sorted(WIRE.updates.refund));
    expect(sorted(Object.values(CASE_UPDATES))).toEqual(WIRE.updates.case);
    const signals = [
      newsSignal,
      refundNewsSignal,
      pokeSignal,
      returnedSignal,
      settledSignal,
      lookSignal,
      fileArrivedSignal,
      refreshSignal,
    ];
    expect(sorted(signals.map(({ name }) => name))).toEqual(WIRE.signals);
    expect(sorted([snapshotQuery.name, standingQuery.name, caseQuery.name, progressQuery.name])).toEqual(
      WIRE.queries,
    );
    expect(Object.keys(await import('../../workflows/index.ts')).sort()).toEqual(WIRE.workflows);
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
