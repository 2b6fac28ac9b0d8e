import { z } from 'zod';
import type { OperatorCommand, OperatorResult, RequestStamp } from '../../client/contract.ts';
import { isRefundId, resolutionIdFor } from '../../domain/ids.ts';
import type { PaymentSnapshot } from '../../domain/payment/payment.ts';
import type { RefundSnapshot } from '../../domain/refund/refund.ts';
import { answerCommand } from '../commands.ts';
import { nameRequest, type RequestOwner } from '../idempotency.ts';
import { isPaymentId } from '../payments/find.ts';
import { renderPayment } from '../payments/render.ts';
import { limitSchema, paymentIdSchema, paymentSchema } from '../payments/schema.ts';
import { problem } from '../problems.ts';
import { renderRefund } from '../refunds/render.ts';
import { isRefundIdText } from '../refunds/routes.ts';
import { refundIdSchema, refundSchema } from '../refunds/schema.ts';
import { type OperatorCall, operatorRoute, type Reply, type Route, type Services } from '../route.ts';
import { renderAbout, renderException, renderResolution } from './render.ts';
import {
  commandSchema,
  exceptionListSchema,
  moveSchema,
  operatorPaymentSchema,
  operatorRefundSchema,
  proposeSchema,
  resolutionSchema,
} from './schema.ts';

type Snapshot = PaymentSnapshot | RefundSnapshot;
type Call = OperatorCall<{ readonly id: string }, unknown, { readonly reason: string }>;

interface Operation {
  /** The payment or refund that is commanded. */
  readonly ownerId: string;
  send(command: OperatorCommand, timeoutMs: number): Promise<OperatorResult>;
}

/** One command to one payment or refund, answered like a merchant's: same key, same answer. */
async function command(call: Call, services: Services, operation: Operation): Promise<Reply> {
  const { ownerId, send } = operation;
  const refund = isRefundId(ownerId);
  const look = () =>
    refund ? services.operatorViews.refund(ownerId) : services.operatorViews.payment(ownerId);
  const { operatorId, name } = call.operator;
  call.note({ operator: name });
  return answerCommand<Snapshot>(call, services, {
    owner: ownerOf(call),
    subjectId: ownerId,
    member: refund ? 'refund' : 'payment',
    creates: false,
    async check() {
      const known = (refund ? isRefundIdText : isPaymentId)(ownerId) && (await look()) !== undefined;
      return () => {
        if (!known) throw problem('resource_missing');
      };
    },
    send: (request: RequestStamp, timeoutMs) =>
      send({ request, operator: operatorId, reason: call.body.reason }, timeoutMs),
    isUnsettled: ({ status }) => status === 'processing' || status === 'pending',
    reply: (snapshot) => ({ status: 200, body: render(snapshot) }),
    replyInTheDark: (snapshot) => ({ status: 202, body: render(snapshot) }),
    look,
  });
}

/** A key belongs to its operator; operators know no test mode. */
function ownerOf({ operator }: Pick<Call, 'operator'>): RequestOwner {
  return { merchantId: operator.operatorId, mode: 'live' };
}

function render(snapshot: Snapshot): object {
  return 'captureMethod' in snapshot ? renderPayment(snapshot) : renderRefund(snapshot);
}

const payments = { params: z.strictObject({ id: paymentIdSchema }), idempotent: true, waits: true } as const;
const refunds = { params: z.strictObject({ id: refundIdSchema }), idempotent: true, waits: true } as const;
const paymentAnswer = { 200: { description: 'As it stands now.', schema: paymentSchema } };
const refundAnswer = { 200: { description: 'As it stands now.', schema: refundSchema } };

function simple(name: 'retry' | 'void' | 'cancel', resource: 'payments' | 'refunds', summary: string): Route {
  const operationId = `operator${capital(name)}${resource === 'payments' ? 'Payment' : 'Refund'}`;
  return operatorRoute({
    method: 'post',
    path: `/v1/operator/${resource}/:id/${name}`,
    operationId,
    summary,
    ...(resource === 'payments' ? payments : refunds),
    body: commandSchema,
    responses: resource === 'payments' ? paymentAnswer : refundAnswer,
    handle: (call, services) =>
      command(call, services, {
        ownerId: call.params.id,
        send: (order, timeoutMs) => services.door.operators[name](call.params.id, order, timeoutMs),
      }),
  });
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const movePayment = operatorRoute({
  method: 'post',
  path: '/v1/operator/payments/:id/move',
  operationId: 'operatorMovePayment',
  summary: 'Go on at another provider, where it is proven that nothing was charged so far',
  ...payments,
  body: moveSchema,
  responses: paymentAnswer,
  handle(call, services) {
    const { account } = call.body;
    const sendByMs = call.receivedAtMs + services.limits.completeByMs;
    return command(call, services, {
      ownerId: call.params.id,
      send: (order, timeoutMs) =>
        services.door.operators.move(
          call.params.id,
          { ...order, sendByMs, ...(account === undefined ? {} : { accountId: account }) },
          timeoutMs,
        ),
    });
  },
});

const releasePayment = operatorRoute({
  method: 'post',
  path: '/v1/operator/payments/:id/release',
  operationId: 'operatorReleasePayment',
  summary: 'Send a payment that its routing policy held back for a review',
  ...payments,
  body: commandSchema,
  responses: paymentAnswer,
  handle(call, services) {
    const sendByMs = call.receivedAtMs + services.limits.completeByMs;
    return command(call, services, {
      ownerId: call.params.id,
      send: (order, timeoutMs) =>
        services.door.operators.release(call.params.id, { ...order, sendByMs }, timeoutMs),
    });
  },
});

function propose(resource: 'payments' | 'refunds'): Route {
  return operatorRoute({
    method: 'post',
    path: `/v1/operator/${resource}/:id/resolutions`,
    operationId: `propose${resource === 'payments' ? 'Payment' : 'Refund'}Resolution`,
    summary: 'Say, with evidence, what became of an operation; another operator must approve',
    ...(resource === 'payments' ? payments : refunds),
    body: proposeSchema,
    responses: { 201: { description: 'Proposed; nothing has changed yet.', schema: resolutionSchema } },
    async handle(call, services) {
      const { operation, outcome, provider_reference: providerReference, evidence } = call.body;
      const reply = await command(call, services, {
        ownerId: call.params.id,
        send: (order, timeoutMs) => {
          const proposal = {
            ...order,
            resolutionId: resolutionIdFor(order.request.requestId),
            testimony: { outcome, ...(providerReference === undefined ? {} : { providerReference }) },
            evidence,
            ...(operation === undefined ? {} : { operationId: operation }),
          };
          return services.door.operators.propose(call.params.id, proposal, timeoutMs);
        },
      });
      const { requestId } = nameRequest(ownerOf(call), call, call.body, services);
      return resolutionReply(services, resolutionIdFor(requestId), 201, reply);
    },
  });
}

async function resolutionReply(
  services: Services,
  id: string,
  status: number,
  { headers }: Reply,
): Promise<Reply> {
  const resolution = await services.operatorViews.resolution(id);
  if (resolution === undefined) throw problem('outcome_unknown');
  return { status, body: renderResolution(resolution), ...(headers === undefined ? {} : { headers }) };
}

const approve = operatorRoute({
  method: 'post',
  path: '/v1/operator/resolutions/:id/approve',
  operationId: 'approveResolution',
  summary: "Approve another operator's resolution, which carries it out",
  idempotent: true,
  waits: true,
  params: z.strictObject({ id: z.string() }),
  body: commandSchema,
  responses: { 200: { description: 'Carried out.', schema: resolutionSchema } },
  async handle(call, services) {
    const { id } = call.params;
    const proposed = await services.operatorViews.resolution(id);
    if (proposed === undefined) throw problem('resource_missing');
    const reply = await command(call, services, {
      ownerId: proposed.ownerId,
      send: (order, timeoutMs) =>
        services.door.operators.approve(proposed.ownerId, { ...order, resolutionId: id }, timeoutMs),
    });
    return resolutionReply(services, id, 200, reply);
  },
});

const getPayment = operatorRoute({
  method: 'get',
  path: '/v1/operator/payments/:id',
  operationId: 'operatorGetPayment',
  summary: "Any merchant's payment, with its operations and what is open about it",
  params: payments.params,
  responses: { 200: { description: 'The payment.', schema: operatorPaymentSchema } },
  async handle(call, services) {
    const { id } = call.params;
    const found = isPaymentId(id) ? await services.operatorViews.payment(id) : undefined;
    if (found === undefined) throw problem('resource_missing');
    const about = renderAbout(await services.operatorViews.about(id));
    return { status: 200, body: { ...renderPayment(found), merchant: found.merchantId, ...about } };
  },
});

const getRefund = operatorRoute({
  method: 'get',
  path: '/v1/operator/refunds/:id',
  operationId: 'operatorGetRefund',
  summary: "Any merchant's refund, with its operations and what is open about it",
  params: refunds.params,
  responses: { 200: { description: 'The refund.', schema: operatorRefundSchema } },
  async handle(call, services) {
    const { id } = call.params;
    const found = isRefundIdText(id) ? await services.operatorViews.refund(id) : undefined;
    if (found === undefined) throw problem('resource_missing');
    const about = renderAbout(await services.operatorViews.about(id));
    return { status: 200, body: { ...renderRefund(found), merchant: found.merchantId, ...about } };
  },
});

const listExceptions = operatorRoute({
  method: 'get',
  path: '/v1/operator/exceptions',
  operationId: 'listOpenExceptions',
  summary: 'What needs a person, oldest first',
  query: z.strictObject({ limit: limitSchema }),
  responses: { 200: { description: 'Open exceptions.', schema: exceptionListSchema } },
  async handle(call, services) {
    const rows = await services.operatorViews.openExceptions(call.query.limit + 1);
    return {
      status: 200,
      body: {
        object: 'list',
        data: rows.slice(0, call.query.limit).map(renderException),
        has_more: rows.length > call.query.limit,
        url: '/v1/operator/exceptions',
      },
    };
  },
});

export const operatorRoutes: readonly Route[] = [
  simple('retry', 'payments', 'Send or ask now whatever waits'),
  simple('void', 'payments', 'Void what is, or may be, authorized'),
  simple('cancel', 'payments', 'End a payment of which it is proven that nothing was charged'),
  movePayment,
  releasePayment,
  propose('payments'),
  simple('retry', 'refunds', 'Send or ask now whatever waits, or send the refund once more'),
  simple('cancel', 'refunds', 'Cancel a refund of which nothing can have left'),
  propose('refunds'),
  approve,
  getPayment,
  getRefund,
  listExceptions,
];
