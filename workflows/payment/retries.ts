import { condition } from '@temporalio/workflow';
import { decideScheduledRetry, retriesMade } from '../../domain/payment/retry.ts';
import { database } from '../operations/activities.ts';
import type { PaymentProcess } from './process.ts';

/**
 * A merchant-initiated payment that was declined for now waits, as its policy says, and is then routed anew: by the
 * policy, the accounts and the card's budget as they are by then. `moved` ends the wait: the merchant gave it up, an
 * operator wants it now, or there is news.
 */
export async function retryWhenDue(process: PaymentProcess, moved: () => boolean): Promise<void> {
  const { nextRetryAtMs: dueMs, retryPlan, ...payment } = process.current;
  if (dueMs === undefined) return;
  const number = retriesMade(process.current) + 1;
  const summary = `try the card again (retry ${number} of ${Math.max(number, retryPlan?.laterMs.length ?? 0)})`;
  // A timer also where the time has come: a replay may read the clock a moment earlier than the run did.
  if (await condition(moved, Math.max(1, dueMs - Date.now()), { summary })) return;
  const {
    id,
    merchantId,
    mode,
    amountMinor,
    currency,
    metadata,
    paymentMethodId,
    customerId,
    storedCredential,
  } = payment;
  const { explanation, ...chosen } = await database.route({
    paymentId: id,
    merchantId,
    mode,
    amountMinor,
    currency,
    metadata,
    again: true,
    wish: {
      offSession: true,
      ...(storedCredential === undefined ? {} : { usage: storedCredential.usage }),
    },
    ...(paymentMethodId === undefined ? {} : { paymentMethodId }),
    ...(customerId === undefined ? {} : { customerId }),
  });
  await process.apply(
    (current) => decideScheduledRetry(current, dueMs, chosen),
    { type: 'scheduled_retry', actor: 'timer' },
    explanation === undefined ? {} : { explanation },
  );
}
