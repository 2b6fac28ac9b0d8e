/**
 * api/: the merchants' door. What lives here: routes and zod schemas by resource, bearer keys, idempotency,
 * problems, the OpenAPI document, and main.ts, which composes. What may not: decisions about money, SQL, or
 * anything of Temporal beyond the door in client/. A handler parses, asks the door or a reader, and renders;
 * whatever is wrong is thrown as a Problem and becomes the error object in one place (edge.ts).
 * Next to read: payments/routes.ts, then payments/commands.ts.
 */
import express, { type Express } from 'express';
import { adminRoutes } from './admin/routes.ts';
import { createVerifier } from './admin/verifier.ts';
import { alarmRoutes } from './alarms/routes.ts';
import { createAuthenticator } from './auth.ts';
import { BODY_TIMES, watchBody } from './body-time.ts';
import { createCallers } from './callers.ts';
import { createCommandGate } from './command-gate.ts';
import { createAccess } from './console/access.ts';
import { consoleRoutes } from './console/routes.ts';
import { consoleAssets } from './console-assets.ts';
import { customerRoutes } from './customers/routes.ts';
import type { ApiDeps } from './deps.ts';
import { answerError, beginRequest, serveRoute } from './edge.ts';
import { eventRoutes } from './events/routes.ts';
import { createEventStreams } from './events/stream.ts';
import { exceptionRoutes } from './exceptions/routes.ts';
import { figureRoutes } from './figures/routes.ts';
import { healthRoutes } from './health.ts';
import { ledgerRoutes } from './ledger/routes.ts';
import { mandateRoutes } from './mandates/routes.ts';
import { type OpenApiDocument, openApiDocument } from './openapi.ts';
import { createOperatorAuthenticator } from './operator/auth.ts';
import { createRefusalBook } from './operator/refusals.ts';
import { operatorRoutes } from './operator/routes.ts';
import { paymentMethodRoutes } from './payment-methods/routes.ts';
import { paymentRoutes } from './payments/routes.ts';
import { problem } from './problems.ts';
import { queueRoutes } from './queues/routes.ts';
import { createRateLimiter } from './rate-limits/limiter.ts';
import { createReadingPlaces } from './reading-places.ts';
import { refundRoutes } from './refunds/routes.ts';
import { returnRoutes } from './returns/routes.ts';
import type { Route, Services } from './route.ts';
import { routingRoutes } from './routing/routes.ts';
import { readRoutingView } from './routing/view.ts';
import { settingsRoutes } from './settings/routes.ts';
import { settlementRoutes } from './settlements/routes.ts';
import { createShortCache } from './short-cache.ts';
import { createNoteBook } from './story/notes.ts';
import { storyRoutes } from './story/routes.ts';
import { createChangeStreams } from './story/stream.ts';
import { webhookEndpointRoutes } from './webhook-endpoints/routes.ts';
import { createBell } from './webhooks/bell.ts';
import { type WebhookCounts, webhookRoutes } from './webhooks/routes.ts';

/** So long may a webhook still come in for an account that was removed. */
const WEBHOOK_ACCOUNT_CACHE = { ttlMs: 2_000, max: 10_000 };

/** So long may a merchant's older settings be seen, where a fresh look would cost every payment a question. */
const MERCHANT_SETTINGS_CACHE = { ttlMs: 2_000, max: 10_000 };

/** What was learnt is as old as this where somebody asks what would be decided; it is all of a week's windows. */
const ROUTING_VIEW_CACHE = { ttlMs: 2_000, max: 200 };

/** Of the streams: how often Postgres is asked for each merchant that listens, and how much is kept of it. */
const EVENT_FEED = { pollMs: 250, heartbeatMs: 15_000, keep: 500 };

export function createApp(deps: ApiDeps): Express {
  const { access, ...others } = deps;
  const services: Services = {
    ...others,
    access: createAccess(access, deps.vault),
    gate: createCommandGate(),
    verifier: createVerifier(deps.administration, deps),
    ...(deps.rateLimits === undefined ? {} : { rateLimiter: createRateLimiter(deps.rateLimits) }),
    bell: createBell(deps.door, (error, ownerId) => {
      deps.logger.warn({ err: error, owner: ownerId }, 'not signalled; the sweeper signals again');
    }),
    eventStreams: createEventStreams(deps.events, {
      ...EVENT_FEED,
      pollFailed: (error) =>
        deps.logger.warn({ err: error }, 'events could not be read; asked again in a moment'),
    }),
    changeStreams: createChangeStreams(deps, {
      ...EVENT_FEED,
      pollFailed: (error) =>
        deps.logger.warn({ err: error }, 'changes could not be read; asked again in a moment'),
    }),
    notes: createNoteBook(deps.requestNotes, deps.logger),
    readingPlaces: createReadingPlaces(),
    routingView: createShortCache((whose) => readRoutingView(whose, deps.routing), ROUTING_VIEW_CACHE),
    merchantSettings: createShortCache((id) => deps.merchants.find(id), MERCHANT_SETTINGS_CACHE),
    webhookAccount: createShortCache((id) => deps.settings.webhookAccount(id), WEBHOOK_ACCOUNT_CACHE),
  };
  const callers = createCallers(services, {
    merchant: createAuthenticator(deps.settings, deps.vault.keyedDigest),
    operator: createOperatorAuthenticator(deps.operators, deps.vault.keyedDigest),
  });
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // One resource, one path: an idempotency key is scoped by it.
  app.enable('strict routing');
  app.enable('case sensitive routing');
  app.use(watchBody(deps.bodyTimes ?? BODY_TIMES));
  app.use(beginRequest(services));
  app.use(consoleAssets(deps.consoleDir));
  for (const route of apiRoutes()) {
    app[route.method](route.path, ...serveRoute(route, services, callers));
  }
  app.use(() => {
    throw problem('route_missing');
  });
  app.use(answerError(services, createRefusalBook(deps.operators, deps.logger)));
  return app;
}

/** Every route there is, in the order in which they are tried. */
export function apiRoutes(): readonly Route[] {
  const counts: WebhookCounts = { stored: 0, duplicate: 0, refused: 0 };
  const routes: Route[] = [
    ...paymentRoutes,
    ...refundRoutes,
    ...eventRoutes,
    ...webhookEndpointRoutes,
    ...storyRoutes,
    ...operatorRoutes,
    ...consoleRoutes,
    ...adminRoutes,
    ...exceptionRoutes,
    ...alarmRoutes,
    ...queueRoutes,
    ...figureRoutes,
    ...settlementRoutes,
    ...paymentMethodRoutes,
    ...customerRoutes,
    ...mandateRoutes,
    ...ledgerRoutes,
    ...routingRoutes,
    ...settingsRoutes,
    ...returnRoutes(),
    ...webhookRoutes(counts),
    ...healthRoutes(counts),
  ];
  let document: OpenApiDocument | undefined;
  routes.push({
    method: 'get',
    path: '/openapi.json',
    operationId: 'openapi',
    summary: 'This document',
    access: 'public',
    responses: { 200: { description: 'OpenAPI 3.1.' } },
    async run() {
      document ??= openApiDocument(routes);
      return { status: 200, body: document };
    },
  });
  return routes;
}

/** The OpenAPI document without a running server, for the SDK's generator. */
export function describeApi(): OpenApiDocument {
  return openApiDocument(apiRoutes());
}
