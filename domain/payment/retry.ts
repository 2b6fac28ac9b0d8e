import { budgetDecline, nextStepAfter } from '../routing/declines/index.ts';
import { SCHEDULED_RETRY } from './causes.ts';
import { beginsRound, type Decision, roundOf, startAttempt, withoutRetry, withStatus } from './edit.ts';
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
  return retryPlan.failOverAfter.includes(decline.reason) && nextStepAfter(decline).advice !== 'never';
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

/**
 * When a merchant-initiated payment is tried again: as the plan says, which counts from the first decline (the last one
 * came when the time before was over), and not before the network's own time. Undefined
 * where nobody is to be charged later: the payer was there, the decline will not pass, or the plan has no more.
 */
export function nextRetryMs(
  payment: Payment,
  decline: Decline | undefined,
  nowMs: number,
): number | undefined {
  const { retryPlan, authentication } = payment;
  if (retryPlan === undefined || authentication?.offSession !== true || decline === undefined)
    return undefined;
  const { advice, waitMs = 0 } = nextStepAfter(decline);
  if (advice !== 'retry_later' && advice !== 'retry_other_provider') return undefined;
  const made = retriesMade(payment);
  const { [made]: afterFirstMs, [made - 1]: soFarMs = 0 } = retryPlan.laterMs;
  if (afterFirstMs === undefined || budgetUsedUp(payment) !== undefined) return undefined;
  const atMs =
    nowMs + Math.max(1, Math.round(Math.max(afterFirstMs - soFarMs, waitMs) * retryPlan.timeScale));
  return atMs < payment.completeByMs ? atMs : undefined;
}

export function retriesMade({ attempts }: Payment): number {
  return attempts.filter(beginsRound).length;
}

/** What a route of later gives: made from the policy, the accounts and the card's budget as they are then. */
export interface Rerouted {
  readonly route: readonly RouteStep[];
  readonly retryPlan?: PaymentRetryPlan;
  /** The card's network allows no try: nobody is asked. */
  readonly refused?: Decline;
}

/**
 * The next round of a payment that waited until `dueMs`; undefined where it waits for that no more. Which version of
 * the policy decided the payment stays as it is: the round's own explanation is stored with its attempt.
 */
export function decideScheduledRetry(
  payment: Payment,
  dueMs: number,
  { route, retryPlan, refused }: Rerouted,
): Decision | undefined {
  if (payment.status !== 'processing' || payment.nextRetryAtMs !== dueMs) return undefined;
  const waiting = withoutRetry(payment);
  const first = route[0];
  if (refused !== undefined || first === undefined) {
    const failure =
      refused === undefined
        ? { code: 'no_route' as const, message: 'no provider account can take this payment' }
        : { code: 'card_declined' as const, message: refused.message, decline: refused };
    return {
      after: { ...withStatus(waiting, 'failed'), failure },
      reason: `not tried again: ${failure.message}`,
    };
  }
  const number = retriesMade(payment) + 1;
  const rerouted: Payment = {
    ...waiting,
    route: [...route, ...keptSteps(payment, route)],
    ...(retryPlan === undefined ? {} : { retryPlan }),
  };
  return {
    after: startAttempt(rerouted, first, `${SCHEDULED_RETRY}${number}`),
    reason: `scheduled retry ${number}, at ${first.provider}`,
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
