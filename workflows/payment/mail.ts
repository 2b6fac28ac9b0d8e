import { ActivityFailure, patched } from '@temporalio/workflow';
import type { NewsFact } from '../../activities/payment/news.ts';
import { unreachable } from '../../domain/machine.ts';
import { decideReturned } from '../../domain/payment/challenge.ts';
import { decideExternalRefund, isDead } from '../../domain/payment/decide.ts';
import { isGivenUp } from '../../domain/payment/late-capture.ts';
import { operationNamed } from '../../domain/payment/named.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import { type Attempt, type Operation, type Payment, routeStepOf } from '../../domain/payment/payment.ts';
import { rests } from '../../domain/payment/unexpected-capture.ts';
import { inquiries } from '../operations/activities.ts';
import type { Lanes } from '../operations/lanes.ts';
import { askAboutClosed, type Reading, readLetters } from '../operations/letters.ts';
import { PATCHES } from '../versions.ts';
import type { PaymentProcess } from './process.ts';

type Hint = Extract<NewsFact, { type: 'hint' }>;

/**
 * Reads the payment's letter box. A letter that proves something is acted on; one that only hints makes us
 * ask the provider.
 */
export function readMail(process: PaymentProcess, lanes: Lanes): Promise<void> {
  return readLetters(process, (fact) => act(process, lanes, fact));
}

async function act(process: PaymentProcess, lanes: Lanes, fact: NewsFact): Promise<Reading> {
  switch (fact.type) {
    case 'evidence': {
      const operation = operationOf(process.current, fact);
      if (operation === undefined && fact.kind === 'refund') return recordExternal(process, fact);
      if (operation === undefined || !matches(process.current, operation, fact)) return 'unmatched';
      await conclude(process, operation.id, fact.outcome, fact.source);
      return 'understood';
    }
    case 'observed':
      await conclude(process, fact.operationId, fact.outcome, 'observation');
      return 'understood';
    case 'returned':
      return payerReturned(process, lanes, fact);
    case 'challenge':
      // Whoever waits for the payer asks now; whether the time is over the workflow's own loop sees.
      lanes.wake();
      return 'understood';
    case 'hint': {
      if (fact.about === 'refunds') return askForRefunds(process, fact);
      lanes.wake();
      if (isInDoubt(process.current, fact)) return 'unanswered';
      const dead = deadAttempt(process.current, fact);
      if (dead !== undefined) return askWhetherAlive(process, dead, fact.source);
      const undo = undoneBy(process.current, fact);
      if (undo !== undefined && patched(PATCHES.undoAskedAbout))
        return ask(
          process,
          undo,
          'a webhook speaks of the refund that undid a late success: ask',
          fact.source,
        );
      const held = restingAttempt(process.current, fact);
      if (held === undefined || !patched(PATCHES.restAskedAbout)) return 'understood';
      return askWhatBecameOf(
        process,
        held,
        'a webhook speaks of an authorization that rests: ask',
        fact.source,
      );
    }
    default:
      return unreachable(fact);
  }
}

/** The payer's browser came back: written down, and the provider is asked at once. */
async function payerReturned(
  process: PaymentProcess,
  lanes: Lanes,
  { attemptId, inboxId, source }: Extract<NewsFact, { type: 'returned' }>,
): Promise<Reading> {
  await process.apply((payment) => decideReturned(payment, attemptId, inboxId, Date.now()), {
    type: 'payer_returned',
    actor: source,
  });
  lanes.wake();
  await process.onReturned(attemptId);
  return 'understood';
}

async function conclude(
  process: PaymentProcess,
  operationId: string,
  outcome: OperationOutcome,
  actor: string,
): Promise<void> {
  await process.concludeAs({ type: `news_${outcome.type}`, actor }, operationId, outcome);
}

/** Before the patch any refund of the attempt was taken for the one that a letter about its charge speaks of. */
function operationOf(payment: Payment, fact: Extract<NewsFact, { type: 'evidence' }>): Operation | undefined {
  const named = operationNamed(payment, fact);
  if (named !== undefined || fact.kind !== 'refund') return named;
  const { kind, reference } = fact;
  const any = operationNamed(payment, { kind, reference, outcome: { type: 'unknown', cause: 'mismatch' } });
  return any === undefined || patched(PATCHES.refundsByName) ? undefined : any;
}

/** Evidence of another amount or currency than we asked for proves nothing of our operation. */
function matches(
  payment: Payment,
  operation: Operation,
  fact: Extract<NewsFact, { type: 'evidence' }>,
): boolean {
  if (fact.currency !== undefined && fact.currency !== payment.currency) return false;
  if (fact.amountMinor === undefined || fact.amountMinor === operation.amountMinor) return true;
  switch (fact.outcome.type) {
    case 'authorized':
    case 'captured':
      return false;
    case 'refunded':
      return !patched(PATCHES.refundsByName);
    default:
      return true;
  }
}

/**
 * A hint about what is unknown wakes whoever asks, and stays in the box: should the provider be asked too early
 * and say "not found", the letter is there to contradict it. So does one about what is being sent, whose answer
 * may be older than the letter.
 */
function isInDoubt(payment: Payment, fact: Hint): boolean {
  const named = payment.attempts.filter((attempt) => isNamed(attempt, fact));
  const open = named.flatMap((attempt) => attempt.operations.filter((each) => !each.closed));
  if (open.some((each) => each.status === 'unknown')) return patched(PATCHES.hintsWait);
  return open.some((each) => each.status === 'created') && patched(PATCHES.hintsWaitForSends);
}

function isNamed(attempt: Attempt, fact: Hint): boolean {
  return (
    attempt.id === fact.reference ||
    attempt.operations.some((each) => each.id === fact.reference) ||
    (fact.providerReference !== undefined && attempt.providerReference === fact.providerReference)
  );
}

/**
 * A hint about an attempt that we hold for dead: the provider must be asked whether it lives. Before the patch one was
 * put away about an authorization that had lapsed, or was voided to undo a late success.
 */
function deadAttempt(payment: Payment, fact: Hint): Attempt | undefined {
  const named = payment.attempts.filter((attempt) => isNamed(attempt, fact));
  const dead = named.find(isDead);
  if (dead !== undefined) return dead;
  const givenUp = named.find(isGivenUp);
  return givenUp === undefined || !patched(PATCHES.capturedAfterAll) ? undefined : givenUp;
}

/**
 * An authorization that waits for its merchant: somebody may have captured or canceled it at the provider. What repeats
 * is put away before anybody reads it, so few letters come this far.
 */
function restingAttempt(payment: Payment, fact: Hint): Attempt | undefined {
  if (payment.status !== 'requires_capture' && payment.status !== 'partially_captured') return undefined;
  return payment.attempts.find(
    (attempt) =>
      isNamed(attempt, fact) &&
      attempt.status === 'authorized' &&
      rests(attempt) &&
      routeStepOf(payment, attempt.accountId)?.canLookup === true,
  );
}

/** A hint about a refund of a late success that rests: the provider may have taken it back, or made it after all. */
function undoneBy(payment: Payment, { reference, providerReference }: Hint): Operation | undefined {
  const refunds = payment.attempts
    .flatMap((attempt) => attempt.operations)
    .filter((each) => each.kind === 'refund' && each.closed);
  return refunds.find(
    (each) =>
      each.id === reference ||
      (providerReference !== undefined && each.providerReference === providerReference),
  );
}

async function ask(
  process: PaymentProcess,
  operation: Operation,
  summary: string,
  actor: string,
): Promise<Reading> {
  const outcome = await askAboutClosed(process, operation.id, summary);
  if (outcome === undefined) return 'unanswered';
  await conclude(process, operation.id, outcome, actor);
  return 'understood';
}

function askWhetherAlive(process: PaymentProcess, attempt: Attempt, actor: string): Promise<Reading> {
  return askWhatBecameOf(process, attempt, 'a webhook speaks of a dead attempt: ask', actor);
}

async function askWhatBecameOf(
  process: PaymentProcess,
  attempt: Attempt,
  summary: string,
  actor: string,
): Promise<Reading> {
  const charges = attempt.operations.filter((each) => each.kind === 'authorize' || each.kind === 'sale');
  // The one that holds the authorization, where a challenge has more of them.
  const charge = rests(attempt) ? charges.find((each) => each.status === 'succeeded') : charges.at(-1);
  return charge === undefined ? 'understood' : ask(process, charge, summary, actor);
}

/**
 * A hint that more was refunded than we know of: the provider lists its refunds, and what isn't ours is recorded.
 * Before the patch none was recorded of an attempt that had captured nothing, or that was being undone.
 */
async function askForRefunds(process: PaymentProcess, fact: Hint): Promise<Reading> {
  const named = process.current.attempts.find((each) => isNamed(each, fact));
  if (named === undefined) return 'unmatched';
  const counts = named.capturedMinor > 0 && !named.undoing;
  if (!counts && !patched(PATCHES.refundsOfAll)) return named.undoing ? 'understood' : 'unmatched';
  if (isDead(named)) {
    const alive = await askWhetherAlive(process, named, fact.source);
    const attempt = process.current.attempts.find((each) => each.id === named.id);
    if (alive === 'unanswered' || attempt === undefined || isDead(attempt)) return alive;
  }
  return listRefunds(process, named, fact);
}

async function listRefunds(process: PaymentProcess, attempt: Attempt, fact: Hint): Promise<Reading> {
  const { provider, id: attemptId } = attempt;
  const asking = inquiries(process.settings, `ask ${provider} for every refund`);
  const answer = await asking
    .inquireRefunds({ attemptId, generation: process.generation })
    .catch((error: unknown) => {
      if (!(error instanceof ActivityFailure)) throw error;
      return { type: 'nothing_learned' as const };
    });
  if (answer.type === 'nothing_learned') return 'unanswered';
  for (const { currency, ...refund } of answer.refunds) {
    if (currency !== process.current.currency) return 'unmatched';
    await process.apply((payment) => decideExternalRefund(payment, attemptId, refund), {
      type: 'external_refund',
      actor: fact.source,
    });
  }
  return 'understood';
}

/**
 * A refund that is none of ours, by its reference and by the provider's: somebody made it at the provider. While
 * one of ours is on its way and unnamed, nobody can tell whose it is, so the letter waits.
 */
async function recordExternal(
  process: PaymentProcess,
  fact: Extract<NewsFact, { type: 'evidence' }>,
): Promise<Reading> {
  if (fact.outcome.type !== 'refunded' || fact.currency !== process.current.currency) return 'unmatched';
  if (fact.refundsUnderWay === true) return 'unanswered';
  const { providerReference, amountMinor } = fact.outcome;
  const attempt = process.current.attempts.find((each) => each.id === fact.reference);
  // It lives, then: its own letter says so first, and what is undone is counted as such.
  if (attempt !== undefined && isDead(attempt) && patched(PATCHES.refundsOfAll)) return 'unanswered';
  await process.apply(
    (payment) => decideExternalRefund(payment, fact.reference, { providerReference, amountMinor }),
    {
      type: 'external_refund',
      actor: fact.source,
    },
  );
  return 'understood';
}
