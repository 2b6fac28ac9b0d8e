import { OpenAPIRegistry, OpenApiGeneratorV31, type ResponseConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { permissionFor, type Route } from './route.ts';
import { errorSchema } from './schema.ts';

/**
 * The OpenAPI 3.1 document, made from the routes themselves and the zod schemas that they validate with.
 * Nothing is written down here that a route doesn't say.
 */
export type OpenApiDocument = ReturnType<OpenApiGeneratorV31['generateDocument']>;

export function openApiDocument(routes: readonly Route[]): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'secretKey', {
    type: 'http',
    scheme: 'bearer',
    description: 'A secret key, `sk_test_...` or `sk_live_...`.',
  });
  registry.registerComponent('securitySchemes', 'operatorKey', {
    type: 'http',
    scheme: 'bearer',
    description: "An operator's own key, `iop_...`.",
  });
  registry.registerComponent('securitySchemes', 'consoleSession', {
    type: 'apiKey',
    in: 'cookie',
    name: 'interlock_session',
    description:
      'Somebody who is signed in at the console. `__Host-interlock_session` under https; a POST needs `X-CSRF-Token` too, and a route of a merchant `Interlock-Merchant`.',
  });
  for (const route of routes) {
    const headers = headersOf(route);
    registry.registerPath({
      method: route.method,
      path: openApiPath(route.path),
      operationId: route.operationId,
      summary: route.summary,
      security: securityOf(route),
      request: {
        ...(route.params === undefined ? {} : { params: route.params }),
        ...(route.query === undefined ? {} : { query: route.query }),
        ...(headers === undefined ? {} : { headers }),
        ...bodyOf(route),
      },
      responses: responsesOf(route),
    });
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Interlock',
      version: '1',
      description: 'Payment orchestration. Amounts are integers in minor units; every POST is idempotent.',
    },
    servers: [{ url: '/' }],
  });
}

/** Exhaustive: a new kind of access does not compile until its scheme is named. */
const SECURITY: Readonly<Record<Route['access'], readonly Record<string, string[]>[]>> = {
  merchant: [{ secretKey: [] }],
  operator: [{ operatorKey: [] }, { consoleSession: [] }],
  session: [{ consoleSession: [] }],
  public: [],
};

/** A merchant's route that people may call too has both. */
function securityOf(route: Route) {
  const { access } = route;
  const isForPeople = access === 'merchant' && permissionFor(route) !== undefined;
  return isForPeople ? [...SECURITY.merchant, ...SECURITY.session] : [...SECURITY[access]];
}

/** `/v1/payments/:id` of Express is `/v1/payments/{id}` of OpenAPI. */
export function openApiPath(path: string): string {
  return path.replace(/:([a-z_]+)/g, '{$1}');
}

function headersOf(route: Route) {
  const idempotencyKey = z
    .string()
    .min(1)
    .max(255)
    .meta({ description: 'The same key gets the same answer.' });
  const prefer = z.string().optional().meta({ description: '`wait=N`: answer within N seconds (0 to 60).' });
  if (!route.idempotent) return undefined;
  return route.waits
    ? z.object({ 'Idempotency-Key': idempotencyKey, Prefer: prefer })
    : z.object({ 'Idempotency-Key': idempotencyKey });
}

function bodyOf(route: Route) {
  if (route.streamedBodyBytes !== undefined) {
    const content = { 'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) } };
    return { body: { description: 'The file, as it is.', content, required: true } };
  }
  if (route.rawBodyBytes !== undefined) {
    const content = { 'application/json': { schema: z.unknown() } };
    return { body: { description: 'As the provider documents it.', content, required: true } };
  }
  if (route.body === undefined) return {};
  // A body in which every field may be left out may be left out itself.
  const required = !route.body.safeParse({}).success;
  return { body: { content: { 'application/json': { schema: route.body } }, required } };
}

function responsesOf(route: Route): Record<string, ResponseConfig> {
  const responses: Record<string, ResponseConfig> = {};
  for (const [status, { description, schema, contentType }] of Object.entries(route.responses)) {
    responses[status] = {
      description,
      ...(schema === undefined ? {} : { content: { [contentType ?? 'application/json']: { schema } } }),
    };
  }
  responses.default = {
    description: 'A problem.',
    content: { 'application/json': { schema: errorSchema } },
  };
  return responses;
}
