import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import type { AdminKey } from '../../db/settings/index.ts';
import { withoutAbsent } from '../absent.ts';
import { answerOnce } from '../once.ts';
import { operatorRoute, type Route } from '../route.ts';
import { adminOf, idFor, iso, pageReply, tellingOnce } from './order.ts';
import {
  createKeySchema,
  idParams,
  keyListSchema,
  keySchema,
  listKeysQuery,
  reasonOnlySchema,
} from './schema.ts';

const PATH = '/v1/operator/keys';
const KEY_BYTES = 32;

const listKeys = operatorRoute({
  method: 'get',
  path: PATH,
  operationId: 'listApiKeys',
  summary: 'API keys of merchants, newest first, by their last four characters',
  permission: 'view',
  query: listKeysQuery,
  responses: { 200: { description: 'One page.', schema: keyListSchema } },
  async handle({ query: { limit, merchant: merchantId, starting_after: startingAfter } }, services) {
    const filter = { limit, ...withoutAbsent({ merchantId, startingAfter }) };
    return pageReply(await services.administration.keys.list(filter), PATH, renderKey);
  },
});

const createKey = operatorRoute({
  method: 'post',
  path: PATH,
  operationId: 'createApiKey',
  summary: 'Make an API key; the answer tells it once',
  permission: 'configure',
  idempotent: true,
  body: createKeySchema,
  responses: { 201: { description: 'Made. Only this answer has `key`.', schema: keySchema } },
  async handle(call, services) {
    const { merchant: merchantId, mode, name } = call.body;
    // Not kept under the request either: a key of which Postgres has no copy can't be told twice.
    const key = `sk_${mode}_${randomBytes(KEY_BYTES).toString('base64url')}`;
    const reply = await answerOnce(call, services, (request) => {
      const row = {
        id: idFor('key', request.requestId),
        merchantId,
        mode,
        name,
        last4: key.slice(-4),
        digest: services.vault.keyedDigest(key),
      };
      return services.administration.keys.create(adminOf(call), request, row, (made) => ({
        status: 201,
        body: renderKey(made),
      }));
    });
    return tellingOnce(reply, { key });
  },
});

const revokeKey = operatorRoute({
  method: 'post',
  path: `${PATH}/:id/revoke`,
  operationId: 'revokeApiKey',
  summary: 'Revoke an API key for good; it stops working within two seconds',
  permission: 'configure',
  idempotent: true,
  params: idParams,
  body: reasonOnlySchema,
  responses: { 200: { description: 'Revoked.', schema: keySchema } },
  handle(call, services) {
    return answerOnce(call, services, (request) =>
      services.administration.keys.revoke(adminOf(call), request, call.params.id, (row) => ({
        status: 200,
        body: renderKey(row),
      })),
    );
  },
});

function renderKey(row: AdminKey): z.output<typeof keySchema> {
  return {
    id: row.id,
    object: 'api_key',
    merchant: row.merchantId,
    mode: row.mode,
    name: row.name,
    last4: row.last4 ?? null,
    created_at: iso(row.createdAtMs),
    revoked_at: row.revokedAtMs === undefined ? null : iso(row.revokedAtMs),
  };
}

export const keyRoutes: readonly Route[] = [listKeys, createKey, revokeKey];
