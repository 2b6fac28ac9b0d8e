import { z } from 'zod';
import type { EndpointChange, StoredEndpoint } from '../../db/settings/index.ts';
import { problem } from '../problems.ts';
import { merchantRoute, type Route } from '../route.ts';
import { answerOnce, type KeptAnswer } from './answer.ts';
import { deliveryRoutes } from './deliveries.ts';
import { renderEndpoint } from './render.ts';
import {
  createEndpointSchema,
  deletedEndpointSchema,
  emptySchema,
  endpointIdSchema,
  endpointListSchema,
  endpointSchema,
  rotateSecretSchema,
  updateEndpointSchema,
} from './schema.ts';
import { newEndpointSecret } from './secret.ts';
import { refuseForbiddenTarget, refuseUnknownTypes } from './target.ts';

const params = z.strictObject({ id: endpointIdSchema });
const endpoint = (description: string) => ({ description, schema: endpointSchema });

const createEndpoint = merchantRoute({
  method: 'post',
  path: '/v1/webhook_endpoints',
  operationId: 'createWebhookEndpoint',
  summary: 'Have events sent to a URL of yours',
  permission: 'configure',
  idempotent: true,
  body: createEndpointSchema,
  responses: { 201: endpoint('Made; `secret` is what its webhooks are signed with.') },
  async handle(call, services) {
    const { caller, body, receivedAtMs } = call;
    refuseUnknownTypes(body.event_types);
    return answerOnce(call, services, endpointSchema, async (request) => {
      await refuseForbiddenTarget(body.url, services);
      // As unique as its request, and the same on a second try.
      const id = `we_${request.requestId.slice('req_'.length)}`;
      const sealedSecrets = services.vault.sealSecret({ current: newEndpointSecret() }, id);
      const made = {
        id,
        url: body.url,
        ...(body.description === undefined ? {} : { description: body.description }),
        eventTypes: body.event_types,
        sealedSecrets,
        createdAtMs: receivedAtMs,
      };
      return services.endpoints.create(caller, request, made, (row) => kept(201, row, sealedSecrets));
    });
  },
});

function kept(status: 200 | 201, row: StoredEndpoint, sealedSecret?: Uint8Array): KeptAnswer {
  return {
    status,
    body: renderEndpoint(row),
    ...(sealedSecret === undefined ? {} : { sealedSecret: Buffer.from(sealedSecret).toString('base64') }),
  };
}

const updateEndpoint = merchantRoute({
  method: 'post',
  path: '/v1/webhook_endpoints/:id',
  operationId: 'updateWebhookEndpoint',
  summary: 'Change an endpoint, disable it, or enable it again',
  permission: 'configure',
  idempotent: true,
  params,
  body: updateEndpointSchema,
  responses: { 200: endpoint('As it stands now.') },
  async handle(call, services) {
    const { caller, body } = call;
    const { url, description, event_types: eventTypes, status } = body;
    if (eventTypes !== undefined) refuseUnknownTypes(eventTypes);
    const change: EndpointChange = {
      ...(url === undefined ? {} : { url }),
      ...(description === undefined ? {} : { description }),
      ...(eventTypes === undefined ? {} : { eventTypes }),
      ...(status === undefined ? {} : { status }),
    };
    return answerOnce(call, services, endpointSchema, async (request) => {
      if (url !== undefined) await refuseForbiddenTarget(url, services);
      return services.endpoints.change(caller, request, call.params.id, () => ({
        change,
        answer: (row) => kept(200, row),
      }));
    });
  },
});

const rotateSecret = merchantRoute({
  method: 'post',
  path: '/v1/webhook_endpoints/:id/rotate-secret',
  operationId: 'rotateWebhookSecret',
  summary: 'Make a new secret; the old one signs beside it for a while',
  permission: 'configure',
  idempotent: true,
  params,
  body: rotateSecretSchema,
  responses: { 200: endpoint('With the new `secret`.') },
  async handle(call, services) {
    const { caller, body, receivedAtMs } = call;
    const { id } = call.params;
    const { vault } = services;
    const overlapMs = body.expires_in_seconds * 1_000;
    return answerOnce(call, services, endpointSchema, (request) =>
      services.endpoints.change(caller, request, id, (_current, sealed) => {
        const previous = vault.openSecret(sealed, id).current;
        const current = newEndpointSecret();
        const sealedSecrets = vault.sealSecret(
          overlapMs === 0 ? { current } : { current, previous, previousUntilMs: receivedAtMs + overlapMs },
          id,
        );
        return {
          change: { sealedSecrets },
          answer: (row) => kept(200, row, vault.sealSecret({ current }, id)),
        };
      }),
    );
  },
});

const deleteEndpoint = merchantRoute({
  method: 'post',
  path: '/v1/webhook_endpoints/:id/delete',
  operationId: 'deleteWebhookEndpoint',
  summary: 'Delete an endpoint, with what is known of its deliveries',
  permission: 'configure',
  idempotent: true,
  params,
  body: emptySchema.meta({ id: 'WebhookEndpointDelete' }),
  responses: { 200: { description: 'Gone.', schema: deletedEndpointSchema } },
  async handle(call, services) {
    const { id } = call.params;
    const body = { id, object: 'webhook_endpoint', deleted: true };
    return answerOnce(call, services, deletedEndpointSchema, (request) =>
      services.endpoints.change(call.caller, request, id, () => ({
        change: 'delete',
        answer: () => ({ status: 200, body }),
      })),
    );
  },
});

const getEndpoint = merchantRoute({
  method: 'get',
  path: '/v1/webhook_endpoints/:id',
  operationId: 'getWebhookEndpoint',
  summary: 'Read an endpoint',
  params,
  responses: { 200: endpoint('As it stands.') },
  async handle(call, services) {
    const found = await services.endpoints.find(call.caller, call.params.id);
    if (found === undefined) throw problem('resource_missing');
    return { status: 200, body: renderEndpoint(found) };
  },
});

const listEndpoints = merchantRoute({
  method: 'get',
  path: '/v1/webhook_endpoints',
  operationId: 'listWebhookEndpoints',
  summary: 'List endpoints, oldest first',
  query: emptySchema,
  responses: { 200: { description: 'All of them.', schema: endpointListSchema } },
  async handle(call, services) {
    const data = (await services.endpoints.list(call.caller)).map(renderEndpoint);
    return { status: 200, body: { object: 'list', data, has_more: false, url: '/v1/webhook_endpoints' } };
  },
});

export const webhookEndpointRoutes: readonly Route[] = [
  createEndpoint,
  listEndpoints,
  getEndpoint,
  updateEndpoint,
  rotateSecret,
  deleteEndpoint,
  ...deliveryRoutes,
];
