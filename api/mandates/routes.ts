import { z } from 'zod';
import type { StoredMandate } from '../../db/settings/index.ts';
import { answerOnce } from '../once.ts';
import { unixSeconds } from '../payments/render.ts';
import { problem } from '../problems.ts';
import { merchantRoute, type Route } from '../route.ts';
import {
  listMandatesSchema,
  mandateIdSchema,
  mandateListSchema,
  mandateSchema,
  type PublicMandate,
  revokeMandateSchema,
} from './schema.ts';

const params = z.strictObject({ id: mandateIdSchema });

const getMandate = merchantRoute({
  method: 'get',
  path: '/v1/mandates/:id',
  operationId: 'getMandate',
  summary: "Read a mandate: a payer's consent to be charged off session",
  params,
  responses: { 200: { description: 'The mandate.', schema: mandateSchema } },
  async handle(call, services) {
    const found = await services.mandates.find(call.caller, call.params.id);
    if (found === undefined) throw problem('resource_missing');
    return { status: 200, body: renderMandate(found) };
  },
});

const listMandates = merchantRoute({
  method: 'get',
  path: '/v1/mandates',
  operationId: 'listMandates',
  summary: 'List mandates, newest first',
  query: listMandatesSchema,
  responses: { 200: { description: 'One page.', schema: mandateListSchema } },
  async handle(call, services) {
    const { limit, starting_after: startingAfter } = call.query;
    const { payment_method: paymentMethodId, customer: customerId } = call.query;
    const page = await services.mandates.list(call.caller, {
      limit,
      ...(startingAfter === undefined ? {} : { startingAfter }),
      ...(paymentMethodId === undefined ? {} : { paymentMethodId }),
      ...(customerId === undefined ? {} : { customerId }),
    });
    if (page.type === 'unknown_cursor') {
      const message = 'No such mandate to continue from.';
      throw problem('parameter_invalid', { param: 'starting_after', message });
    }
    const data = page.mandates.map(renderMandate);
    return { status: 200, body: { object: 'list', data, has_more: page.hasMore, url: '/v1/mandates' } };
  },
});

const revokeMandate = merchantRoute({
  method: 'post',
  path: '/v1/mandates/:id/revoke',
  operationId: 'revokeMandate',
  summary: 'Take a consent back: no payment refers to it from now on',
  idempotent: true,
  params,
  body: revokeMandateSchema,
  responses: { 200: { description: 'Revoked.', schema: mandateSchema } },
  handle: (call, services) =>
    answerOnce(call, services, (request) =>
      services.mandates.revoke(call.caller, request, call.params.id, (revoked) => ({
        status: 200,
        body: renderMandate(revoked),
      })),
    ),
});

function renderMandate(mandate: StoredMandate): PublicMandate {
  return {
    id: mandate.id,
    object: 'mandate',
    status: mandate.status,
    usage: mandate.usage,
    payment_method: mandate.paymentMethodId,
    customer: mandate.customerId ?? null,
    payment: mandate.paymentId,
    network_transaction_id: mandate.networkTransactionId,
    created: unixSeconds(mandate.createdAtMs),
    revoked_at: mandate.revokedAtMs === undefined ? null : unixSeconds(mandate.revokedAtMs),
    livemode: mandate.mode === 'live',
  };
}

export const mandateRoutes: readonly Route[] = [listMandates, getMandate, revokeMandate];
