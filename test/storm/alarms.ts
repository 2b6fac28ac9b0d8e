/**
 * Which alarms a storm may raise, and which it must. An alarm that fires without a fault that explains it cries wolf; one that
 * stays silent while a provider is dark is of no use. Judged from the rows that the workers' looks left, beside the faults that
 * really happened.
 */
import { alarmByName, scaleOf } from '../../domain/alarms/index.ts';
import type { FaultKind, FaultLine, StormEvidence } from './evidence-types.ts';

export interface FiredAlarm {
  readonly name: string;
  readonly subject: string;
  readonly firedAtMs: number;
  readonly detail: string;
}

export interface AlarmVerdict {
  readonly fired: readonly FiredAlarm[];
  readonly unexplained: readonly FiredAlarm[];
  /** What a fault of its length has to raise, and did not. */
  readonly missing: readonly string[];
}

/** What payments feel of one provider, which the alarm names. */
const OF_PROVIDER = [
  'ProviderCircuitOpen',
  'ProviderNotAnswering',
  'ProviderApprovalDropped',
  'UnknownOutcomeTooOld',
];
/** What they feel of whichever provider is in trouble. */
const OF_ANY_PROVIDER = ['PaymentsFailing', 'RetryAmplification', 'ExceptionsOverdue'];
/** Of whatever keeps work from going on. */
const OF_DELAY = [
  'UnknownOutcomeTooOld',
  'InboxStale',
  'DeliveriesBehind',
  'TaskQueueBehind',
  'ExceptionsOverdue',
];

interface Explanation {
  /** Who was hit; absent: whoever. */
  readonly target?: RegExp;
  readonly raises: readonly string[];
  /** Only where the alarm is about the provider that was hit. */
  readonly ofItsProvider?: readonly string[];
}

const PROVIDER_HIT: Explanation = {
  target: /stripe|adyen/,
  raises: OF_ANY_PROVIDER,
  ofItsProvider: OF_PROVIDER,
};
/** No WorkflowsStuck: a task that was cut off is tried again, and is none that cannot go on. */
const TEMPORAL_HIT: Explanation = { target: /temporal/, raises: [...OF_DELAY, 'TemporalUnreachable'] };
/** A worker that is gone or frozen with a request on its way leaves an outcome that nobody knows. */
const PROCESS_HIT: readonly Explanation[] = [
  PROVIDER_HIT,
  TEMPORAL_HIT,
  {
    target: /worker/,
    raises: [...OF_DELAY, 'EventsHeld', 'ProviderNotAnswering', 'ProviderCircuitOpen', 'TemporalUnreachable'],
  },
  // A process that stands still within a transaction holds events back, and so does a Postgres that does.
  { target: /postgres|api/, raises: [...OF_DELAY, 'EventsHeld'] },
];

/** By the kind of fault: the alarms that it may raise. */
export const EXPLANATIONS: Readonly<Record<FaultKind, readonly Explanation[]>> = {
  kill: PROCESS_HIT,
  freeze: PROCESS_HIT,
  net: PROCESS_HIT,
  provider: [PROVIDER_HIT],
  webhook: [{ raises: ['UnknownOutcomeTooOld', 'InboxStale', 'ExceptionsOverdue'] }],
  // A provider's webhooks are refused by an API whose clock is wrong, and then nobody hears of a capture.
  clock: [{ raises: ['ClockSkewed', ...OF_DELAY] }],
  reset: [{ raises: [...OF_DELAY, 'WorkflowsStuck'] }],
  endpoint: [{ raises: ['DeliveriesBehind', 'DeadLetters'] }],
};

/** How far back an alarm itself looks, in seconds that no scale touches, or how old something has to be that a scale does. */
const LOOKS_BACK: Readonly<
  Record<string, { readonly backSeconds?: number; readonly limitSeconds?: number }>
> = {
  ProviderNotAnswering: { backSeconds: 300 },
  ProviderApprovalDropped: { backSeconds: 300 },
  PaymentsFailing: { backSeconds: 300 },
  RetryAmplification: { backSeconds: 600 },
  DeadLetters: { backSeconds: 3_600 },
  TaskQueueBehind: { backSeconds: 60 },
  UnknownOutcomeTooOld: { limitSeconds: 900 },
  InboxStale: { limitSeconds: 600 },
  EventsHeld: { limitSeconds: 60 },
  DeliveriesBehind: { limitSeconds: 300 },
  // A person's time for a case, the longest of them a day.
  ExceptionsOverdue: { backSeconds: 432 },
};
/** What was under way when the fault ended comes to its own end, through deadlines and a worker's start. */
const RECOVERY_MS = 30_000;

/** For how long after a fault an alarm may still be told of it. */
export function aftermathMs(name: string, timeScale: number): number {
  const { backSeconds = 0, limitSeconds = 0 } = LOOKS_BACK[name] ?? {};
  const scale = scaleOf(timeScale);
  const heldSeconds = scale.wait(alarmByName(name)?.forSeconds ?? 0);
  return (backSeconds + scale.limit(limitSeconds) + heldSeconds) * 1_000 + RECOVERY_MS + NOTICED_WITHIN_MS;
}

/** Two looks, and what a machine under load adds. */
const NOTICED_WITHIN_MS = 10_000;

/**
 * A worker that is killed or frozen in the midst of an update may leave a history whose task the server refuses ever after:
 * the SDK answers a command of that update without its message (temporalio/sdk-rust#888). The workflow is really stuck, and the
 * alarm is right; any other cause is a fault of ours.
 */
const LEFT_BY_A_LOST_WORKER = /\(BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE\)/;

function isLeftByLostWorker({ name }: FiredAlarm, { tables, faults }: StormEvidence): boolean {
  const stuck = tables.exception.filter(({ kind }) => kind === 'workflow_stuck');
  return (
    name === 'WorkflowsStuck' &&
    stuck.length > 0 &&
    stuck.every(({ summary }) => LEFT_BY_A_LOST_WORKER.test(String(summary))) &&
    faults.some(({ kind, target }) => (kind === 'kill' || kind === 'freeze') && /worker/.test(target))
  );
}

export function judgeAlarms(evidence: StormEvidence): AlarmVerdict {
  const fired = firedIn(evidence);
  const { faults, timeScale } = evidence;
  const unexplained = fired.filter(
    (alarm) =>
      !isLeftByLostWorker(alarm, evidence) && !faults.some((fault) => explains(fault, alarm, timeScale)),
  );
  const missing = faults.flatMap((fault) => {
    const due = mustRaise(fault);
    if (due === undefined) return [];
    const came = fired.some(
      ({ name, subject, firedAtMs }) =>
        name === due.name &&
        (due.subject === undefined || subject === due.subject) &&
        firedAtMs >= fault.at &&
        firedAtMs <= fault.endedAt + NOTICED_WITHIN_MS,
    );
    return came ? [] : [`${due.name} ${due.subject ?? ''}`.trim()];
  });
  return { fired, unexplained, missing };
}

function firedIn({ tables }: StormEvidence): readonly FiredAlarm[] {
  return tables.alarm.flatMap(({ name, subject, detail, fired_at: firedAt }) =>
    firedAt instanceof Date
      ? [
          {
            name: String(name),
            subject: String(subject),
            detail: String(detail),
            firedAtMs: firedAt.getTime(),
          },
        ]
      : [],
  );
}

function explains(fault: FaultLine, { name, subject, firedAtMs }: FiredAlarm, timeScale: number): boolean {
  if (firedAtMs < fault.at || firedAtMs > fault.endedAt + aftermathMs(name, timeScale)) return false;
  return EXPLANATIONS[fault.kind].some(({ target, raises, ofItsProvider = [] }) => {
    const hit = target === undefined ? [''] : target.exec(fault.target);
    if (hit === null) return false;
    return raises.includes(name) || (ofItsProvider.includes(name) && subject.includes(hit[0] ?? ''));
  });
}

/** A provider that refuses everything for as long as circuits take to be noticed; a Temporal that nobody reaches. */
const DARK_MS = 6_000;
const AWAY_MS = 12_000;

interface Due {
  readonly name: string;
  /** Absent: a worker's, whichever looked. */
  readonly subject?: string;
}

/**
 * What a fault of its length has to raise. Endpoints that fail and webhooks that never come have to raise nothing: what is
 * delivered later and what is asked for instead are the platform's answer to them, and they harm nobody for as long as it works.
 * Nor have a handful of a provider's answers that are lost: ProviderNotAnswering counts a share of all.
 */
function mustRaise({ kind, what, target, at, endedAt }: FaultLine): Due | undefined {
  const lastedMs = endedAt - at;
  const provider = /^sandbox-(\w+)$/.exec(target)?.[1];
  const isDark = (kind === 'provider' && what === 'dark') || kind === 'kill';
  if (provider !== undefined && isDark && lastedMs >= DARK_MS)
    return { name: 'ProviderCircuitOpen', subject: `pa_demo_${provider}` };
  if (target === 'temporal' && (kind === 'kill' || kind === 'freeze') && lastedMs >= AWAY_MS)
    return { name: 'TemporalUnreachable' };
  if (kind === 'clock' && target.startsWith('worker') && lastedMs >= AWAY_MS) return { name: 'ClockSkewed' };
  return undefined;
}

/** One line each, for the report. */
export function tallyAlarms(fired: readonly FiredAlarm[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { name, subject } of fired) {
    const key = subject === '' ? name : `${name} ${subject}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
