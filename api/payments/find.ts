import type { Owner } from '../../db/read/index.ts';
import type { PaymentSnapshot } from '../../domain/payment/payment.ts';
import { within } from '../deadline.ts';
import { problem } from '../problems.ts';
import type { Services } from '../route.ts';

const ASK_WORKFLOW_MS = 2_000;
/** The door keeps its time; this is for one that hangs. */
const HANGING_MS = 200;

/** Ids have one form; what hasn't it was never a payment, and needs no look-up. */
export function isPaymentId(text: string): boolean {
  return /^pay_[a-z2-7]{26}$/.test(text);
}

/**
 * A payment of the caller's: its row, or the workflow's own view while the row isn't written yet. Another
 * merchant's takes the same way to the same undefined as one that doesn't exist.
 */
export async function visiblePayment(
  owner: Owner,
  paymentId: string,
  { payments, door }: Pick<Services, 'payments' | 'door'>,
): Promise<PaymentSnapshot | undefined> {
  if (!isPaymentId(paymentId)) return undefined;
  const row = await payments.find(owner, paymentId);
  if (row !== undefined) return row;
  const NO_ANSWER = { type: 'no_answer' } as const;
  const asked = door.snapshot(paymentId, ASK_WORKFLOW_MS).then(
    (snapshot) => ({ type: 'answer', snapshot }) as const,
    () => NO_ANSWER,
  );
  const answer = (await within(asked, ASK_WORKFLOW_MS + HANGING_MS)) ?? NO_ANSWER;
  // Without Temporal's word nobody can say that it doesn't exist; the caller may ask again.
  if (answer.type === 'no_answer') throw problem('unavailable');
  const { snapshot } = answer;
  return snapshot?.merchantId === owner.merchantId && snapshot.mode === owner.mode ? snapshot : undefined;
}
