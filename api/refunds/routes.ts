import { z } from 'zod';
import type { ApiKeyOwner } from '../../db/settings/index.ts';
import { refundIdFor, refundWorkflowId } from '../../domain/ids.ts';
import type { RefundSnapshot } from '../../domain/refund/refund.ts';
import type { RefundStatus } from '../../domain/refund/states.ts';
import { answerCommand, type CommandOrder } from '../commands.ts';
import { nameRequest } from '../idempotency.ts';
import { isPaymentId } from '../payments/find.ts';
import { paymentIdSchema } from '../payments/schema.ts';
import { problem } from '../problems.ts';
import { merchantRoute, type Route, type Services } from '../route.ts';
import { refundInTheDark, renderRefund, replyWithRefund } from './render.ts';
import {
  createRefundSchema,
  listRefundsSchema,
  refundIdSchema,
  refundListSchema,
  refundSchema,
} from './schema.ts';

const refund = (description: string) => ({ description, schema: refundSchema });

const createRefund = merchantRoute({
  method: 'post',
  path: '/v1/payments/:id/refunds',
  operationId: 'createRefund',
  summary: 'Refund a payment, in whole or in part',
  idempotent: true,
  waits: true,
  params: z.strictObject({ id: paymentIdSchema }),
  body: createRefundSchema,
  responses: {
    201: refund('Made; its status says how far it got.'),
    202: refund('The outcome is not known yet: follow `Location`. The amount stays reserved.'),
  },
  handle(call, services) {
    const { caller, body } = call;
    const paymentId = call.params.id;
    const name = nameRequest(caller, call, body, services);
    const refundId = refundIdFor(paymentId, name.idempotencyKey);
    call.note({ payment_id: paymentId, workflow_id: refundWorkflowId(refundId, 1) });
    return answerCommand(call, services, {
      ...refundOrder(caller, services, refundId, 201),
      paymentId,
      async check() {
        const owned = isPaymentId(paymentId) && (await services.payments.owns(caller, paymentId));
        return () => {
          if (!owned) throw problem('resource_missing');
        };
      },
      send: (request, timeoutMs) =>
        services.door.refunds.create(
          refundId,
          {
            paymentId,
            merchantId: caller.merchantId,
            mode: caller.mode,
            request,
            ...(body.amount === undefined ? {} : { amountMinor: body.amount }),
            ...(body.currency === undefined ? {} : { currency: body.currency }),
            ...(body.reason === undefined ? {} : { reason: body.reason }),
            ...(body.reference === undefined ? {} : { reference: body.reference }),
            metadata: body.metadata,
          },
          timeoutMs,
        ),
    });
  },
});

/** What all POSTs about one refund have in common. */
export function refundOrder(
  owner: ApiKeyOwner,
  services: Services,
  refundId: string,
  success: 200 | 201,
): Omit<CommandOrder<RefundSnapshot>, 'check' | 'send'> {
  return {
    owner,
    subjectId: refundId,
    member: 'refund',
    creates: success === 201,
    isUnsettled: ({ status }) => status === 'pending',
    reply: (snapshot) => replyWithRefund(snapshot, success),
    replyInTheDark: refundInTheDark,
    look: () => services.refunds.find(owner, refundId),
  };
}

/** Ids have one form; what hasn't it was never a refund, and needs no look-up. */
export function isRefundIdText(text: string): boolean {
  return /^ref_[a-z2-7]{26}$/.test(text);
}

const cancelRefund = merchantRoute({
  method: 'post',
  path: '/v1/refunds/:id/cancel',
  operationId: 'cancelRefund',
  summary: 'Cancel a refund of which nothing can have left yet',
  idempotent: true,
  waits: true,
  params: z.strictObject({ id: refundIdSchema }),
  body: z.strictObject({}).meta({ id: 'RefundCancel' }),
  responses: { 200: refund('Canceled; its amount may be refunded again.') },
  handle(call, services) {
    const { caller } = call;
    const { id } = call.params;
    return answerCommand(call, services, {
      ...refundOrder(caller, services, id, 200),
      async check() {
        const found = isRefundIdText(id) && (await services.refunds.find(caller, id)) !== undefined;
        return () => {
          if (!found) throw problem('resource_missing');
        };
      },
      send: (request, timeoutMs) =>
        services.door.refunds.cancel(
          id,
          { request, owner: { merchantId: caller.merchantId, mode: caller.mode } },
          timeoutMs,
        ),
    });
  },
});

const getRefund = merchantRoute({
  method: 'get',
  path: '/v1/refunds/:id',
  operationId: 'getRefund',
  summary: 'Read a refund',
  params: z.strictObject({ id: refundIdSchema }),
  responses: { 200: refund('The refund as it stands.') },
  async handle(call, services) {
    const { id } = call.params;
    const found = isRefundIdText(id) ? await services.refunds.find(call.caller, id) : undefined;
    if (found === undefined) throw problem('resource_missing');
    call.note({ refund_id: id });
    return { status: 200, body: renderRefund(found) };
  },
});

const listRefunds = merchantRoute({
  method: 'get',
  path: '/v1/refunds',
  operationId: 'listRefunds',
  summary: 'List refunds, newest first',
  query: listRefundsSchema,
  responses: { 200: { description: 'One page.', schema: refundListSchema } },
  async handle(call, services) {
    const { payment, status, limit, starting_after: startingAfter } = call.query;
    const page = await services.refunds.list(call.caller, {
      limit,
      ...(payment === undefined ? {} : { paymentId: payment }),
      ...(status === undefined ? {} : { status: status as RefundStatus }),
      ...(startingAfter === undefined ? {} : { startingAfter }),
    });
    if (page.type === 'unknown_cursor') {
      throw problem('parameter_invalid', {
        param: 'starting_after',
        message: 'No such refund to continue from.',
      });
    }
    const data = page.refunds.map(renderRefund);
    return { status: 200, body: { object: 'list', data, has_more: page.hasMore, url: '/v1/refunds' } };
  },
});

export const refundRoutes: readonly Route[] = [createRefund, listRefunds, getRefund, cancelRefund];
