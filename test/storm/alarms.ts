/**
 * Which alarms a storm may raise, and which it must. An alarm that fires without a fault that explains it cries wolf; one that
 * stays silent while a provider is dark is of no use. Judged from the rows that the workers' looks left, beside the faults that
 * really happened.
 */
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
/** A workflow task that was cut off four times in a row looks like one that cannot go on. */
const TEMPORAL_HIT: Explanation = {
  target: /temporal/,
  raises: [...OF_DELAY, 'TemporalUnreachable', 'WorkflowsStuck'],
};
/** A worker that is gone or frozen with a request on its way leaves an outcome that nobody knows. */
const PROCESS_HIT: readonly Explanation[] = [
  PROVIDER_HIT,
  TEMPORAL_HIT,
  {
    target: /worker/,
    raises: [
      ...OF_DELAY,
      'ProviderNotAnswering',
      'ProviderCircuitOpen',
      'TemporalUnreachable',
      'WorkflowsStuck',
    ],
  },
  { target: /postgres|api/, raises: OF_DELAY },
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

/** Some alarms look back over minutes; what comes of an outcome that nobody knows may take as long. */
const AFTERMATH_MS = 300_000;
/** Two looks, and what a machine under load adds. */
const NOTICED_WITHIN_MS = 10_000;

export function judgeAlarms(evidence: StormEvidence): AlarmVerdict {
  const fired = firedIn(evidence);
  const { faults } = evidence;
  const unexplained = fired.filter((alarm) => !faults.some((fault) => explains(fault, alarm)));
  const missing = faults.flatMap((fault) => {
    const due = mustRaise(fault);
    if (due === undefined) return [];
    const came = fired.some(
      ({ name, subject, firedAtMs }) =>
        name === due.name &&
        subject === due.subject &&
        firedAtMs >= fault.at &&
        firedAtMs <= fault.endedAt + NOTICED_WITHIN_MS,
    );
    return came ? [] : [`${due.name} ${due.subject}`.trim()];
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

function explains(fault: FaultLine, { name, subject, firedAtMs }: FiredAlarm): boolean {
  if (firedAtMs < fault.at || firedAtMs > fault.endedAt + AFTERMATH_MS) return false;
  return EXPLANATIONS[fault.kind].some(({ target, raises, ofItsProvider = [] }) => {
    const hit = target === undefined ? [''] : target.exec(fault.target);
    if (hit === null) return false;
    return raises.includes(name) || (ofItsProvider.includes(name) && subject.includes(hit[0] ?? ''));
  });
}

/** A provider that refuses everything for as long as circuits take to be noticed; a Temporal that nobody reaches. */
const DARK_MS = 6_000;
const AWAY_MS = 12_000;

function mustRaise({ kind, what, target, at, endedAt }: FaultLine) {
  const lastedMs = endedAt - at;
  if (kind === 'provider' && what === 'dark' && lastedMs >= DARK_MS)
    return { name: 'ProviderCircuitOpen', subject: `pa_demo_${target.replace('sandbox-', '')}` };
  if (target === 'temporal' && (kind === 'kill' || kind === 'freeze') && lastedMs >= AWAY_MS)
    return { name: 'TemporalUnreachable', subject: '' };
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
