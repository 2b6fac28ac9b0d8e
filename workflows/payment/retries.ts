import { condition, patched } from '@temporalio/workflow';
import type { ChosenRoute } from '../../activities/payment/route.ts';
import { decideScheduledRetry, retriesMade } from '../../domain/payment/retry.ts';
import { database } from '../operations/activities.ts';
import { PATCHES } from '../versions.ts';
import type { PaymentProcess } from './process.ts';

/**
 * A merchant-initiated payment that was declined for now waits, as its policy says, and is then routed anew: by the
 * policy, the accounts and the card's budget as they are by then. `moved` ends the wait: the merchant gave it up, an
 * operator wants it now, or there is news.
 */
export async function retryWhenDue(process: PaymentProcess, moved: () => boolean): Promise<void> {
  const { nextRetryAtMs: dueMs, retryPlan } = process.current;
  if (dueMs === undefined) return;
  const number = retriesMade(process.current) + 1;
  const summary = `try the card again (retry ${number} of ${Math.max(number, retryPlan?.laterMs.length ?? 0)})`;
  // A timer also where the time has come: a replay may read the clock a moment earlier than the run did.
  if (await condition(moved, Math.max(1, dueMs - Date.now()), { summary })) return;
  const { explanation, ...chosen } = await routeAgain(process);
  // What came meanwhile may say that an earlier try was charged after all.
  if (moved() && patched(PATCHES.lettersBeforeRetry)) return;
  await process.apply(
    (current) => decideScheduledRetry(current, dueMs, chosen, Date.now()),
    { type: 'scheduled_retry', actor: 'timer' },
    explanation === undefined ? {} : { explanation },
  );
}

/** The route of a payment that was routed before, as policy, accounts, consent and the card's budget are now. */
export function routeAgain({ current }: PaymentProcess): Promise<ChosenRoute> {
  const { id, merchantId, mode, amountMinor, currency, metadata, paymentMethodId, customerId } = current;
  const { authentication, storedCredential } = current;
  return database.route({
    paymentId: id,
    merchantId,
    mode,
    amountMinor,
    currency,
    metadata,
    again: true,
    wish: {
      ...(authentication?.offSession === true ? { offSession: true } : {}),
      ...(storedCredential === undefined ? {} : { usage: storedCredential.usage }),
    },
    ...(paymentMethodId === undefined ? {} : { paymentMethodId }),
    ...(customerId === undefined ? {} : { customerId }),
  });
}
