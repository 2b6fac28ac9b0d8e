import { z } from 'zod';
import type { PaymentFilter } from '../../db/read/index.ts';
import type { PaymentStatus } from '../../domain/payment/states.ts';
import { problem } from '../problems.ts';
import { merchantRoute, type Route, type Services, type TypedCall } from '../route.ts';
import { answerPaymentCommand } from './command.ts';
import { checkNamed, completeBy } from './confirmation.ts';
import { isPaymentId, visiblePayment } from './find.ts';
import { orderOfCreate } from './order.ts';
import { renderPayment, replyWithPayment } from './render.ts';
import {
  capturePaymentSchema,
  confirmPaymentSchema,
  createPaymentSchema,
  listPaymentsSchema,
  paymentIdSchema,
  paymentListSchema,
  paymentSchema,
  timelineSchema,
  voidPaymentSchema,
} from './schema.ts';
import { readTimeline } from './timeline.ts';
import { wishOf } from './wish.ts';

const idParams = z.strictObject({ id: paymentIdSchema });
const payment = (description: string) => ({ description, schema: paymentSchema });

const createPayment = merchantRoute({
  method: 'post',
  path: '/v1/payments',
  operationId: 'createPayment',
  summary: 'Create a payment, and confirm it at once unless `confirm` is false',
  idempotent: true,
  waits: true,
  body: createPaymentSchema,
  responses: {
    201: payment('Created; its status says how far it got.'),
    202: payment('Accepted, the outcome is not known yet: follow `Location`.'),
  },
  handle: (call, services) => answerPaymentCommand(call, services, orderOfCreate(call, services)),
});

const confirmPayment = merchantRoute({
  method: 'post',
  path: '/v1/payments/:id/confirm',
  operationId: 'confirmPayment',
  summary: 'Confirm a payment that was created with `confirm: false`',
  idempotent: true,
  waits: true,
  params: idParams,
  body: confirmPaymentSchema,
  responses: { 200: payment('Confirmed.'), 202: payment('Accepted, the outcome is not known yet.') },
  handle(call, services) {
    const { payment_method: paymentMethodId, return_url: returnUrl } = call.body;
    const wish = wishOf(call.body);
    let customerId = call.body.customer;
    return answerPaymentCommand(call, services, {
      action: 'confirm',
      paymentId: call.params.id,
      async check() {
        const [checkPayment, found] = await Promise.all([
          checkVisible(call, services),
          checkNamed(call, services),
        ]);
        customerId ??= found.customerId;
        return () => {
          checkPayment();
          found.refuse();
        };
      },
      send: (request, timeoutMs) =>
        services.door.confirm(
          call.params.id,
          {
            request,
            completeByMs: completeBy(call, services),
            ...(paymentMethodId === undefined ? {} : { paymentMethodId }),
            ...(returnUrl === undefined ? {} : { returnUrl }),
            ...(wish === undefined ? {} : { wish }),
            ...(customerId === undefined ? {} : { customerId }),
          },
          timeoutMs,
        ),
    });
  },
});

/** Another merchant's payment is looked for as long, and answered with the same words, as none at all. */
async function checkVisible(
  call: TypedCall<{ id: string }, unknown, unknown>,
  services: Services,
): Promise<() => void> {
  const { id } = call.params;
  const visible =
    isPaymentId(id) &&
    ((await services.payments.owns(call.caller, id)) ||
      (await visiblePayment(call.caller, id, services)) !== undefined);
  return () => {
    if (!visible) throw problem('resource_missing');
  };
}

const capturePayment = merchantRoute({
  method: 'post',
  path: '/v1/payments/:id/capture',
  operationId: 'capturePayment',
  summary: 'Capture an authorized payment, in whole or in part',
  idempotent: true,
  waits: true,
  params: idParams,
  body: capturePaymentSchema,
  responses: { 200: payment('Captured.'), 202: payment('Accepted, the outcome is not known yet.') },
  handle(call, services) {
    const { amount, final_capture: finalCapture } = call.body;
    return answerPaymentCommand(call, services, {
      action: 'capture',
      paymentId: call.params.id,
      check: () => checkVisible(call, services),
      send: (request, timeoutMs) =>
        services.door.capture(
          call.params.id,
          { request, finalCapture, ...(amount === undefined ? {} : { amountMinor: amount }) },
          timeoutMs,
        ),
    });
  },
});

const voidPayment = merchantRoute({
  method: 'post',
  path: '/v1/payments/:id/void',
  operationId: 'voidPayment',
  summary: 'Release an authorization, or cancel a payment that was not confirmed',
  idempotent: true,
  waits: true,
  params: idParams,
  body: voidPaymentSchema,
  responses: { 200: payment('Voided.'), 202: payment('Accepted, the outcome is not known yet.') },
  handle(call, services) {
    const { reason } = call.body;
    return answerPaymentCommand(call, services, {
      action: 'void',
      paymentId: call.params.id,
      check: () => checkVisible(call, services),
      send: (request, timeoutMs) =>
        services.door.void(
          call.params.id,
          { request, ...(reason === undefined ? {} : { reason }) },
          timeoutMs,
        ),
    });
  },
});

const getPayment = merchantRoute({
  method: 'get',
  path: '/v1/payments/:id',
  operationId: 'getPayment',
  summary: 'Read a payment',
  params: idParams,
  responses: { 200: payment('The payment as it stands.') },
  async handle(call, services) {
    const found = await visiblePayment(call.caller, call.params.id, services);
    if (found === undefined) throw problem('resource_missing');
    call.note({ payment_id: found.id });
    return replyWithPayment('read', found);
  },
});

const listPayments = merchantRoute({
  method: 'get',
  path: '/v1/payments',
  operationId: 'listPayments',
  summary: 'List payments, newest first',
  query: listPaymentsSchema,
  responses: { 200: { description: 'One page.', schema: paymentListSchema } },
  async handle(call, services) {
    const page = await services.payments.list(call.caller, filterOf(call.query));
    if (page.type === 'unknown_cursor') {
      const param = call.query.starting_after === undefined ? 'ending_before' : 'starting_after';
      throw problem('parameter_invalid', { param, message: 'No such payment to continue from.' });
    }
    const data = page.payments.map(renderPayment);
    return { status: 200, body: { object: 'list', data, has_more: page.hasMore, url: '/v1/payments' } };
  },
});

function filterOf(query: z.output<typeof listPaymentsSchema>): PaymentFilter {
  if (query.starting_after !== undefined && query.ending_before !== undefined) {
    throw problem('parameter_invalid', {
      param: 'ending_before',
      message: 'Only one of `starting_after` and `ending_before`.',
    });
  }
  const { 'created[gte]': from, 'created[lte]': to } = query;
  return {
    limit: query.limit,
    ...(query.starting_after === undefined ? {} : { startingAfter: query.starting_after }),
    ...(query.ending_before === undefined ? {} : { endingBefore: query.ending_before }),
    ...(query.status === undefined ? {} : { status: query.status as PaymentStatus }),
    ...(query.currency === undefined ? {} : { currency: query.currency }),
    ...(query.reference === undefined ? {} : { reference: query.reference }),
    ...(from === undefined ? {} : { createdFromMs: from * 1_000 }),
    // `created` is shown in whole seconds, so up to a second means through its end.
    ...(to === undefined ? {} : { createdBeforeMs: (to + 1) * 1_000 }),
  };
}

const getTimeline = merchantRoute({
  method: 'get',
  path: '/v1/payments/:id/timeline',
  operationId: 'getPaymentTimeline',
  summary: 'Everything that happened to a payment, and why, oldest first',
  params: idParams,
  responses: { 200: { description: 'The timeline.', schema: timelineSchema } },
  async handle(call, services) {
    const found = await visiblePayment(call.caller, call.params.id, services);
    if (found === undefined) throw problem('resource_missing');
    call.note({ payment_id: found.id });
    return { status: 200, body: await readTimeline(found.id, services) };
  },
});

export const paymentRoutes: readonly Route[] = [
  createPayment,
  listPayments,
  getPayment,
  confirmPayment,
  capturePayment,
  voidPayment,
  getTimeline,
];
