import type { OperationKind } from '../names.ts';
import { isCompletion } from './causes.ts';
import type { RouteStep } from './payment.ts';
import { type Question, questions } from './resolver.ts';

/**
 * What a person is told of an operation whose outcome nobody knows: what is asked next, why it does not end by
 * itself, and what a person may do. It explains the resolver's rules to whoever looks, and decides nothing.
 */
export interface Doubt {
  readonly kind: OperationKind;
  readonly cause: string;
  readonly status: 'unknown' | 'pending';
  /** Absent where the route's row is older than its form: then nothing is said of questions. */
  readonly step?: RouteStep;
  readonly completeByMs?: number;
  readonly sendByMs?: number;
  /** The ladder of questions is used up, and a case is open. */
  readonly parked: boolean;
  /** Another person's word, which waits to be approved. */
  readonly proposedBy?: string;
}

export type DoubtReason =
  | 'waits_for_approval'
  | 'parked'
  | 'asked_again'
  | 'waits_for_webhook'
  | 'waits_for_deadline'
  | 'nothing_to_ask';

export type DoubtAction = 'approve' | 'retry' | 'propose';

export interface ExplainedDoubt {
  /** Of the next tick, in order. */
  readonly questions: readonly Question[];
  readonly reason: DoubtReason;
  readonly text: string;
  readonly actions: readonly DoubtAction[];
}

export function explainDoubt(doubt: Doubt, nowMs: number): ExplainedDoubt {
  const asked = questionsOf(doubt, nowMs);
  const reason = reasonOf(doubt, asked, nowMs);
  return { questions: asked, reason, text: TEXTS[reason](doubt), actions: actionsOf(doubt) };
}

function questionsOf({ step, ...doubt }: Doubt, nowMs: number): readonly Question[] {
  if (step === undefined) return [];
  const { kind, cause, status, sendByMs } = doubt;
  const operation = {
    id: '',
    kind,
    number: 1,
    cause,
    status,
    amountMinor: 0,
    finalCapture: true,
    closed: false,
    claimed: true,
    ...(sendByMs === undefined ? {} : { sendByMs }),
  };
  return questions(operation, step, doubt.completeByMs ?? Number.POSITIVE_INFINITY, nowMs);
}

function reasonOf(doubt: Doubt, asked: readonly Question[], nowMs: number): DoubtReason {
  if (doubt.proposedBy !== undefined) return 'waits_for_approval';
  if (doubt.parked) return 'parked';
  if (asked.length > 0) return 'asked_again';
  if (doubt.status === 'pending') return 'waits_for_webhook';
  return willBeVoidable(doubt, nowMs) ? 'waits_for_deadline' : 'nothing_to_ask';
}

/** A void by our reference ends the attempt, so it waits until the shopper's time is up. */
function willBeVoidable({ kind, cause, step, completeByMs }: Doubt, nowMs: number): boolean {
  const isOurs = kind === 'authorize' && !isCompletion({ cause });
  return isOurs && step?.canVoidByReference === true && completeByMs !== undefined && nowMs < completeByMs;
}

const who = ({ step }: Doubt) => step?.provider ?? 'the provider';

const TEXTS: Readonly<Record<DoubtReason, (doubt: Doubt) => string>> = {
  waits_for_approval: ({ proposedBy }) =>
    `${proposedBy ?? 'Somebody'} said what became of it; another person has to approve that.`,
  parked: (doubt) =>
    `Every question was asked and nothing is proven. Ask ${who(doubt)} yourself, then propose what became of it with evidence.`,
  asked_again: (doubt) =>
    `${who(doubt)} is asked again by itself, after 2 s at first and then ever more seldom, until something is proven.`,
  waits_for_webhook: (doubt) =>
    `${who(doubt)} took it and cannot be asked about it: its webhook, or its settlement file, says what became of it.`,
  waits_for_deadline: (doubt) =>
    `${who(doubt)} cannot be asked; it is voided by our own reference once the payer's time is up, which proves it dead.`,
  nothing_to_ask: (doubt) =>
    `${who(doubt)} can neither be asked about it nor sent the same again. Its webhook or settlement file may still tell; else propose what became of it.`,
};

function actionsOf({ proposedBy, step, status }: Doubt): readonly DoubtAction[] {
  const askable = status === 'unknown' || step?.canLookup === true;
  return [
    ...(proposedBy === undefined ? [] : (['approve'] as const)),
    ...(askable ? (['retry'] as const) : []),
    'propose',
  ];
}
