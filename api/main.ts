import { setMaxListeners } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import { type Logger, pino } from 'pino';
import { connectDoor, type DoorConnection } from '../client/index.ts';
import { type Config, type LogLevel, loadConfig } from '../config/env.ts';
import { type Db, isUnavailable, openDb } from '../db/client.ts';
import { createInbox, createReturnBox } from '../db/inbox/index.ts';
import { createPointStore } from '../db/limits/points.ts';
import {
  createCaseReader,
  createCustomerReader,
  createEventReader,
  createLedgerReader,
  createOperatorReader,
  createPaymentMethodReader,
  createPaymentReader,
  createRefundReader,
  createSettlementReader,
  createTimelineReader,
} from '../db/read/index.ts';
import { receiveFile } from '../db/reconciliation/index.ts';
import {
  createCustomerWriter,
  createPaymentMethodWriter,
  createRequestReader,
  createSelectionKeeper,
} from '../db/requests/index.ts';
import {
  createBacktestRegister,
  createDeliveryRegister,
  createEndpointRegister,
  createExperimentRegister,
  createMandateRegister,
  createMerchantRegister,
  createOperatorRegister,
  createPolicyRegister,
  createRoutingReader,
  createSettingsReader,
} from '../db/settings/index.ts';
import { refuseScaledTimeForRealAccounts } from '../db/time-scale.ts';
import { providerByName } from '../providers/registry.ts';
import { HEAD_BYTES, problemOfHead } from '../providers/settlement/probe.ts';
import { settlementNames } from '../providers/settlement/registry.ts';
import {
  bin,
  CVC_LIFETIME_MS,
  cardNumberProblem,
  createVault,
  detectBrand,
  isLuhnValid,
  last4,
} from '../vault/index.ts';
import { createApp } from './app.ts';
import { type CodecServer, startCodecServer } from './codec-server.ts';
import type { ApiDeps } from './deps.ts';
import { type ResolveHost, resolveHost } from './webhook-endpoints/resolve.ts';

/**
 * The API as a process: the only file here that knows the configuration, the pool, the vault and the
 * provider registry, and the one that puts them together.
 */
export interface RunningApi {
  readonly url: string;
  readonly codecServerUrl?: string;
  /** Lets requests under way finish, then closes everything that was opened. */
  close(): Promise<void>;
}

export interface ApiParts {
  /** The way to Temporal; a test may bring its own. */
  readonly connect?: (config: Config, db: Db) => Promise<DoorConnection>;
  readonly logger?: Logger;
  /** Which addresses a webhook endpoint's host has; a test may say. */
  readonly resolveHost?: ResolveHost;
}

/** How long requests under way may take to finish once the process is told to stop. */
const DRAIN_MS = 15_000;
/** A cart left open over night can still be paid. Scaled, as every wait for a person is. */
const CONFIRM_WITHIN_MS = 24 * 60 * 60 * 1_000;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than load balancers keep idle connections, so that they are the ones to close them. */
const KEEP_ALIVE_MS = 65_000;

export async function startApi(config: Config, parts: ApiParts = {}): Promise<RunningApi> {
  const logger = parts.logger ?? createLogger(config.logLevel);
  const db = openDb(config.databaseUrl);
  await refuseScaledTimeForRealAccounts(db, config.timeScale);
  const connection = await (parts.connect ?? connectDoor)(config, db);
  const stopping = new AbortController();
  // One for each open stream.
  setMaxListeners(0, stopping.signal);
  const shared = { logger, stopping: stopping.signal, resolveHost: parts.resolveHost ?? resolveHost };
  const app = createApp(composeDeps(config, db, connection, shared));
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    app,
  );
  const connections = connectionsOf(server);
  const url = await listen(server, config.api);
  const codecServer = await startConfiguredCodecServer(config, logger);
  return {
    url,
    ...(codecServer === undefined ? {} : { codecServerUrl: codecServer.url }),
    async close() {
      const drained = drain(server, connections);
      stopping.abort();
      await drained;
      await Promise.all([codecServer?.close(), connection.close()]);
      await db.$disconnect();
    },
  };
}

interface ProcessParts {
  readonly logger: Logger;
  readonly stopping: AbortSignal;
  readonly resolveHost: ResolveHost;
}

function composeDeps(
  config: Config,
  db: Db,
  connection: DoorConnection,
  { logger, stopping, resolveHost }: ProcessParts,
): ApiDeps {
  const vault = createVault({ keys: config.keys.vault, digestKey: config.keys.digest });
  return {
    door: connection.door,
    requests: createRequestReader(db),
    payments: createPaymentReader(db),
    refunds: createRefundReader(db),
    timeline: createTimelineReader(db),
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
    operatorViews: createOperatorReader(db),
    exceptions: createCaseReader(db),
    ledger: createLedgerReader(db),
    cases: connection.cases,
    settlements: createSettlementReader(db),
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
      secretsOf: (accountId) =>
        Object.hasOwn(config.providerSecrets, accountId) ? config.providerSecrets[accountId] : undefined,
    },
    readiness: { postgres: () => db.$queryRaw`SELECT 1`, temporal: () => connection.check() },
    isUnavailable,
    stopping,
    logger,
    ...rateLimitsOf(config, db, logger),
    limits: {
      apiWaitMs: config.apiWaitMs,
      completeByMs: config.completeByMs,
      confirmWithinMs: CONFIRM_WITHIN_MS * config.timeScale,
    },
  };
}

function rateLimitsOf({ rateLimits: limits }: Config, db: Db, logger: Logger): Pick<ApiDeps, 'rateLimits'> {
  if (limits === undefined) return {};
  const points = createPointStore(db, (error) =>
    logger.warn(
      { err: error },
      'requests are counted in this process alone: Postgres does not answer in time',
    ),
  );
  return { rateLimits: { limits, points } };
}

/** Nothing that is logged holds secrets or card data by construction; the redaction is the second wall. */
export function createLogger(level: LogLevel): Logger {
  return pino({
    level,
    base: { service: 'api' },
    redact: {
      paths: ['authorization', 'cvc', 'number', 'card', 'headers', 'body'].flatMap((name) => [
        name,
        `*.${name}`,
      ]),
      censor: '[redacted]',
    },
  });
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

/** The Web UI's origin, by both names that a person may type for this machine. */
function originsOf(uiUrl: string): readonly string[] {
  const { origin } = new URL(uiUrl);
  return [...new Set([origin, origin.replace('//127.0.0.1', '//localhost')])];
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

function listen(server: Server, { host, port }: Config['api']): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const { port: actual } = server.address() as AddressInfo;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${actual}`);
    });
  });
}

/** A connection that was busy when the server closed turns idle later, and would be kept alive for others. */
const IDLE_SWEEP_MS = 50;
/** So long may a connection on which nothing was ever said, and which Node counts as busy, still begin a request. */
const SILENT_MS = 1_000;

function drain(server: Server, connections: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
    const silent = setTimeout(() => {
      for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
    }, SILENT_MS);
    const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(silent);
      clearTimeout(cut);
      resolve();
    });
  });
}

function connectionsOf(server: Server): ReadonlySet<Socket> {
  const connections = new Set<Socket>();
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  return connections;
}

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const running = await startApi(config);
  process.stdout.write(`${JSON.stringify({ ready: true, url: running.url })}\n`);
  const stop = () => {
    running.close().then(
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
