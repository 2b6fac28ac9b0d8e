import type { z } from 'zod';
import type { PaymentOrder, RequestStamp } from '../../client/contract.ts';
import { paymentIdFor, paymentWorkflowId } from '../../domain/ids.ts';
import type { PaymentSnapshot } from '../../domain/payment/payment.ts';
import { nameRequest } from '../idempotency.ts';
import { problem } from '../problems.ts';
import type { Services, TypedCall } from '../route.ts';
import type { PaymentCommand } from './command.ts';
import { checkNamed, completeBy } from './confirmation.ts';
import { checkDuplicate } from './duplicate.ts';
import type { createPaymentSchema } from './schema.ts';
import { refuseBeforeConfirmation, wishOf } from './wish.ts';

export type CreateCall = TypedCall<undefined, undefined, z.output<typeof createPaymentSchema>>;

/** What a body that creates a payment comes to: the order that its workflow starts with, and what is checked before. */
export function orderOfCreate(call: CreateCall, services: Services): PaymentCommand {
  const { body, caller } = call;
  const { merchantId, mode } = caller;
  if (body.confirm && body.payment_method === undefined) {
    throw problem('parameter_missing', { param: 'payment_method' });
  }
  const wish = wishOf(body);
  if (!body.confirm) refuseBeforeConfirmation(body);
  const name = nameRequest(caller, call, body, services);
  const paymentId = paymentIdFor(merchantId, mode, name.idempotencyKey);
  call.note({ workflow_id: paymentWorkflowId(paymentId, 1) });
  let customerId = body.customer;
  const orderWith = (request: RequestStamp): PaymentOrder => ({
    merchantId,
    mode,
    request,
    amountMinor: body.amount,
    currency: body.currency,
    captureMethod: body.capture_method,
    ...(body.payment_method === undefined ? {} : { paymentMethodId: body.payment_method }),
    confirm: body.confirm,
    completeByMs: body.confirm
      ? completeBy(call, services)
      : call.receivedAtMs + services.limits.confirmWithinMs,
    ...(body.reference === undefined ? {} : { reference: body.reference }),
    ...(body.description === undefined ? {} : { description: body.description }),
    ...(body.return_url === undefined ? {} : { returnUrl: body.return_url }),
    metadata: body.metadata,
    ...(customerId === undefined ? {} : { customerId }),
    ...(wish === undefined ? {} : { wish }),
  });
  return {
    action: 'create',
    paymentId,
    async check() {
      const { reference } = body;
      const [found, checkReference] = await Promise.all([
        checkNamed(call, services),
        checkDuplicate({ merchantId, mode, paymentId, reference }, services),
      ]);
      customerId ??= found.customerId;
      return () => {
        found.refuse();
        checkReference();
      };
    },
    send: (stamp, timeoutMs) => services.door.create(paymentId, orderWith(stamp), timeoutMs),
    fallback: () =>
      snapshotOfOrder(paymentId, orderWith({ ...name, httpRequestId: '', answerByMs: 0 }), call),
  };
}

/** A payment that Temporal has accepted and nobody has seen yet: what its order says of it. */
function snapshotOfOrder(paymentId: string, order: PaymentOrder, call: CreateCall): PaymentSnapshot {
  const { request: _request, confirm, completeByMs: _completeByMs, wish: _wish, ...facts } = order;
  const unconfirmed =
    order.paymentMethodId === undefined ? 'requires_payment_method' : 'requires_confirmation';
  return {
    ...facts,
    id: paymentId,
    status: confirm ? 'processing' : unconfirmed,
    sequence: 0,
    amountAuthorizedMinor: 0,
    amountCapturableMinor: 0,
    amountCapturedMinor: 0,
    amountRefundedMinor: 0,
    createdAtMs: call.receivedAtMs,
    attempts: [],
    allowed: [],
  };
}
