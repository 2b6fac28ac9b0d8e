/**
 * The environment, parsed once. Entry points (api, worker, cli) call `loadConfig(process.env)` and hand the
 * parts on; no other module may read `process.env`. A wrong or missing variable is named together with what
 * to do about it, all of them at once, so that a deployment is corrected in one go.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type WatchSettings, watchOf, watchVariables } from './metrics.ts';
import { type ProxySettings, proxiesOf, proxyVariables } from './proxies.ts';
import { type RateLimits, rateLimitsOf, rateLimitVariables } from './rate-limits.ts';
import { type TraceSettings, tracesOf, traceVariables } from './traces.ts';

/** Keys by id. New data is written under `activeId`; the others stay readable while rotation is under way. */
export type KeyRing = { activeId: string; keys: Record<string, Buffer> };

/** Shaped like the Temporal SDK's TLSConfig. An empty object means TLS with the system's roots. */
export type TemporalTls = {
  clientCertPair?: { crt: Buffer; key: Buffer };
  serverRootCACertificate?: Buffer;
};

type Settings = {
  databaseUrl: string;
  temporal: {
    address: string;
    namespace: string;
    apiKey?: string;
    tls?: TemporalTls;
    taskQueue: string;
    uiUrl?: string;
  };
  keys: { codec: KeyRing; vault: KeyRing; digest: Buffer };
  /** Secrets by provider account id; the shape of the inner object is the adapter's. */
  providerSecrets: Record<string, Record<string, string>>;
  timeScale: number;
  providerDeadlineMs: number;
  completeByMs: number;
  apiWaitMs: number;
  /** Absent: webhooks go to public addresses only, and an attempt has ten seconds. */
  webhooks?: { privateTargets: boolean; deadlineMs: number };
  /** Whether card networks' retry limits hold for test cards too. Absent: no. */
  countTestDeclines?: boolean;
  /** Absent: nobody is limited. */
  rateLimits?: RateLimits;
  api: { host: string; port: number };
  /** Where payers' browsers reach the API. */
  publicUrl?: string;
  codecServer?: { port: number; token: string };
  workerHealthPort?: number;
  /** A workflow bundle built beforehand; absent: the sources are bundled at start. */
  workflowBundle?: string;
  /** Where the console's built files are; absent: the API serves none. */
  consoleDir?: string;
  /** Where the worker appends the signed heads of the audit chains; absent: nowhere. */
  auditAnchorFile?: string;
  logLevel: LogLevel;
};

export type Config = Settings & ProxySettings & TraceSettings & WatchSettings;

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The environment is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

const KEY_BYTES = 32;
const MAX_TIMER_MS = 2 ** 31 - 1;
/** A pass over an endpoint, with its last attempts, ends well within its activity's time. */
const MAX_WEBHOOK_DEADLINE_MS = 30_000;

/** Buffer.from(…, 'base64') skips what it cannot read; a key that was cut or mistyped must not pass as a key. */
function decodeKey(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(text)) return undefined;
  const key = Buffer.from(text, 'base64');
  return key.length === KEY_BYTES ? key : undefined;
}

function decodeKeyRing(text: string): KeyRing | undefined {
  const keys: Record<string, Buffer> = {};
  const ids: string[] = [];
  for (const entry of text.split(',')) {
    const separator = entry.indexOf(':');
    const id = entry.slice(0, separator).trim();
    const key = decodeKey(entry.slice(separator + 1).trim());
    if (separator < 1 || !/^[A-Za-z0-9._-]{1,64}$/.test(id) || key === undefined) return undefined;
    if (Object.hasOwn(keys, id)) return undefined;
    keys[id] = key;
    ids.push(id);
  }
  const activeId = ids[0];
  return activeId === undefined ? undefined : { activeId, keys };
}

/** The inverse of the parser: what `up` writes into a child's environment. */
export function encodeKeyRing(ring: KeyRing): string {
  const ids = [ring.activeId, ...Object.keys(ring.keys).filter((id) => id !== ring.activeId)];
  return ids.map((id) => `${id}:${ring.keys[id]?.toString('base64') ?? ''}`).join(',');
}

/** Adds one problem and parses nothing: zod shows the message after the variable's name. */
function refuse(ctx: z.RefinementCtx, message: string): never {
  ctx.addIssue({ code: 'custom', message });
  return z.NEVER;
}

const required = (what: string) => z.string({ error: `is missing; set it to ${what}` });

const keyRing = (use: string) =>
  required(
    `id:key[,id:key...], the first key is used to write (${use}); a key is: openssl rand -base64 32`,
  ).transform(
    (text, ctx) =>
      decodeKeyRing(text) ??
      refuse(
        ctx,
        'must be id:base64[,id:base64...] with distinct ids and 32-byte keys (openssl rand -base64 32)',
      ),
  );

const digestKey = required('32 bytes in base64, as printed by: openssl rand -base64 32').transform(
  (text, ctx) => decodeKey(text) ?? refuse(ctx, 'must be 32 bytes in base64 (openssl rand -base64 32)'),
);

const port = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port number from 0 to 65535')
  .transform(Number)
  .refine((value) => value <= 65535, 'must be a port number from 0 to 65535');

const durationMs = z
  .string()
  .regex(/^[1-9]\d{0,9}$/, 'must be a whole number of milliseconds above 0')
  .transform(Number)
  .refine((value) => value <= MAX_TIMER_MS, `must be at most ${MAX_TIMER_MS} ms`);

const timeScale = z
  .string()
  .transform(Number)
  .refine((value) => Number.isFinite(value) && value > 0, 'must be a number above 0; 1 is real time');

const file = z.string().transform((path, ctx) => {
  try {
    return readFileSync(path);
  } catch (error) {
    return refuse(ctx, `names ${path}, which cannot be read (${messageOf(error)})`);
  }
});

const providerSecretsSchema = z.record(z.string(), z.record(z.string(), z.string()));

const providerSecrets = required(
  'the path of a JSON file { "<provider account id>": { "<name>": "<value>" } }',
)
  .pipe(file)
  .transform((content, ctx) => {
    try {
      return providerSecretsSchema.parse(JSON.parse(content.toString('utf8')));
    } catch {
      // The parser's own message may quote the file, and the file is made of secrets.
      return refuse(ctx, 'must name a JSON file { "<provider account id>": { "<name>": "<string>" } }');
    }
  });

const url = z
  .string()
  .refine(
    (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
    'must be an http(s) URL',
  );

const environmentSchema = z
  .object({
    DATABASE_URL: required(
      'a Postgres URL, for example postgres://user:password@127.0.0.1:5432/interlock',
    ).regex(/^postgres(ql)?:\/\//, 'must begin with postgres://'),
    TEMPORAL_ADDRESS: z
      .string()
      .regex(/^[^\s/]+:\d{1,5}$/, 'must be host:port, without a scheme')
      .default('127.0.0.1:7233'),
    TEMPORAL_NAMESPACE: z.string().default('default'),
    TEMPORAL_API_KEY: z.string().optional(),
    TEMPORAL_TLS_CERT: file.optional(),
    TEMPORAL_TLS_KEY: file.optional(),
    TEMPORAL_TLS_CA: file.optional(),
    TEMPORAL_TASK_QUEUE: z.string().default('interlock'),
    TEMPORAL_UI_URL: url.optional(),
    INTERLOCK_CODEC_KEYS: keyRing('payload encryption'),
    INTERLOCK_VAULT_KEYS: keyRing('card data'),
    INTERLOCK_DIGEST_KEY: digestKey,
    INTERLOCK_PROVIDER_SECRETS_FILE: providerSecrets,
    INTERLOCK_TIME_SCALE: timeScale.default(1),
    INTERLOCK_PROVIDER_DEADLINE_MS: durationMs.default(20_000),
    INTERLOCK_COMPLETE_BY_MS: durationMs.default(120_000),
    INTERLOCK_API_WAIT_MS: durationMs.default(10_000),
    INTERLOCK_WEBHOOK_DEADLINE_MS: durationMs
      .refine((value) => value <= MAX_WEBHOOK_DEADLINE_MS, `must be at most ${MAX_WEBHOOK_DEADLINE_MS} ms`)
      .default(10_000),
    INTERLOCK_WEBHOOK_PRIVATE_TARGETS: z
      .enum(['refuse', 'allow'], { error: 'must be refuse or allow' })
      .default('refuse'),
    INTERLOCK_COUNT_TEST_DECLINES: z.enum(['yes', 'no'], { error: 'must be yes or no' }).default('no'),
    ...rateLimitVariables,
    INTERLOCK_PUBLIC_URL: url.optional(),
    API_HOST: z.string().default('127.0.0.1'),
    API_PORT: port.default(3000),
    CODEC_SERVER_PORT: port.optional(),
    CODEC_SERVER_TOKEN: z
      .string()
      .min(16, 'must have at least 16 characters (openssl rand -hex 32)')
      .optional(),
    WORKER_HEALTH_PORT: port.optional(),
    ...watchVariables,
    ...traceVariables,
    ...proxyVariables,
    INTERLOCK_WORKFLOW_BUNDLE: z.string().optional(),
    INTERLOCK_CONSOLE_DIR: z.string().optional(),
    INTERLOCK_AUDIT_ANCHOR_FILE: z.string().optional(),
    LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  })
  .superRefine((env, ctx) => {
    const together = (
      a: 'TEMPORAL_TLS_CERT' | 'CODEC_SERVER_PORT',
      b: 'TEMPORAL_TLS_KEY' | 'CODEC_SERVER_TOKEN',
    ) => {
      if ((env[a] === undefined) === (env[b] === undefined)) return;
      const missing = env[a] === undefined ? a : b;
      const given = missing === a ? b : a;
      ctx.addIssue({ code: 'custom', path: [missing], message: `is missing; ${given} needs it` });
    };
    together('TEMPORAL_TLS_CERT', 'TEMPORAL_TLS_KEY');
    together('CODEC_SERVER_PORT', 'CODEC_SERVER_TOKEN');
  });

type Environment = z.output<typeof environmentSchema>;

function temporalTls(env: Environment): TemporalTls | undefined {
  const { TEMPORAL_TLS_CERT: crt, TEMPORAL_TLS_KEY: key, TEMPORAL_TLS_CA: ca } = env;
  // An API key over plain text would be readable on the way, so it implies TLS.
  if (!crt && !ca && env.TEMPORAL_API_KEY === undefined) return undefined;
  return {
    ...(crt && key ? { clientCertPair: { crt, key } } : {}),
    ...(ca ? { serverRootCACertificate: ca } : {}),
  };
}

function toConfig(env: Environment): Config {
  const tls = temporalTls(env);
  const rateLimits = rateLimitsOf(env);
  const publicUrl = (env.INTERLOCK_PUBLIC_URL ?? `http://${env.API_HOST}:${env.API_PORT}`).replace(/\/$/, '');
  return {
    databaseUrl: env.DATABASE_URL,
    temporal: {
      address: env.TEMPORAL_ADDRESS,
      namespace: env.TEMPORAL_NAMESPACE,
      taskQueue: env.TEMPORAL_TASK_QUEUE,
      ...(env.TEMPORAL_API_KEY === undefined ? {} : { apiKey: env.TEMPORAL_API_KEY }),
      ...(tls === undefined ? {} : { tls }),
      ...(env.TEMPORAL_UI_URL === undefined ? {} : { uiUrl: env.TEMPORAL_UI_URL }),
    },
    keys: {
      codec: env.INTERLOCK_CODEC_KEYS,
      vault: env.INTERLOCK_VAULT_KEYS,
      digest: env.INTERLOCK_DIGEST_KEY,
    },
    providerSecrets: env.INTERLOCK_PROVIDER_SECRETS_FILE,
    timeScale: env.INTERLOCK_TIME_SCALE,
    providerDeadlineMs: env.INTERLOCK_PROVIDER_DEADLINE_MS,
    completeByMs: env.INTERLOCK_COMPLETE_BY_MS,
    apiWaitMs: env.INTERLOCK_API_WAIT_MS,
    webhooks: {
      privateTargets: env.INTERLOCK_WEBHOOK_PRIVATE_TARGETS === 'allow',
      deadlineMs: env.INTERLOCK_WEBHOOK_DEADLINE_MS,
    },
    countTestDeclines: env.INTERLOCK_COUNT_TEST_DECLINES === 'yes',
    ...(rateLimits === undefined ? {} : { rateLimits }),
    api: { host: env.API_HOST, port: env.API_PORT },
    publicUrl,
    ...(env.CODEC_SERVER_PORT !== undefined && env.CODEC_SERVER_TOKEN !== undefined
      ? { codecServer: { port: env.CODEC_SERVER_PORT, token: env.CODEC_SERVER_TOKEN } }
      : {}),
    ...(env.WORKER_HEALTH_PORT === undefined ? {} : { workerHealthPort: env.WORKER_HEALTH_PORT }),
    ...watchOf(env, publicUrl),
    ...tracesOf(env),
    ...proxiesOf(env),
    ...(env.INTERLOCK_WORKFLOW_BUNDLE === undefined ? {} : { workflowBundle: env.INTERLOCK_WORKFLOW_BUNDLE }),
    ...(env.INTERLOCK_CONSOLE_DIR === undefined ? {} : { consoleDir: env.INTERLOCK_CONSOLE_DIR }),
    ...(env.INTERLOCK_AUDIT_ANCHOR_FILE === undefined
      ? {}
      : { auditAnchorFile: env.INTERLOCK_AUDIT_ANCHOR_FILE }),
    logLevel: env.LOG_LEVEL,
  };
}

/**
 * Parses an environment. Variables that are set but empty count as not set, as shells and compose files make
 * it hard to tell the two apart. Throws a ConfigError whose `problems` name every wrong variable.
 */
export function loadConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = environmentSchema.safeParse(given);
  if (parsed.success) return toConfig(parsed.data);
  throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
