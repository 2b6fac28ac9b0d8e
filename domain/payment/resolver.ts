import { isTerminal } from '../machine.ts';
import { isCompletion } from './causes.ts';
import { isStray } from './decide-undo.ts';
import { addOperation, type Decision, mustFind, withStatus } from './edit.ts';
import {
  attemptOf,
  findOperation,
  type Operation,
  openOperations,
  type Payment,
  type RouteStep,
} from './payment.ts';
import { PAYMENT_EDGES } from './states.ts';

/**
 * How an unknown outcome is proven. Pure: what is known of an operation gives the next questions to ask
 * and how long to wait. Asking is the workflow's work; believing the answer is `decideOutcome`'s.
 */
export interface Settings {
  readonly timeScale: number;
  /** The total deadline of one provider call, unscaled. */
  readonly providerDeadlineMs: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** 2, 5, 10, 30 s; 1, 2, 5, 15, 60 min; 4 h; then daily to day 7. */
const LADDER_MS: readonly number[] = [
  2 * SECOND,
  5 * SECOND,
  10 * SECOND,
  30 * SECOND,
  1 * MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  60 * MINUTE,
  4 * HOUR,
  ...Array.from({ length: 7 }, () => DAY),
];

/** The claim-to-first-byte allowance of the send permit: an effect can begin this long after the claim. */
export const CLAIM_ALLOWANCE_MS = 2 * SECOND;
/** Two `not found` answers must be this far apart. */
const NOT_FOUND_GAP_MS = MINUTE;
const NOT_FOUND_NEEDED = 2;

export interface Inquiry {
  /** How many ticks there have been. */
  readonly tick: number;
  /** When each `not found` that counted was answered. */
  readonly notFoundAtMs: readonly number[];
  /** The last claim of the operation, as the database says. */
  readonly lastSentAtMs?: number;
}

export const NO_INQUIRY: Inquiry = { tick: 0, notFoundAtMs: [] };

/**
 * Milliseconds until the next tick, or undefined when the ladder is used up and a person must look. A rung is cut
 * short where a `not found` would begin to count before it: absence is then proven as soon as it can be.
 */
export function nextTickMs(
  inquiry: Inquiry,
  step: RouteStep,
  settings: Settings,
  nowMs: number,
): number | undefined {
  const rungMs = LADDER_MS[inquiry.tick];
  if (rungMs === undefined) return undefined;
  const waitMs = Math.max(20, Math.round(rungMs * settings.timeScale));
  const countsFromMs = absenceCountsFromMs(inquiry, step, settings);
  const soonerMs = countsFromMs === undefined ? 0 : Math.ceil(countsFromMs - nowMs) + 1;
  return soonerMs > 0 && soonerMs < waitMs ? soonerMs : waitMs;
}

/** From when on the next `not found` counts; undefined where nothing was sent. */
function absenceCountsFromMs(inquiry: Inquiry, step: RouteStep, settings: Settings): number | undefined {
  const { lastSentAtMs, notFoundAtMs } = inquiry;
  if (lastSentAtMs === undefined) return undefined;
  const visibleMs =
    lastSentAtMs + CLAIM_ALLOWANCE_MS + settings.providerDeadlineMs + step.visibilityHorizonMs;
  const last = notFoundAtMs.at(-1);
  return last === undefined ? visibleMs : Math.max(visibleMs, last + NOT_FOUND_GAP_MS * settings.timeScale);
}

/** A later send could have its effect later: what was not found before it proves nothing of it. */
export function sentAt(inquiry: Inquiry, lastSentAtMs: number): Inquiry {
  const sentAgain = inquiry.lastSentAtMs !== undefined && lastSentAtMs > inquiry.lastSentAtMs;
  return { ...inquiry, lastSentAtMs, notFoundAtMs: sentAgain ? [] : inquiry.notFoundAtMs };
}

export type Question = 'lookup' | 'resend' | 'void_by_reference';

/**
 * The questions of one tick, in order; the next is asked only when the one before proved nothing. `inquiry` is what was
 * known before the tick: without it nothing is known.
 */
export function questions(
  operation: Operation,
  step: RouteStep,
  completeByMs: number,
  nowMs: number,
  inquiry: Inquiry = NO_INQUIRY,
): readonly Question[] {
  const asked: Question[] = [];
  const charging = operation.kind === 'authorize' || operation.kind === 'sale';
  if (step.canLookup) asked.push('lookup');
  if (operation.status === 'pending') return asked;
  // Past its `send_by` a resend could complete a payment that the shopper has given up.
  const stillWanted = !charging || operation.sendByMs === undefined || nowMs < operation.sendByMs;
  if (mayResend(step, inquiry) && stillWanted) asked.push('resend');
  // A void by reference covers authorizations only, and ends the attempt: not before the shopper's time is up.
  const voidable = operation.kind === 'authorize' && !isCompletion(operation);
  if (step.canVoidByReference && voidable && nowMs >= completeByMs) asked.push('void_by_reference');
  return asked;
}

/**
 * A key that remembers only successes runs again what it does not remember: for such a step one `not found` that counts
 * must have been given. The second proves absence by itself, so what is sent again is what can't be asked any more.
 */
function mayResend({ replaysByKey, replays }: RouteStep, { notFoundAtMs }: Inquiry): boolean {
  return replaysByKey && (replays !== 'successes' || notFoundAtMs.length > 0);
}

/** `Not found` proves nothing while the effect could still begin, or be there and not visible yet. */
export function countNotFound(inquiry: Inquiry, step: RouteStep, settings: Settings, nowMs: number): Inquiry {
  const countsFromMs = absenceCountsFromMs(inquiry, step, settings);
  if (countsFromMs === undefined || nowMs < countsFromMs) return inquiry;
  return { ...inquiry, notFoundAtMs: [...inquiry.notFoundAtMs, nowMs] };
}

export function isProvenAbsent(inquiry: Inquiry): boolean {
  return inquiry.notFoundAtMs.length >= NOT_FOUND_NEEDED;
}

/** `voidId` is the void that asks, made by this step or open before; absent where one of the same number has ended. */
export type VoidByReference = Decision & { readonly voidId?: string };

/**
 * The void by our own reference that proves an unknown authorization dead (class C). One per tick; the ladder begins
 * anew for an operator and in a next generation, where the ticks' numbers are used: the next free one is taken then,
 * once other voids have ended. One that is open still asks, whichever tick it was for: its end is waited for, and no
 * other is made beside it.
 */
export function decideVoidByReference(
  payment: Payment,
  operationId: string,
  tick: number,
  numbersAnew: () => boolean = () => true,
): VoidByReference | undefined {
  const attempt = mustFind(attemptOf(payment, operationId), `attempt of ${operationId}`);
  const operation = mustFind(findOperation(payment, operationId), operationId);
  // Read back meanwhile: what is not in doubt any more is not voided for its doubt.
  if (operation.closed || operation.status !== 'unknown') return undefined;
  const causes = `resolve_${operationId}_`;
  const causeOf = (number: number) => `${causes}${number}`;
  const voids = attempt.operations.filter(({ kind }) => kind === 'void');
  const asking = voids.find(({ cause, closed }) => !closed && cause.startsWith(causes));
  if (asking !== undefined && numbersAnew())
    return {
      after: payment,
      reason: `still asking ${attempt.provider} to void by our reference`,
      voidId: asking.id,
    };
  const used = new Set(voids.map(({ cause }) => cause));
  let number = tick;
  if (used.has(causeOf(number)) && numbersAnew()) {
    if (voids.some(({ closed }) => !closed)) return undefined;
    while (used.has(causeOf(number))) number += 1;
  }
  const cause = causeOf(number);
  const after = addOperation(payment, attempt.id, { kind: 'void', cause, amountMinor: payment.amountMinor });
  const voidId = openOperations(after).find((each) => each.cause === cause)?.id;
  return {
    after,
    reason: `asking ${attempt.provider} to void by our reference`,
    ...(voidId === undefined ? {} : { voidId }),
  };
}

/**
 * Nothing is left to ask: a person takes over, and any later news still resolves it. A void whose doubt is resolved
 * does not hold the payment up, so it leaves it where it stands.
 */
export function decidePark(
  payment: Payment,
  operationId: string,
  straysRest: () => boolean = () => true,
): Decision | undefined {
  const attempt = mustFind(attemptOf(payment, operationId), `attempt of ${operationId}`);
  const operation = mustFind(findOperation(payment, operationId), operationId);
  if (operation.closed) return undefined;
  const summary = `${operation.kind} at ${attempt.provider} stayed ${operation.status}; ask the provider and resolve it with evidence`;
  const rests = attempt.undoing || isTerminal(PAYMENT_EDGES, payment.status);
  const movable = !rests && !(isStray(attempt, operation) && straysRest());
  return {
    after: movable ? withStatus(payment, 'requires_review') : payment,
    reason: `no proof of the ${operation.kind} at ${attempt.provider}; parked for a person`,
    exceptions: [
      {
        kind: operation.status === 'pending' ? 'pending_overdue' : 'unknown_outcome_parked',
        subjectId: operationId,
        summary,
      },
    ],
  };
}
