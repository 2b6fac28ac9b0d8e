import { z } from 'zod';
import type { StoredCustomer } from '../../db/read/index.ts';
import { customerIdFor } from '../../domain/ids.ts';
import { answerOnce } from '../once.ts';
import { unixSeconds } from '../payments/render.ts';
import { problem } from '../problems.ts';
import { merchantRoute, type Route } from '../route.ts';
import {
  createCustomerSchema,
  customerIdSchema,
  customerListSchema,
  customerSchema,
  listCustomersSchema,
  type PublicCustomer,
} from './schema.ts';

const createCustomer = merchantRoute({
  method: 'post',
  path: '/v1/customers',
  operationId: 'createCustomer',
  summary: 'Make a customer, whose cards can be kept',
  idempotent: true,
  body: createCustomerSchema,
  responses: { 201: { description: 'Made.', schema: customerSchema } },
  async handle(call, services) {
    const { caller, body } = call;
    const { merchantId, mode } = caller;
    const { name, email, reference, metadata } = body;
    return answerOnce(
      call,
      services,
      (request) =>
        services.customers.create(request, {
          id: customerIdFor(merchantId, mode, request.idempotencyKey),
          merchantId,
          mode,
          ...(name === undefined ? {} : { name }),
          ...(email === undefined ? {} : { email }),
          ...(reference === undefined ? {} : { reference }),
          metadata,
        }),
      async (id) => {
        const row = await services.customers.find(caller, id);
        if (row === undefined) throw problem('resource_missing');
        return renderCustomer(row);
      },
    );
  },
});

const getCustomer = merchantRoute({
  method: 'get',
  path: '/v1/customers/:id',
  operationId: 'getCustomer',
  summary: 'Read a customer',
  params: z.strictObject({ id: customerIdSchema }),
  responses: { 200: { description: 'The customer.', schema: customerSchema } },
  async handle(call, services) {
    const row = await services.customers.find(call.caller, call.params.id);
    if (row === undefined) throw problem('resource_missing');
    return { status: 200, body: renderCustomer(row) };
  },
});

const listCustomers = merchantRoute({
  method: 'get',
  path: '/v1/customers',
  operationId: 'listCustomers',
  summary: 'List customers, newest first',
  query: listCustomersSchema,
  responses: { 200: { description: 'One page.', schema: customerListSchema } },
  async handle(call, services) {
    const { limit, starting_after: startingAfter, email, reference } = call.query;
    const page = await services.customers.list(call.caller, {
      limit,
      ...(startingAfter === undefined ? {} : { startingAfter }),
      ...(email === undefined ? {} : { email }),
      ...(reference === undefined ? {} : { reference }),
    });
    if (page.type === 'unknown_cursor') {
      const message = 'No such customer to continue from.';
      throw problem('parameter_invalid', { param: 'starting_after', message });
    }
    const data = page.customers.map(renderCustomer);
    return { status: 200, body: { object: 'list', data, has_more: page.hasMore, url: '/v1/customers' } };
  },
});

function renderCustomer(row: StoredCustomer): PublicCustomer {
  return {
    id: row.id,
    object: 'customer',
    name: row.name ?? null,
    email: row.email ?? null,
    reference: row.reference ?? null,
    metadata: { ...row.metadata },
    created: unixSeconds(row.createdAtMs),
    livemode: row.mode === 'live',
  };
}

export const customerRoutes: readonly Route[] = [createCustomer, listCustomers, getCustomer];
