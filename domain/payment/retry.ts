import { budgetDecline, type NextStep, nextStepAfter } from '../routing/declines/index.ts';
import { SCHEDULED_RETRY } from './causes.ts';
import { beginsRound, type Decision, roundOf, startAttempt, withStatus } from './edit.ts';
import { leftToUndoMinor } from './late-refund.ts';
import { type Decline, RETRY_ADVICE } from './outcome.ts';
import type { Attempt, Payment, PaymentRetryPlan, RouteStep } from './payment.ts';

/**
 * What may be tried after a decline: another provider at once, or the same card later. The policy's plan says what is
 * wanted; the network's word, and what it has left for the card, bound it. A payment without a plan goes by the
 * reason alone, as all did before.
 */

/** Whether another provider is asked after this decline. Nothing that a policy says beats a network's `never`. */
export function mayFailOver({ retryPlan }: Payment, decline: Decline): boolean {
  if (retryPlan === undefined) return RETRY_ADVICE[decline.reason] === 'retry_other_provider';
  const { advice, waitMs } = nextStepAfter(decline);
  // A network that says how long to wait means every provider: elsewhere the card would be tried too early as well.
  return retryPlan.failOverAfter.includes(decline.reason) && advice !== 'never' && waitMs === undefined;
}

/** Whether a decline may be answered with a challenge: one more try of the card, which its network has to allow. */
export function mayStepUp(payment: Payment, decline: Decline): boolean {
  return nextStepAfter(decline).advice === 'authenticate' && budgetUsedUp(payment) === undefined;
}

/** Whether the plan has a try left in this round. What was proven not attempted reached no provider, and counts for none. */
export function hasTriesLeft(payment: Payment): boolean {
  const { retryPlan } = payment;
  return retryPlan === undefined || roundOf(payment).filter(wasSent).length < retryPlan.maxAttempts;
}

function wasSent({ operations }: Attempt): boolean {
  return operations.some(
    ({ kind, outcome }) => (kind === 'authorize' || kind === 'sale') && outcome?.type !== 'not_attempted',
  );
}

/** The decline to end with where the card's network allows no further one; undefined where it does. */
export function budgetUsedUp(payment: Payment): Decline | undefined {
  const left = payment.retryPlan?.declinesLeft;
  if (left === undefined) return undefined;
  const declined = roundOf(payment).filter((attempt) => attempt.status === 'declined').length;
  return declined < left ? undefined : budgetDecline('the card’s network allows no further try for now');
}

/** How a round ended: its last decline, or that nobody could be reached. */
interface RoundsEnd {
  readonly failure: { readonly decline?: Decline };
  readonly unreached?: boolean;
}

/**
 * When a merchant-initiated payment is tried again: as the plan says, which counts from the end of the first round (the
 * last one came when the time before was over), and not before the network's own time. Undefined where nobody is to be
 * charged later: the payer was there, the decline will not pass, or the plan has no more. What the network has left for
 * the card is not asked: by then other windows count, and the round is judged by those.
 */
export function nextRetryMs(payment: Payment, { failure, unreached }: RoundsEnd, nowMs: number) {
  const { retryPlan, authentication } = payment;
  if (retryPlan === undefined || authentication?.offSession !== true) return undefined;
  const declined = roundOf(payment).findLast((attempt) => attempt.decline !== undefined);
  const decline = failure.decline ?? (unreached === true ? declined?.decline : undefined);
  if (decline === undefined && unreached !== true) return undefined;
  const { advice, waitMs = 0 } = decline === undefined ? OUTAGE : nextStepAfter(decline);
  if (advice !== 'retry_later' && advice !== 'retry_other_provider') return undefined;
  const made = retriesMade(payment);
  const { [made]: afterFirstMs, [made - 1]: soFarMs = 0 } = retryPlan.laterMs;
  if (afterFirstMs === undefined) return undefined;
  const atMs =
    nowMs + Math.max(1, Math.round(Math.max(afterFirstMs - soFarMs, waitMs) * retryPlan.timeScale));
  return atMs < payment.completeByMs ? atMs : undefined;
}

/** What passes by itself, and says nothing of the card. */
const OUTAGE: Pick<NextStep, 'advice' | 'waitMs'> = { advice: 'retry_later' };

/** The times of the plan that are over, with those at which nobody could be sent anything. */
export function retriesMade({ attempts, retryPlan }: Payment): number {
  return attempts.filter(beginsRound).length + (retryPlan?.timesSkipped ?? 0);
}

/** What a route of later gives: made from the policy, the accounts and the card's budget as they are then. */
export interface Rerouted {
  readonly route: readonly RouteStep[];
  readonly retryPlan?: PaymentRetryPlan;
  /** The payer has taken their consent back, or the card's network allows no try: nobody is asked. */
  readonly refused?: Decline;
  /** The route is empty only because those who could take it are unwell. */
  readonly outage?: boolean;
}

/**
 * The next round of a payment that waited until `dueMs`; undefined where it waits for that no more. Which version of
 * the policy decided the payment stays as it is: the round's own explanation is stored with its attempt.
 */
export function decideScheduledRetry(
  payment: Payment,
  dueMs: number,
  rerouted: Rerouted,
  nowMs: number,
): Decision | undefined {
  if (payment.status !== 'processing' || payment.nextRetryAtMs !== dueMs) return undefined;
  const paidAlready = payment.attempts.find(isNotBackYet);
  if (paidAlready !== undefined) return afterItIsBack(payment, paidAlready);
  const { route, refused } = rerouted;
  const first = route[0];
  if (refused !== undefined || first === undefined) return notTriedAgain(payment, rerouted, nowMs);
  const number = retriesMade(payment) + 1;
  return {
    after: startAttempt(withRoute(payment, rerouted), first, `${SCHEDULED_RETRY}${number}`),
    reason: `scheduled retry ${number}, at ${first.provider}`,
  };
}

/** The payment with its fresh route and plan; the times that it has missed stay missed. */
export function withRoute(payment: Payment, { route, retryPlan }: Rerouted): Payment {
  const timesSkipped = payment.retryPlan?.timesSkipped;
  return {
    ...payment,
    route: [...route, ...keptSteps(payment, route)],
    ...(retryPlan === undefined
      ? {}
      : { retryPlan: { ...retryPlan, ...(timesSkipped === undefined ? {} : { timesSkipped }) } }),
  };
}

/** It was charged after all, late, and the payer has not got the money back: charged again they would have paid twice. */
export function isNotBackYet(attempt: Attempt): boolean {
  return attempt.undoing && (attempt.status === 'authorized' || leftToUndoMinor(attempt) > 0);
}

/** No try follows by itself: how long giving it back takes nobody knows, and whether it is still owed a person says. */
function afterItIsBack(payment: Payment, { id, provider }: Attempt): Decision {
  const summary = `not tried again: what ${provider} charged late has not gone back yet; see that it does, then cancel or move`;
  return {
    after: withStatus(payment, 'requires_review'),
    reason: summary,
    exceptions: [{ kind: 'late_success', subjectId: id, summary }],
  };
}

/** Nobody may be asked, which ends it; or nobody can be, which an outage's end changes while the plan has times left. */
function notTriedAgain(payment: Payment, { refused, outage }: Rerouted, nowMs: number): Decision {
  if (refused === undefined && outage === true && payment.retryPlan !== undefined) {
    const timesSkipped = (payment.retryPlan.timesSkipped ?? 0) + 1;
    const skipped = { ...payment, retryPlan: { ...payment.retryPlan, timesSkipped } };
    const nextRetryAtMs = nextRetryMs(skipped, { failure: {}, unreached: true }, nowMs);
    if (nextRetryAtMs !== undefined)
      return {
        after: { ...skipped, nextRetryAtMs },
        reason:
          'not tried at this time: all who could take it are unwell; trying again later, as its policy says',
      };
  }
  const failure =
    refused === undefined
      ? { code: 'no_route' as const, message: 'no provider account can take this payment' }
      : { code: 'card_declined' as const, message: refused.message, decline: refused };
  return {
    after: { ...withStatus(payment, 'failed'), failure },
    reason: `not tried again: ${failure.message}`,
  };
}

/** What an earlier round's attempts were made with is still needed to ask about them, and to undo a late success. */
function keptSteps({ route, attempts }: Payment, fresh: readonly RouteStep[]): readonly RouteStep[] {
  const again = new Set(fresh.map((step) => step.accountId));
  const tried = new Set(attempts.map((attempt) => attempt.accountId));
  return route
    .filter(({ accountId }) => tried.has(accountId) && !again.has(accountId))
    .map((step) => ({ ...step, kept: true }));
}
