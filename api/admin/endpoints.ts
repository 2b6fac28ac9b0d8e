import { z } from 'zod';
import type { AdminEndpoint, EndpointAct } from '../../db/settings/index.ts';
import { withoutAbsent } from '../absent.ts';
import { answerOnce } from '../once.ts';
import { reasonSchema } from '../operator/schema.ts';
import { limitSchema } from '../payments/schema.ts';
import { operatorRoute, type Route } from '../route.ts';
import { listSchema } from '../schema.ts';
import { renderEndpoint } from '../webhook-endpoints/render.ts';
import { endpointSchema, rotateSecretSchema } from '../webhook-endpoints/schema.ts';
import { newEndpointSecret } from '../webhook-endpoints/secret.ts';
import { wake } from '../webhook-endpoints/wake.ts';
import { adminOf, iso, pageReply, tellingOnce } from './order.ts';
import { idParams } from './schema.ts';

/** Webhook endpoints across merchants. What a merchant does with its own is in webhook-endpoints/. */
const PATH = '/v1/operator/endpoints';

const adminEndpointSchema = endpointSchema
  .extend({
    merchant: z.string(),
    pending: z.int().meta({ description: 'Deliveries under way; 1000 stands for more.' }),
    dead: z.int().meta({ description: 'Deliveries that were given up; 1000 stands for more.' }),
    updated_at: z.string(),
  })
  .meta({ id: 'AdminEndpoint' });
const endpoint = (description: string) => ({ description, schema: adminEndpointSchema });

const listEndpoints = operatorRoute({
  method: 'get',
  path: PATH,
  operationId: 'listEndpoints',
  summary: 'Webhook endpoints of all merchants, newest first',
  permission: 'view',
  query: z.strictObject({
    limit: limitSchema,
    merchant: z.string().min(1).max(64).optional(),
    mode: z.enum(['test', 'live']).optional(),
    status: z.enum(['enabled', 'disabled']).optional(),
    starting_after: z.string().min(1).max(64).optional(),
  }),
  responses: {
    200: {
      description: 'One page.',
      schema: listSchema(adminEndpointSchema).meta({ id: 'AdminEndpointList' }),
    },
  },
  async handle({ query }, { administration }) {
    const { limit, merchant: merchantId, mode, status, starting_after: startingAfter } = query;
    const filter = { limit, ...withoutAbsent({ merchantId, mode, status, startingAfter }) };
    return pageReply(await administration.endpoints.list(filter), PATH, render);
  },
});

const changeEndpoint = operatorRoute({
  method: 'post',
  path: `${PATH}/:id`,
  operationId: 'changeEndpoint',
  summary: 'Disable an endpoint, or enable it again; its merchant sees why',
  permission: 'configure',
  idempotent: true,
  params: idParams,
  body: z
    .strictObject({ status: z.enum(['enabled', 'disabled']), reason: reasonSchema })
    .meta({ id: 'AdminEndpointChange' }),
  responses: { 200: endpoint('As it stands now.') },
  async handle(call, services) {
    const { status } = call.body;
    const act: EndpointAct = { action: `endpoint.${status}`, change: { status } };
    const reply = await answerOnce(call, services, (request) =>
      services.administration.endpoints.change(adminOf(call), request, call.params.id, {
        decide: () => act,
        answer: (row) => ({ status: 200, body: render(row) }),
      }),
    );
    wake(call.params.id, call, services);
    return reply;
  },
});

const rotateSecret = operatorRoute({
  method: 'post',
  path: `${PATH}/:id/rotate-secret`,
  operationId: 'rotateEndpointSecret',
  summary: 'Make a new signing secret for a merchant’s endpoint; the answer tells it once',
  permission: 'configure',
  idempotent: true,
  params: idParams,
  body: rotateSecretSchema.extend({ reason: reasonSchema }).strict().meta({ id: 'AdminEndpointRotate' }),
  responses: { 200: endpoint('With the new `secret`, this once.') },
  async handle(call, services) {
    const { id } = call.params;
    const { vault } = services;
    const overlapMs = call.body.expires_in_seconds * 1_000;
    const current = newEndpointSecret();
    const decide = (sealed: Uint8Array): EndpointAct => {
      const previous = vault.openSecret(sealed, id).current;
      const previousUntilMs = call.receivedAtMs + overlapMs;
      const secrets = overlapMs === 0 ? { current } : { current, previous, previousUntilMs };
      return {
        action: 'endpoint.secret_rotated',
        change: { sealedSecrets: vault.sealSecret(secrets, id) },
        details: { previous_until: iso(previousUntilMs) },
      };
    };
    const reply = await answerOnce(call, services, (request) =>
      services.administration.endpoints.change(adminOf(call), request, id, {
        decide,
        answer: (row) => ({ status: 200, body: render(row) }),
      }),
    );
    return tellingOnce(reply, { secret: current });
  },
});

function render(row: AdminEndpoint): z.output<typeof adminEndpointSchema> {
  return {
    ...renderEndpoint(row),
    merchant: row.merchantId,
    pending: row.pending,
    dead: row.dead,
    updated_at: iso(row.updatedAtMs),
  };
}

export const endpointRoutes: readonly Route[] = [listEndpoints, changeEndpoint, rotateSecret];
