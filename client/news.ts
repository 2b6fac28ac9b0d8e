import { WorkflowNotFoundError } from '@temporalio/client';
import { loadPayment } from '../db/aggregate.ts';
import type { Db } from '../db/client.ts';
import { acknowledgeLetters, unreadLetters } from '../db/letters.ts';
import { loadRefund } from '../db/refunds/aggregate.ts';
import { unexplainedSuccesses } from '../db/sends.ts';
import type { NewsResult } from '../domain/door.ts';
import { isRefundId, workflowIdOf } from '../domain/ids.ts';
import { isUnderWay, saysNothingNew } from '../domain/payment/nothing-new.ts';
import type { Evidence } from '../domain/payment/outcome.ts';
import { refundSaysNothingNew } from '../domain/refund/nothing-new.ts';
import { newsSignal } from '../workflows/payment/messages.ts';
import { isClosed } from './errors.ts';
import { type DoorParts, openGeneration } from './generations.ts';
import { inTraceOf } from './tracing.ts';

/** Wakes a payment or refund, unless all that lies there for it repeats what is recorded. See domain/door.ts. */
export async function bringNews(deps: DoorParts, ownerId: string): Promise<NewsResult> {
  const { client, db } = deps;
  const owner = await addresseeOf(db, ownerId);
  if (owner !== undefined && (await onlyRepeats(db, ownerId, owner))) return 'nothing_new';
  const signal = (n: number) => client.workflow.getHandle(workflowIdOf(ownerId, n)).signal(newsSignal);
  const wake = () => wakeOwner(deps, ownerId, owner, signal);
  // A refund's id doesn't say whose trace it is; its row does.
  return owner?.refundOf === undefined ? wake() : inTraceOf(owner.refundOf, 'BringNews', wake);
}

async function wakeOwner(
  deps: DoorParts,
  ownerId: string,
  owner: Addressee | undefined,
  signal: (generation: number) => Promise<void>,
): Promise<NewsResult> {
  const generation = owner?.generation ?? 1;
  try {
    await signal(generation);
    return 'signalled';
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError) && !isClosed(error)) throw error;
  }
  if (owner === undefined) return 'no_such_owner';
  await signal((await openGeneration(deps, ownerId, generation)).generation);
  return 'reopened';
}

/** Whom a letter is for, and how it is judged whether the letter tells them anything. */
interface Addressee {
  readonly generation: number;
  /** The payment that a refund is of. */
  readonly refundOf?: string;
  repeats(evidence: Evidence | undefined): boolean;
  isUnderWay(evidence: Evidence | undefined): boolean;
}

async function addresseeOf(db: Db, ownerId: string): Promise<Addressee | undefined> {
  if (isRefundId(ownerId)) {
    const refund = await loadRefund(db, ownerId);
    return refund === undefined
      ? undefined
      : {
          generation: refund.generation,
          refundOf: refund.paymentId,
          repeats: (evidence) => refundSaysNothingNew(refund, evidence),
          // Its evidence settles it whatever its send still has to say.
          isUnderWay: () => false,
        };
  }
  const payment = await loadPayment(db, ownerId);
  return payment === undefined
    ? undefined
    : {
        generation: payment.generation,
        repeats: (evidence) => saysNothingNew(payment, evidence),
        isUnderWay: (evidence) => isUnderWay(payment, evidence),
      };
}

/**
 * Puts away letters that repeat what is recorded; says whether nothing else lies there. Nothing at all is
 * nothing too: of two deliveries at once, one puts both letters away.
 */
async function onlyRepeats(db: Db, ownerId: string, owner: Addressee): Promise<boolean> {
  const [letters, successes] = await Promise.all([
    unreadLetters(db, ownerId),
    unexplainedSuccesses(db, ownerId),
  ]);
  if (successes.length > 0) return false;
  const repeats = letters.filter((letter) => owner.repeats(letter.evidence));
  if (repeats.length > 0)
    await acknowledgeLetters(
      db,
      repeats.map((letter) => letter.inboxId),
    );
  return letters.every((letter) => repeats.includes(letter) || owner.isUnderWay(letter.evidence));
}
