import { ActivityFailure, patched } from '@temporalio/workflow';
import type { NewsFact } from '../../activities/payment/news.ts';
import { unreachable } from '../../domain/machine.ts';
import { decideExternalRefund, decideOutcome } from '../../domain/payment/decide.ts';
import type { Attempt, Operation, Payment } from '../../domain/payment/payment.ts';
import { inquiries } from '../operations/activities.ts';
import type { Lanes } from '../operations/lanes.ts';
import { askAboutClosed, type Reading, readLetters } from '../operations/letters.ts';
import { PATCHES } from '../versions.ts';
import type { PaymentProcess } from './process.ts';

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
    case 'hint': {
      if (fact.about === 'refunds') return askForRefunds(process, fact);
      lanes.wake();
      if (isInDoubt(process.current, fact) && patched(PATCHES.hintsWait)) return 'unanswered';
      const suspect = deadAuthorization(process.current, fact);
      return suspect === undefined ? 'understood' : ask(process, suspect, fact.source);
    }
    default:
      return unreachable(fact);
  }
}

async function conclude(
  process: PaymentProcess,
  operationId: string,
  outcome: Parameters<typeof decideOutcome>[2],
  actor: string,
): Promise<void> {
  await process.apply((payment) => decideOutcome(payment, operationId, outcome, Date.now()), {
    type: `news_${outcome.type}`,
    actor,
  });
}

/** An authorization is named by its attempt's id, everything else by its own. */
function operationOf(payment: Payment, fact: Extract<NewsFact, { type: 'evidence' }>): Operation | undefined {
  for (const attempt of payment.attempts) {
    if (attempt.id === fact.reference) {
      const ofKind = attempt.operations.filter((each) =>
        fact.kind === 'authorize'
          ? each.kind === 'authorize' || each.kind === 'sale'
          : each.kind === fact.kind,
      );
      return ofKind.find((each) => !each.closed) ?? ofKind.at(-1);
    }
    const named = attempt.operations.find((each) => each.id === fact.reference);
    if (named !== undefined) return named;
  }
  return undefined;
}

/** Evidence of another amount or currency than we asked for proves nothing of our operation. */
function matches(
  payment: Payment,
  operation: Operation,
  fact: Extract<NewsFact, { type: 'evidence' }>,
): boolean {
  if (fact.currency !== undefined && fact.currency !== payment.currency) return false;
  const success = fact.outcome.type === 'authorized' || fact.outcome.type === 'captured';
  return !success || fact.amountMinor === undefined || fact.amountMinor === operation.amountMinor;
}

/**
 * A hint about what is unknown wakes whoever asks, and stays in the box: should the provider be asked too early
 * and say "not found", the letter is there to contradict it.
 */
function isInDoubt(payment: Payment, fact: Extract<NewsFact, { type: 'hint' }>): boolean {
  return payment.attempts.some(
    (attempt) =>
      isNamed(attempt, fact) && attempt.operations.some((each) => !each.closed && each.status === 'unknown'),
  );
}

function isNamed(attempt: Attempt, fact: Extract<NewsFact, { type: 'hint' }>): boolean {
  return (
    attempt.id === fact.reference ||
    attempt.operations.some((each) => each.id === fact.reference) ||
    (fact.providerReference !== undefined && attempt.providerReference === fact.providerReference)
  );
}

/** A hint about an attempt that we hold for dead: the provider must be asked whether it lives. */
function deadAuthorization(
  payment: Payment,
  fact: Extract<NewsFact, { type: 'hint' }>,
): Operation | undefined {
  const dead = payment.attempts.find(
    (attempt) =>
      isNamed(attempt, fact) &&
      !attempt.undoing &&
      ['declined', 'errored', 'voided'].includes(attempt.status),
  );
  return dead?.operations.findLast((each) => each.kind === 'authorize' || each.kind === 'sale');
}

async function ask(process: PaymentProcess, operation: Operation, actor: string): Promise<Reading> {
  const outcome = await askAboutClosed(process, operation.id, 'a webhook speaks of a dead attempt: ask');
  if (outcome === undefined) return 'unanswered';
  await conclude(process, operation.id, outcome, actor);
  return 'understood';
}

/** A hint that more was refunded than we know of: the provider lists its refunds, and what isn't ours is recorded. */
async function askForRefunds(
  process: PaymentProcess,
  fact: Extract<NewsFact, { type: 'hint' }>,
): Promise<Reading> {
  const attempt = process.current.attempts.find((each) => isNamed(each, fact) && each.capturedMinor > 0);
  if (attempt === undefined || attempt.undoing) return attempt === undefined ? 'unmatched' : 'understood';
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
  await process.apply(
    (payment) => decideExternalRefund(payment, fact.reference, { providerReference, amountMinor }),
    {
      type: 'external_refund',
      actor: fact.source,
    },
  );
  return 'understood';
}
