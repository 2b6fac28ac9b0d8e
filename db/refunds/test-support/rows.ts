import { randomBytes } from 'node:crypto';
import { refundIdFor, requestIdFor } from '../../../domain/ids.ts';
import { decideOutcome } from '../../../domain/payment/decide.ts';
import type { Decision } from '../../../domain/payment/edit.ts';
import type { OperationOutcome } from '../../../domain/payment/outcome.ts';
import type { Payment } from '../../../domain/payment/payment.ts';
import { transitionOf } from '../../../domain/payment/transition.ts';
import { judgeRefundOrder } from '../../../domain/refund/commands.ts';
import { decideRefundOutcome, type RefundDecision } from '../../../domain/refund/decide.ts';
import { draftOfDecision, openOperation, type Refund } from '../../../domain/refund/refund.ts';
import { type RefundTransition, refundTransitionOf } from '../../../domain/refund/transition.ts';
import {
  captured,
  type Database,
  draft,
  mustRecord,
  plan,
  stepAfter,
} from '../../../test/attack/support/rows.ts';
import { type PlannedRefund, type RefundRequest, storeRefund } from '../plan.ts';
import { recordRefundTransition } from '../record.ts';

/** Refunds as rows, without a workflow: planned and stepped by the domain's own decisions. */
export async function paid({ db }: Database, changes: Partial<Payment> = {}): Promise<Payment> {
  return mustRecord(db, stepAfter(await plan(db, draft(changes)), captured()));
}

const REFUSED: OperationOutcome = { type: 'rejected', code: 'refused', message: 'no' };

/** A step that the domain decided of the payment, recorded. */
export function moved({ db }: Database, before: Payment, decision: Decision | undefined): Promise<Payment> {
  if (decision === undefined) throw new Error('nothing was decided');
  return mustRecord(db, transitionOf(before, decision, { type: 'test', actor: 'test' }, Date.now()));
}

/** Refused by the first, paid at the second, charged at the first after all; the refund of that was refused. */
export async function lateSuccessNotUndone(database: Database, providerReference = 'late'): Promise<Payment> {
  const upon = (before: Payment, operationId: string | undefined, outcome: OperationOutcome) =>
    moved(database, before, decideOutcome(before, operationId ?? '', outcome, Date.now()));
  const first = await plan(database.db);
  const second = await mustRecord(database.db, stepAfter(first, REFUSED));
  const done = await mustRecord(database.db, stepAfter(second, captured()));
  const late = await upon(done, first.attempts[0]?.operations[0]?.id, {
    type: 'captured',
    providerReference,
    amountMinor: 1_000,
    currency: 'USD',
  });
  const undo = late.attempts[0]?.operations.find(({ kind }) => kind === 'refund');
  return upon(late, undo?.id, REFUSED);
}

export function requestOf(payment: Payment, key: string, bodyDigest = 'digest'): RefundRequest {
  const { merchantId, mode } = payment;
  const path = `POST /v1/payments/${payment.id}/refunds`;
  return {
    id: requestIdFor(merchantId, mode, path, key),
    path,
    idempotencyKey: key,
    bodyDigest,
    merchantId,
    mode,
  };
}

export interface Wanted {
  readonly key?: string;
  readonly amountMinor?: number;
  readonly bodyDigest?: string;
}

/** What the plan's activity does: get-or-create, judged under the balance's lock. */
export function planRefund({ db }: Database, payment: Payment, wanted: Wanted = {}): Promise<PlannedRefund> {
  const { key = randomBytes(9).toString('hex'), amountMinor, bodyDigest } = wanted;
  const refundId = refundIdFor(payment.id, key);
  const request = requestOf(payment, key, bodyDigest);
  const order = { refundId, cause: request.id, metadata: {} };
  const asked = amountMinor === undefined ? order : { ...order, amountMinor };
  const atMs = 1_800_000_000_000;
  return storeRefund(db, { refundId, paymentId: payment.id, request }, (current, balance) => {
    const ruling = judgeRefundOrder(current, balance, asked, atMs);
    if (ruling.type === 'refused') return ruling;
    return {
      type: 'decided',
      transition: refundStep(draftOfDecision(ruling.decision.after), ruling.decision),
    };
  });
}

export async function refunded(database: Database, payment: Payment, wanted?: Wanted): Promise<Refund> {
  const planned = await planRefund(database, payment, wanted);
  if (planned.type !== 'refund') throw new Error(`not planned: ${JSON.stringify(planned)}`);
  return planned.refund;
}

export function refundStep(
  before: Refund,
  decision: RefundDecision | undefined,
  atMs = 1_800_000_000_500,
): RefundTransition {
  if (decision === undefined) throw new Error('nothing was decided');
  return refundTransitionOf(before, decision, { type: 'test', actor: 'test' }, atMs);
}

/** The step that an outcome makes of the refund's last operation. */
export function stepUpon(refund: Refund, outcome: OperationOutcome, atMs?: number): RefundTransition {
  const operation = openOperation(refund) ?? refund.operations.at(-1);
  return refundStep(refund, decideRefundOutcome(refund, operation?.id ?? '', outcome, Date.now()), atMs);
}

export async function mustRecordRefund({ db }: Database, step: RefundTransition): Promise<Refund> {
  const { type } = await recordRefundTransition(db, step, {});
  if (type !== 'recorded') throw new Error(`not recorded: ${type}`);
  return step.refund;
}

export interface BalanceRow {
  readonly captured: number;
  readonly reserved: number;
  readonly refunded: number;
  readonly external: number;
}

export async function balanceOf({ sql }: Database, paymentId: string): Promise<BalanceRow | undefined> {
  const [row] = await sql<BalanceRow>(
    `SELECT captured_minor::int AS captured, refund_reserved_minor::int AS reserved, refunded_minor::int AS refunded,
       external_refunded_minor::int AS external FROM payment_balance WHERE payment_id = $1`,
    [paymentId],
  );
  return row;
}
