import { z } from 'zod';
import type { PaymentListFilter } from '../../db/read/index.ts';
import { type Mode, refundIdFor, refundWorkflowId } from '../../domain/ids.ts';
import { withoutAbsent } from '../absent.ts';
import { answerCommand } from '../commands.ts';
import { nameRequest } from '../idempotency.ts';
import { isPaymentId } from '../payments/find.ts';
import { paymentIdSchema } from '../payments/schema.ts';
import { problem } from '../problems.ts';
import { refundOrder } from '../refunds/routes.ts';
import { refundSchema } from '../refunds/schema.ts';
import { operatorRoute, type Route } from '../route.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { renderHits, renderListed, renderStory } from './render.ts';
import {
  changeStreamSchema,
  listedPaymentsSchema,
  listQuerySchema,
  operatorRefundBodySchema,
  searchQuerySchema,
  searchSchema,
  storyQuerySchema,
  storySchema,
} from './schema.ts';

const idParams = z.strictObject({ id: paymentIdSchema });

const listPayments = operatorRoute({
  method: 'get',
  path: '/v1/operator/payments',
  operationId: 'operatorListPayments',
  summary: "Any merchant's payments, newest first",
  query: listQuerySchema,
  responses: { 200: { description: 'One page.', schema: listedPaymentsSchema } },
  async handle({ query }, { stories }) {
    const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    if (query.cursor !== undefined && after === undefined) {
      throw problem('parameter_invalid', { param: 'cursor', message: 'No page goes on from there.' });
    }
    const filter: PaymentListFilter = {
      limit: query.limit,
      ...withoutAbsent({
        after,
        merchantId: query.merchant,
        mode: query.mode as Mode | undefined,
        status: query.status,
        provider: query.provider,
        reference: query.reference,
        customerId: query.customer,
        currency: query.currency,
        amountFromMinor: query.amount_from,
        amountToMinor: query.amount_to,
        createdFromMs: query.created_from,
        createdBeforeMs: query.created_before,
        needsAttention: query.needs_attention,
      }),
    };
    const { payments, hasMore } = await stories.lister.list(filter);
    const last = payments.at(-1);
    return {
      status: 200,
      body: {
        object: 'list',
        data: payments.map(renderListed),
        has_more: hasMore,
        url: '/v1/operator/payments',
        next_cursor: hasMore && last !== undefined ? encodeCursor(last) : null,
      },
    };
  },
});

const getStory = operatorRoute({
  method: 'get',
  path: '/v1/operator/payments/:id/story',
  operationId: 'getPaymentStory',
  summary: 'What happened to a payment: everything that is known of it, as one timeline',
  params: idParams,
  query: storyQuerySchema,
  responses: { 200: { description: 'The story, oldest first.', schema: storySchema } },
  async handle({ params, query, note }, { stories, cards }) {
    const { id } = params;
    const material = isPaymentId(id) ? await stories.reader.read(id) : undefined;
    if (material === undefined) throw problem('resource_missing');
    note({ payment_id: id });
    const page = { limit: query.limit, ...withoutAbsent({ startingAfter: query.starting_after }) };
    const places = { ...stories.places, isLuhnValid: cards.isLuhnValid };
    const body = renderStory(material, page, places, Date.now());
    if (body === undefined) {
      throw problem('parameter_invalid', {
        param: 'starting_after',
        message: 'No such entry to continue from.',
      });
    }
    return { status: 200, body };
  },
});

const search = operatorRoute({
  method: 'get',
  path: '/v1/operator/search',
  operationId: 'search',
  summary: 'Find a payment by any id that somebody may have of it',
  query: searchQuerySchema,
  responses: { 200: { description: 'What matched, exact matches first.', schema: searchSchema } },
  async handle({ query: { q, limit } }, { stories }) {
    return { status: 200, body: renderHits(q, await stories.search.search(q, limit)) };
  },
});

const stream = operatorRoute({
  method: 'get',
  path: '/v1/operator/stream',
  operationId: 'streamChanges',
  summary: 'That something happened to a payment, as it happens, as server-sent events',
  responses: {
    200: {
      description: 'Goes on until closed; resumes after `Last-Event-ID`.',
      schema: changeStreamSchema,
      contentType: 'text/event-stream',
    },
  },
  async handle({ headers, operator }, { stories, changeStreams }) {
    const last = headers['last-event-id'];
    // Whoever names an event that there isn't reads everything anew anyhow, and begins now.
    const after = last === undefined || last === '' ? undefined : await stories.changes.cursorOf(last);
    return changeStreams.open(operator.operatorId, after);
  },
});

const refund = operatorRoute({
  method: 'post',
  path: '/v1/operator/payments/:id/refunds',
  operationId: 'operatorRefundPayment',
  summary: "Refund a payment in its merchant's place",
  idempotent: true,
  waits: true,
  params: idParams,
  body: operatorRefundBodySchema,
  responses: {
    201: { description: 'Made; its status says how far it got.', schema: refundSchema },
    202: { description: 'The outcome is not known yet; the amount stays reserved.', schema: refundSchema },
  },
  async handle(call, services) {
    const { body, operator } = call;
    const { id: paymentId } = call.params;
    const payment = isPaymentId(paymentId) ? await services.operatorViews.payment(paymentId) : undefined;
    if (payment === undefined) throw problem('resource_missing');
    const { merchantId, mode } = payment;
    // A key belongs to its operator, so two of them who use the same one make two refunds.
    const own = { merchantId: operator.operatorId, mode: 'live' as const };
    const { requestId } = nameRequest(own, call, body, services);
    const refundId = refundIdFor(paymentId, requestId);
    call.note({
      operator: operator.name,
      payment_id: paymentId,
      workflow_id: refundWorkflowId(refundId, 1),
    });
    const merchant = { keyId: `operator:${operator.operatorId}`, merchantId, mode };
    return answerCommand(call, services, {
      ...refundOrder(merchant, services, refundId, 201),
      owner: own,
      paymentId,
      check: async () => () => undefined,
      send: (request, timeoutMs) =>
        services.door.refunds.create(
          refundId,
          {
            paymentId,
            merchantId,
            mode,
            request,
            ...(body.amount === undefined ? {} : { amountMinor: body.amount }),
            ...(body.refund_reason === undefined ? {} : { reason: body.refund_reason }),
            metadata: {},
            by: { operator: operator.operatorId, reason: body.reason },
          },
          timeoutMs,
        ),
    });
  },
});

export const storyRoutes: readonly Route[] = [listPayments, getStory, search, stream, refund];
