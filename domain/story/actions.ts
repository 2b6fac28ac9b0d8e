import {
  decideMove,
  decideOperatorCancel,
  decideOperatorVoid,
  decideRetryNow,
  judgeTestimony,
  type OperatorOrder,
  revocable,
} from '../payment/operate.ts';
import { isHeldForReview, openOperations, type Payment } from '../payment/payment.ts';
import { type Balance, judgeRefundCancel, judgeRefundOrder, refundableMinor } from '../refund/commands.ts';
import { decideRefundRetryNow, judgeRefundTestimony } from '../refund/operate.ts';
import { openOperation, type Refund } from '../refund/refund.ts';

/**
 * What an operator may do now. Each is put to the same rules that will judge it when it is commanded, so that nothing is
 * offered here that they would refuse as things stand, and what they refuse comes with their own words.
 */
export interface StoryAction {
  readonly name: 'retry' | 'void' | 'cancel' | 'move' | 'release' | 'resolve' | 'refund' | 'approve';
  /** The payment, the refund or the resolution that it is about. */
  readonly subject: string;
  readonly allowed: boolean;
  /** Why it is not allowed. */
  readonly refusal?: string;
  /** Of a resolution: the operation. */
  readonly operation?: string;
  /** Of a refund: the most that may be refunded. */
  readonly amountMinor?: number;
  /** Of a move: accounts that are left. */
  readonly accounts?: readonly string[];
  /** Of an approval: who proposed it, and may not approve it. */
  readonly proposedBy?: string;
}

interface Ruled {
  readonly type: string;
  readonly refusal?: { readonly message: string };
}

const ORDER: OperatorOrder = { cause: 'what_if', operator: 'nobody', reason: 'what if' };

function judged(name: StoryAction['name'], subject: string, ruling: Ruled): StoryAction {
  const allowed = ruling.type !== 'refused';
  return {
    name,
    subject,
    allowed,
    ...(allowed || ruling.refusal === undefined ? {} : { refusal: ruling.refusal.message }),
  };
}

export function paymentActions(payment: Payment, balance: Balance, nowMs: number): readonly StoryAction[] {
  // A cancel or a move first has these permits taken back, so they are judged as if that went well.
  const revoked = revocable(payment).map(({ id }) => id);
  const held = isHeldForReview(payment);
  const tried = new Set(payment.attempts.map(({ accountId }) => accountId));
  const move = judged(
    'move',
    payment.id,
    decideMove(payment, { ...ORDER, sendByMs: nowMs + 60_000 }, revoked),
  );
  const refund = judged(
    'refund',
    payment.id,
    judgeRefundOrder(payment, balance, { refundId: '', cause: '', metadata: {} }, nowMs),
  );
  return [
    ...(held
      ? [{ name: 'release' as const, subject: payment.id, allowed: true }]
      : [judged('retry', payment.id, decideRetryNow(payment, ORDER))]),
    judged('void', payment.id, decideOperatorVoid(payment, ORDER)),
    judged('cancel', payment.id, decideOperatorCancel(payment, ORDER, revoked)),
    {
      ...move,
      ...(move.allowed
        ? {
            accounts: payment.route
              .filter(({ accountId, kept }) => !tried.has(accountId) && kept !== true)
              .map(({ accountId }) => accountId),
          }
        : {}),
    },
    { ...refund, ...(refund.allowed ? { amountMinor: refundableMinor(balance) } : {}) },
    ...openOperations(payment)
      .filter(({ id }) => judgeTestimony(payment, id) === undefined)
      .map(({ id }) => ({ name: 'resolve' as const, subject: payment.id, allowed: true, operation: id })),
  ];
}

export function refundActions(refund: Refund): readonly StoryAction[] {
  const operation = openOperation(refund)?.id;
  const refusal = judgeRefundCancel(refund);
  const resolvable = judgeRefundTestimony(refund, operation) === undefined;
  const actions: StoryAction[] = [
    judged('retry', refund.id, decideRefundRetryNow(refund, ORDER)),
    judged('cancel', refund.id, refusal === undefined ? { type: 'decided' } : { type: 'refused', refusal }),
  ];
  if (resolvable) {
    actions.push({
      name: 'resolve',
      subject: refund.id,
      allowed: true,
      ...(operation === undefined ? {} : { operation }),
    });
  }
  return actions.filter(({ allowed }) => allowed);
}
