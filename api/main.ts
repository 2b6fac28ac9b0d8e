import { setMaxListeners } from 'node:events';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { connectDoor, type DoorConnection } from '../client/index.ts';
import { type Config, loadConfig } from '../config/env.ts';
import { type Db, isTooLong, isUnavailable, openDb } from '../db/client.ts';
import { createInbox, createReturnBox } from '../db/inbox/index.ts';
import { createPointStore } from '../db/limits/points.ts';
import {
  createAlarmReader,
  createCaseReader,
  createCustomerReader,
  createEventReader,
  createFigureReader,
  createLedgerReader,
  createOperatorReader,
  createPaymentMethodReader,
  createPaymentReader,
  createQueueReader,
  createRefundReader,
  createSettlementReader,
  createStories,
  createTimelineReader,
} from '../db/read/index.ts';
import { STATEMENT_MS } from '../db/read/queues/bounded.ts';
import { receiveFile } from '../db/reconciliation/index.ts';
import {
  createCustomerWriter,
  createPaymentMethodWriter,
  createRequestNoteWriter,
  createRequestReader,
  createSelectionKeeper,
} from '../db/requests/index.ts';
import {
  createBacktestRegister,
  createCredentialRegister,
  createDeliveryRegister,
  createEndpointRegister,
  createExperimentRegister,
  createMandateRegister,
  createMerchantRegister,
  createOperatorRegister,
  createPeopleRegister,
  createPolicyRegister,
  createRoutingReader,
  createSessionRegister,
  createSettingsReader,
  createTryBook,
} from '../db/settings/index.ts';
import type { ProviderSecretsBook } from '../db/settings/provider-secrets.ts';
import { refuseScaledTimeForRealAccounts } from '../db/time-scale.ts';
import { providerByName } from '../providers/registry.ts';
import { HEAD_BYTES, problemOfHead } from '../providers/settlement/probe.ts';
import { settlementNames } from '../providers/settlement/registry.ts';
import { watchFromApi } from '../telemetry/gauges.ts';
import { startTracing } from '../telemetry/index.ts';
import { createRequestMetrics } from '../telemetry/metrics.ts';
import { type MetricsPage, startMetricsPage } from '../telemetry/metrics-page.ts';
import {
  bin,
  CVC_LIFETIME_MS,
  cardNumberProblem,
  createVault,
  detectBrand,
  isLuhnValid,
  last4,
  type Vault,
} from '../vault/index.ts';
import { composeAdministration, openProviderSecrets } from './admin/compose.ts';
import { createApp } from './app.ts';
import { BODY_TIMES, type BodyTimes } from './body-time.ts';
import { type CodecServer, startCodecServer } from './codec-server.ts';
import { ACCESS, type AccessParts, type AccessSettings } from './console/settings.ts';
import type { ApiDeps } from './deps.ts';
import { connectionsOf, drain, isAddressInUse, listen, originsOf } from './listening.ts';
import { createLogger } from './logger.ts';
import { placesOf } from './story/places.ts';
import { type ResolveHost, resolveHost } from './webhook-endpoints/resolve.ts';

/**
 * The API as a process: the only file here that knows the configuration, the pool, the vault and the
 * provider registry, and the one that puts them together.
 */
export interface RunningApi {
  readonly url: string;
  readonly codecServerUrl?: string;
  readonly metricsUrl?: string;
  /** Lets requests under way finish, then closes everything that was opened. */
  close(): Promise<void>;
}

export interface ApiParts {
  /** The way to Temporal; a test may bring its own. */
  readonly connect?: (config: Config, db: Db) => Promise<DoorConnection>;
  readonly logger?: Logger;
  /** Which addresses a webhook endpoint's host has; a test may say. */
  readonly resolveHost?: ResolveHost;
  /** How people sign in; a test may be in a hurry. */
  readonly access?: Partial<AccessSettings>;
  readonly bodyTimes?: BodyTimes;
}

/** A cart left open over night can still be paid. Scaled, as every wait for a person is. */
const CONFIRM_WITHIN_MS = 24 * 60 * 60 * 1_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** What people read by, beside the payments' own: who asks too much keeps nobody waiting but other people. */
const READING = { maxConnections: 3, statementTimeoutMs: STATEMENT_MS };
/** Longer than load balancers keep idle connections, so that they are the ones to close them. */
const KEEP_ALIVE_MS = 65_000;

export async function startApi(config: Config, parts: ApiParts = {}): Promise<RunningApi> {
  const logger = parts.logger ?? createLogger(config.logLevel);
  const db = openDb(config.databaseUrl);
  const reads = openDb(config.databaseUrl, READING);
  await refuseScaledTimeForRealAccounts(db, config.timeScale);
  const connection = await (parts.connect ?? connectDoor)(config, db);
  const stopping = new AbortController();
  // One for each open stream.
  setMaxListeners(0, stopping.signal);
  const vault = createVault({ keys: config.keys.vault, digestKey: config.keys.digest });
  const secrets = await openProviderSecrets(config, { db, vault, logger });
  const shared = {
    reads,
    logger,
    vault,
    secrets,
    stopping: stopping.signal,
    resolveHost: parts.resolveHost ?? resolveHost,
    access: { ...ACCESS, ...parts.access },
  };
  const metrics = createRequestMetrics();
  const counted = config.metrics === undefined ? {} : { meter: metrics.meter };
  const { bodyTimes = BODY_TIMES } = parts;
  const app = createApp({ ...composeDeps(config, db, connection, shared), ...counted, bodyTimes });
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      // Bodies are bounded by route, see body-time.ts.
      requestTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    app,
  );
  const connections = connectionsOf(server);
  const url = await listen(server, config.api);
  const codecServer = await startConfiguredCodecServer(config, logger);
  const metricsPage = await startConfiguredMetrics(config, db, metrics.registry, logger);
  return {
    url,
    ...(codecServer === undefined ? {} : { codecServerUrl: codecServer.url }),
    ...(metricsPage === undefined ? {} : { metricsUrl: metricsPage.url }),
    async close() {
      const drained = drain(server, connections);
      stopping.abort();
      await drained;
      secrets.stop();
      await Promise.all([codecServer?.close(), metricsPage?.close(), connection.close()]);
      await Promise.all([db.$disconnect(), reads.$disconnect()]);
    },
  };
}

interface ProcessParts {
  readonly reads: Db;
  readonly logger: Logger;
  readonly vault: Vault;
  readonly secrets: ProviderSecretsBook;
  readonly stopping: AbortSignal;
  readonly resolveHost: ResolveHost;
  readonly access: AccessSettings;
}

function composeDeps(
  config: Config,
  db: Db,
  connection: DoorConnection,
  { reads, logger, vault, secrets, stopping, resolveHost, access }: ProcessParts,
): ApiDeps {
  const points = createPointStore(db, (error) =>
    logger.warn({ err: error }, 'this process counts alone: Postgres does not answer in time'),
  );
  return {
    door: connection.door,
    requests: createRequestReader(db),
    requestNotes: createRequestNoteWriter(db),
    payments: createPaymentReader(db),
    refunds: createRefundReader(db),
    timeline: createTimelineReader(db),
    stories: { ...createStories(reads), places: placesOf(config) },
    paymentMethods: { ...createPaymentMethodReader(db), ...createPaymentMethodWriter(db) },
    events: createEventReader(db),
    endpoints: createEndpointRegister(db),
    deliveries: createDeliveryRegister(db),
    deliveryDoor: connection.deliveries,
    targets: { privateTargets: config.webhooks?.privateTargets ?? false, resolve: resolveHost },
    customers: { ...createCustomerReader(db), ...createCustomerWriter(db) },
    mandates: createMandateRegister(db),
    merchants: createMerchantRegister(db),
    inbox: createInbox(db),
    returns: createReturnBox(db),
    settings: createSettingsReader(db),
    policies: createPolicyRegister(db),
    routing: createRoutingReader(db),
    backtests: createBacktestRegister(db),
    backtestDoor: connection.backtests,
    experiments: createExperimentRegister(db),
    experimentDoor: connection.experiments,
    operators: createOperatorRegister(db),
    access: composeAccess(config, db, { points, settings: access, keyedDigest: vault.keyedDigest }),
    operatorViews: createOperatorReader(reads),
    administration: composeAdministration(config, { db, reads, vault, secrets }),
    queues: createQueueReader(reads),
    alarms: createAlarmReader(reads, config.metrics !== undefined),
    figures: createFigureReader(reads),
    exceptions: createCaseReader(reads),
    ledger: createLedgerReader(db),
    cases: connection.cases,
    settlements: createSettlementReader(reads),
    settlementFiles: {
      formats: settlementNames(),
      headBytes: HEAD_BYTES,
      problemOfHead,
      receive: (arrival, content) => receiveFile(db, arrival, content),
    },
    reconciliations: connection.reconciliations,
    selections: createSelectionKeeper(db),
    vault: { ...vault, cvcLifetimeMs: CVC_LIFETIME_MS },
    cards: { problemOf: cardNumberProblem, brandOf: detectBrand, last4, bin, isLuhnValid },
    webhooks: {
      verifierOf: (provider) => providerByName(provider)?.webhook,
      isHint: (provider) => providerByName(provider)?.webhookIs === 'hint',
      secretsOf: (accountId) => secrets.of(accountId),
      refreshSecrets: () => secrets.refresh(),
    },
    readiness: { postgres: () => db.$queryRaw`SELECT 1`, temporal: () => connection.check() },
    isUnavailable,
    isTooLong,
    stopping,
    logger,
    ...(config.rateLimits === undefined ? {} : { rateLimits: { limits: config.rateLimits, points } }),
    ...(config.consoleDir === undefined ? {} : { consoleDir: config.consoleDir }),
    limits: {
      apiWaitMs: config.apiWaitMs,
      completeByMs: config.completeByMs,
      confirmWithinMs: CONFIRM_WITHIN_MS * config.timeScale,
    },
  };
}

function composeAccess(
  { publicUrl, api, trustedProxies = [] }: Config,
  db: Db,
  parts: Pick<AccessParts, 'points' | 'settings'> & { readonly keyedDigest: (text: string) => string },
): AccessParts {
  const { keyedDigest, ...given } = parts;
  const tries = createTryBook(db, keyedDigest, given.settings.lock);
  return {
    people: createPeopleRegister(db, tries),
    credentials: createCredentialRegister(db),
    sessions: createSessionRegister(db),
    tries,
    ...given,
    trustedProxies,
    publicUrl: publicUrl ?? `http://${api.host}:${api.port}`,
  };
}

async function startConfiguredCodecServer(config: Config, logger: Logger): Promise<CodecServer | undefined> {
  if (config.codecServer === undefined) return undefined;
  const { port, token } = config.codecServer;
  try {
    return await startCodecServer({
      keys: config.keys.codec,
      host: config.api.host,
      port,
      token,
      allowedOrigin: config.temporal.uiUrl === undefined ? [] : originsOf(config.temporal.uiUrl),
    });
  } catch (error) {
    // One codec server is enough for a machine; payments don't wait for a view of their histories.
    if (!isAddressInUse(error)) throw error;
    logger.warn({ port }, 'the codec server is left to the process that has its port');
    return undefined;
  }
}

/** Metrics have a port of their own: the public one shows nobody how we are. */
async function startConfiguredMetrics(
  { metrics, canary }: Config,
  db: Db,
  registry: Registry,
  logger: Logger,
): Promise<MetricsPage | undefined> {
  if (metrics?.apiPort === undefined) return undefined;
  const { watch } = createAlarmReader(db, true);
  watchFromApi(registry, watch, typeof canary === 'object' ? canary.everyMs / 1_000 : undefined);
  try {
    return await startMetricsPage({ host: metrics.host, port: metrics.apiPort }, registry);
  } catch (error) {
    // Payments don't wait for somebody to watch them.
    if (!isAddressInUse(error)) throw error;
    logger.warn({ port: metrics.apiPort }, 'the port for metrics is taken; this process shows none');
    return undefined;
  }
}

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const logger = createLogger(config.logLevel);
  const tracing = startTracing('interlock-api', config.traces, logger);
  const running = await startApi(config, { logger });
  process.stdout.write(`${JSON.stringify({ ready: true, url: running.url })}\n`);
  const stop = () => {
    const closed = running.close().finally(() => tracing.stop());
    closed.then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  });
}
