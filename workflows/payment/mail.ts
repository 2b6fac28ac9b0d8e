import { ActivityFailure } from '@temporalio/workflow';
import type { NewsFact } from '../../activities/payment/news.ts';
import { unreachable } from '../../domain/machine.ts';
import { decideOutcome } from '../../domain/payment/decide.ts';
import type { Attempt, Operation, Payment } from '../../domain/payment/payment.ts';
import { database, inquiries } from './activities.ts';
import type { Lanes } from './lanes.ts';
import type { PaymentProcess } from './process.ts';

/**
 * Reads the payment's letter box. A letter that proves something is acted on; one that only hints makes us
 * ask the provider. Letters are acknowledged after what they said has been written.
 */
export async function readMail(process: PaymentProcess, lanes: Lanes): Promise<void> {
  if (process.superseded) return;
  const { facts } = await database.readNews(process.paymentId);
  const understood: string[] = [];
  const unmatched: string[] = [];
  for (const fact of facts) {
    const read = await act(process, lanes, fact);
    if (fact.type === 'observed' || read === 'unanswered') continue;
    (read === 'understood' ? understood : unmatched).push(fact.inboxId);
  }
  if (process.superseded || understood.length + unmatched.length === 0) return;
  await database.acknowledge({ understood, unmatched });
}

/** `unmatched`: it concerns nothing that we did. `unanswered`: it stays in the box, and is read again later. */
type Reading = 'understood' | 'unmatched' | 'unanswered';

async function act(process: PaymentProcess, lanes: Lanes, fact: NewsFact): Promise<Reading> {
  switch (fact.type) {
    case 'evidence': {
      const operation = operationOf(process.current, fact);
      if (operation === undefined || !matches(process.current, operation, fact)) return 'unmatched';
      await conclude(process, operation.id, fact.outcome, fact.source);
      return 'understood';
    }
    case 'observed':
      await conclude(process, fact.operationId, fact.outcome, 'observation');
      return 'understood';
    case 'hint': {
      lanes.wake();
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

/** A hint about an attempt that we hold for dead: the provider must be asked whether it lives. */
function deadAuthorization(
  payment: Payment,
  fact: Extract<NewsFact, { type: 'hint' }>,
): Operation | undefined {
  const named = (attempt: Attempt) =>
    attempt.id === fact.reference ||
    attempt.operations.some((each) => each.id === fact.reference) ||
    (fact.providerReference !== undefined && attempt.providerReference === fact.providerReference);
  const dead = payment.attempts.find(
    (attempt) =>
      named(attempt) && !attempt.undoing && ['declined', 'errored', 'voided'].includes(attempt.status),
  );
  return dead?.operations.findLast((each) => each.kind === 'authorize' || each.kind === 'sale');
}

/**
 * A look-up that failed, or found nothing (a search index lags), is no answer: the letter may be the only
 * trace of a charge, so it is not put away for it.
 */
async function ask(process: PaymentProcess, operation: Operation, actor: string): Promise<Reading> {
  const order = { operationId: operation.id, generation: process.generation, lookup: true };
  try {
    const answer = await inquiries(process.settings, 'a webhook speaks of a dead attempt: ask').inquire(
      order,
    );
    if (answer.type !== 'outcome' || answer.outcome.type === 'unknown') return 'unanswered';
    await conclude(process, operation.id, answer.outcome, actor);
    return 'understood';
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return 'unanswered';
  }
}
