import type { z } from 'zod';
import type { AdminMerchant, MerchantChange } from '../../db/settings/index.ts';
import { withoutAbsent } from '../absent.ts';
import { answerOnce } from '../once.ts';
import { problem } from '../problems.ts';
import { operatorRoute, type Route } from '../route.ts';
import { adminOf, idFor, iso, pageReply } from './order.ts';
import {
  changeMerchantSchema,
  createMerchantSchema,
  idParams,
  listMerchantsQuery,
  merchantListSchema,
  merchantSchema,
} from './schema.ts';

const PATH = '/v1/operator/merchants';
const merchant = (description: string) => ({ description, schema: merchantSchema });

const listMerchants = operatorRoute({
  method: 'get',
  path: PATH,
  operationId: 'listMerchants',
  summary: 'Merchants, newest first',
  permission: 'view',
  query: listMerchantsQuery,
  responses: { 200: { description: 'One page.', schema: merchantListSchema } },
  async handle({ query: { limit, search, starting_after: startingAfter } }, { administration }) {
    const page = await administration.merchants.list({ limit, ...withoutAbsent({ search, startingAfter }) });
    return pageReply(page, PATH, renderMerchant);
  },
});

const getMerchant = operatorRoute({
  method: 'get',
  path: `${PATH}/:id`,
  operationId: 'getMerchant',
  summary: 'A merchant with what is set for it',
  permission: 'view',
  params: idParams,
  responses: { 200: merchant('As it stands.') },
  async handle({ params }, { administration }) {
    const found = await administration.merchants.find(params.id);
    if (found === undefined) throw problem('resource_missing');
    return { status: 200, body: renderMerchant(found) };
  },
});

const createMerchant = operatorRoute({
  method: 'post',
  path: PATH,
  operationId: 'createMerchant',
  summary: 'Make a merchant',
  permission: 'configure',
  idempotent: true,
  body: createMerchantSchema,
  responses: { 201: merchant('Made, without keys and accounts.') },
  handle(call, services) {
    const { merchants } = services.administration;
    return answerOnce(call, services, (request) => {
      const made = { ...changeOf(call.body), id: idFor('mer', request.requestId), name: call.body.name };
      return merchants.create(adminOf(call), request, made, (row) => ({
        status: 201,
        body: renderMerchant(row),
      }));
    });
  },
});

const changeMerchant = operatorRoute({
  method: 'post',
  path: `${PATH}/:id`,
  operationId: 'changeMerchant',
  summary: 'Change a merchant; what is left out stays as it is',
  permission: 'configure',
  idempotent: true,
  params: idParams,
  body: changeMerchantSchema,
  responses: { 200: merchant('As it stands now.') },
  handle(call, services) {
    const { merchants } = services.administration;
    return answerOnce(call, services, (request) =>
      merchants.change(adminOf(call), request, call.params.id, changeOf(call.body), {
        answer: (row) => ({ status: 200, body: renderMerchant(row) }),
        refuse: refuseLoosening,
      }),
    );
  },
});

/** Approval by a second person is nothing that the first one may do away with meanwhile. */
export function refuseLoosening(rule: string): never {
  throw problem('own_proposal_waits', { param: rule });
}

function changeOf(body: Omit<z.output<typeof changeMerchantSchema>, 'reason'>): MerchantChange {
  return withoutAbsent({
    name: body.name,
    country: body.country,
    category: body.category,
    returnOrigins: body.return_origins === undefined ? undefined : [...new Set(body.return_origins)],
    rateLimits: body.rate_limits,
    caseLimits: body.case_limits,
    routingApproval: body.routing_approval,
    duplicateReferenceGuard: body.duplicate_reference_guard,
  });
}

function renderMerchant(row: AdminMerchant): z.output<typeof merchantSchema> {
  return {
    id: row.id,
    object: 'merchant',
    name: row.name,
    country: row.country ?? null,
    category: row.category ?? null,
    return_origins: [...row.returnOrigins],
    rate_limits: row.rateLimits,
    case_limits: row.caseLimits,
    routing_approval: row.routingApproval,
    duplicate_reference_guard: row.duplicateReferenceGuard,
    created_at: iso(row.createdAtMs),
  };
}

export const merchantRoutes: readonly Route[] = [listMerchants, getMerchant, createMerchant, changeMerchant];
