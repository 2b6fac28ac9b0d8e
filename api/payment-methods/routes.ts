import { z } from 'zod';
import type { StoredPaymentMethod } from '../../db/read/index.ts';
import { paymentMethodIdFor } from '../../domain/ids.ts';
import { nameRequest, type RequestName, refuseOtherBody, replayed } from '../idempotency.ts';
import { unixSeconds } from '../payments/render.ts';
import { problem } from '../problems.ts';
import { merchantRoute, type Reply, type Route, type Services, type TypedCall } from '../route.ts';
import {
  createPaymentMethodSchema,
  listPaymentMethodsSchema,
  type PublicPaymentMethod,
  paymentMethodListSchema,
  paymentMethodSchema,
} from './schema.ts';

type CreateCall = TypedCall<undefined, undefined, z.output<typeof createPaymentMethodSchema>>;

const createPaymentMethod = merchantRoute({
  method: 'post',
  path: '/v1/payment_methods',
  operationId: 'createPaymentMethod',
  summary: 'Seal a card in the vault',
  idempotent: true,
  body: createPaymentMethodSchema,
  cardNumberAt: ['card.number'],
  responses: { 201: { description: 'Sealed.', schema: paymentMethodSchema } },
  async handle(call, services) {
    refuseUnusableCard(call, services);
    const name = nameRequest(call.caller, call, digestedBody(call.body), services);
    const earlier = await services.requests.find(name.requestId);
    if (earlier !== undefined) {
      refuseOtherBody(name.bodyDigest, earlier);
      return replyWithPaymentMethod(call, services, earlier.subjectId, true);
    }
    const { customer } = call.body;
    if (customer !== undefined && !(await services.customers.owns(call.caller, customer)))
      throw problem('customer_unknown', { param: 'customer' });
    const { created, stored } = await services.paymentMethods.create(sealed(call, services, name));
    refuseOtherBody(name.bodyDigest, stored);
    return replyWithPaymentMethod(call, services, stored.subjectId, !created);
  },
});

function refuseUnusableCard({ body, receivedAtMs }: CreateCall, { cards }: Services): void {
  const { number, exp_month: expMonth, exp_year: expYear } = body.card;
  if (cards.problemOf(number) !== undefined) {
    throw problem('parameter_invalid', {
      param: 'card.number',
      message: 'This is not a valid card number.',
    });
  }
  // A card is good through the last day of its month, wherever on earth that day ends last (UTC-12).
  if (receivedAtMs - 12 * 3_600_000 >= Date.UTC(expYear, expMonth, 1)) {
    throw problem('parameter_invalid', { param: 'card.exp_year', message: 'This card has expired.' });
  }
}

/** Without the verification code: not even a digest of it may be kept. */
function digestedBody(body: CreateCall['body']): object {
  const { cvc, ...card } = body.card;
  return { ...body, card: { ...card, has_cvc: cvc !== undefined } };
}

function sealed(call: CreateCall, { vault, cards }: Services, name: RequestName) {
  const { caller, body, receivedAtMs } = call;
  const { number, cvc, funding, exp_month: expMonth, exp_year: expYear, holder_name: holderName } = body.card;
  const id = paymentMethodIdFor(caller.merchantId, caller.mode, name.idempotencyKey);
  const card = { number, expMonth, expYear, ...(holderName === undefined ? {} : { holderName }) };
  const cvcExpiresAtMs = receivedAtMs + vault.cvcLifetimeMs;
  return {
    request: {
      id: name.requestId,
      path: name.path,
      idempotencyKey: name.idempotencyKey,
      bodyDigest: name.bodyDigest,
      answer: { status: 201 },
    },
    paymentMethod: {
      id,
      merchantId: caller.merchantId,
      mode: caller.mode,
      type: 'card' as const,
      brand: cards.brandOf(number) ?? 'unknown',
      last4: cards.last4(number),
      bin: cards.bin(number),
      fingerprint: vault.fingerprint(number, caller.merchantId),
      ...(body.country === undefined ? {} : { country: body.country }),
      ...(funding === undefined ? {} : { funding }),
      expMonth,
      expYear,
      sealedCard: vault.sealCard(card, id),
      ...(cvc === undefined ? {} : { sealedCvc: vault.sealCvc(cvc, id, cvcExpiresAtMs), cvcExpiresAtMs }),
      metadata: body.metadata,
      ...(body.customer === undefined ? {} : { customerId: body.customer }),
    },
  };
}

/** The row never changes in what is shown of it, so a repeated request reads the first answer there. */
async function replyWithPaymentMethod(
  { caller }: CreateCall,
  { paymentMethods }: Services,
  id: string,
  isReplay: boolean,
): Promise<Reply> {
  const row = await paymentMethods.find(caller, id);
  if (row === undefined) throw new Error(`the request of ${id} is stored without its payment method`);
  const reply: Reply = { status: 201, body: renderPaymentMethod(row) };
  return isReplay ? replayed(() => reply) : reply;
}

const getPaymentMethod = merchantRoute({
  method: 'get',
  path: '/v1/payment_methods/:id',
  operationId: 'getPaymentMethod',
  summary: 'Read a payment method; the card itself never leaves the vault',
  params: z.strictObject({ id: z.string().meta({ description: 'A payment method id.' }) }),
  responses: { 200: { description: 'The payment method.', schema: paymentMethodSchema } },
  async handle(call, services) {
    const row = await services.paymentMethods.find(call.caller, call.params.id);
    if (row === undefined) throw problem('resource_missing');
    return { status: 200, body: renderPaymentMethod(row) };
  },
});

const listPaymentMethods = merchantRoute({
  method: 'get',
  path: '/v1/payment_methods',
  operationId: 'listPaymentMethods',
  summary: 'List payment methods, newest first',
  query: listPaymentMethodsSchema,
  responses: { 200: { description: 'One page.', schema: paymentMethodListSchema } },
  async handle(call, services) {
    const { limit, starting_after: startingAfter, customer: customerId } = call.query;
    const page = await services.paymentMethods.list(call.caller, {
      limit,
      ...(startingAfter === undefined ? {} : { startingAfter }),
      ...(customerId === undefined ? {} : { customerId }),
    });
    if (page.type === 'unknown_cursor') {
      const message = 'No such payment method to continue from.';
      throw problem('parameter_invalid', { param: 'starting_after', message });
    }
    const data = page.paymentMethods.map(renderPaymentMethod);
    return {
      status: 200,
      body: { object: 'list', data, has_more: page.hasMore, url: '/v1/payment_methods' },
    };
  },
});

function renderPaymentMethod(row: StoredPaymentMethod): PublicPaymentMethod {
  return {
    id: row.id,
    object: 'payment_method',
    type: 'card',
    card: {
      brand: row.brand,
      last4: row.last4,
      bin: row.bin,
      fingerprint: row.fingerprint,
      exp_month: row.expMonth,
      exp_year: row.expYear,
      funding: row.funding ?? null,
    },
    country: row.country ?? null,
    customer: row.customerId ?? null,
    metadata: { ...row.metadata },
    created: unixSeconds(row.createdAtMs),
    livemode: row.mode === 'live',
  };
}

export const paymentMethodRoutes: readonly Route[] = [
  createPaymentMethod,
  listPaymentMethods,
  getPaymentMethod,
];
