import { WorkflowNotFoundError } from '@temporalio/client';
import { loadPayment } from '../db/aggregate.ts';
import type { Db } from '../db/client.ts';
import { acknowledgeLetters, unreadLetters } from '../db/letters.ts';
import { unexplainedSuccesses } from '../db/sends.ts';
import type { NewsResult } from '../domain/door.ts';
import { paymentWorkflowId } from '../domain/ids.ts';
import { isUnderWay, saysNothingNew } from '../domain/payment/nothing-new.ts';
import type { Payment } from '../domain/payment/payment.ts';
import { newsSignal } from '../workflows/payment/messages.ts';
import { isClosed } from './errors.ts';
import { type DoorParts, openGeneration } from './generations.ts';

/** Wakes a payment, unless all that lies there for it repeats what is recorded. See domain/door.ts. */
export async function bringNews(deps: DoorParts, paymentId: string): Promise<NewsResult> {
  const { client, db } = deps;
  const payment = await loadPayment(db, paymentId);
  if (payment !== undefined && (await onlyRepeats(db, payment))) return 'nothing_new';
  const generation = payment?.generation ?? 1;
  const signal = (n: number) => client.workflow.getHandle(paymentWorkflowId(paymentId, n)).signal(newsSignal);
  try {
    await signal(generation);
    return 'signalled';
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError) && !isClosed(error)) throw error;
  }
  if (payment === undefined) return 'no_such_payment';
  await signal(await openGeneration(deps, paymentId, generation));
  return 'reopened';
}

/**
 * Puts away letters that repeat what is recorded; says whether nothing else lies there. Nothing at all is
 * nothing too: of two deliveries at once, one puts both letters away.
 */
async function onlyRepeats(db: Db, payment: Payment): Promise<boolean> {
  const [letters, successes] = await Promise.all([
    unreadLetters(db, payment.id),
    unexplainedSuccesses(db, payment.id),
  ]);
  if (successes.length > 0) return false;
  const repeats = letters.filter((letter) => saysNothingNew(payment, letter.evidence));
  if (repeats.length > 0)
    await acknowledgeLetters(
      db,
      repeats.map((letter) => letter.inboxId),
    );
  return letters.every((letter) => repeats.includes(letter) || isUnderWay(payment, letter.evidence));
}
