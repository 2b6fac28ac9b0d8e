import { z } from 'zod';

/** How processes are watched: what they count and where it is scraped, and payments of our own. */
export interface WatchSettings {
  /** Where metrics are scraped: the worker's on its health port, the API's on a port of its own. Absent: nothing is counted. */
  metrics?: { host: string; apiPort?: number };
  /**
   * Payments of our own that go the whole way, with this merchant's test key. `off`: the installation makes none. Absent: this
   * process knows nothing of them, and leaves them to those that do.
   */
  canary?: { url: string; apiKey: string; everyMs: number } | 'off';
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' });

export const watchVariables = {
  INTERLOCK_METRICS: z.enum(['on', 'off'], { error: 'must be on or off' }).default('on'),
  API_METRICS_PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a port number from 0 to 65535')
    .transform(Number)
    .refine((value) => value <= 65_535, 'must be a port number from 0 to 65535')
    .optional(),
  METRICS_HOST: z.string().default('127.0.0.1'),
  INTERLOCK_CANARY: z.enum(['on', 'off'], { error: 'must be on or off' }).default('on'),
  INTERLOCK_CANARY_KEY: z
    .string()
    .regex(/^sk_test_/, "must be a merchant's key for test mode: canaries move no money")
    .optional(),
  INTERLOCK_CANARY_URL: httpUrl.optional(),
  INTERLOCK_CANARY_EVERY_MS: z
    .string()
    .regex(/^[1-9]\d{3,8}$/, 'must be a whole number of milliseconds, at least 1000')
    .transform(Number)
    .refine((value) => value <= DAY_MS, 'must be at most a day')
    .default(MINUTE_MS),
};

type Watched = z.output<z.ZodObject<typeof watchVariables>>;

/** Canaries come through the API as it is reached from outside, unless another way is named. */
export function watchOf(env: Watched, publicUrl: string): WatchSettings {
  const { API_METRICS_PORT: apiPort } = env;
  const url = (env.INTERLOCK_CANARY_URL ?? publicUrl).replace(/\/$/, '');
  return {
    ...(env.INTERLOCK_METRICS === 'off'
      ? {}
      : { metrics: { host: env.METRICS_HOST, ...(apiPort === undefined ? {} : { apiPort }) } }),
    ...canaryOf(env, url),
  };
}

function canaryOf(env: Watched, url: string): Pick<WatchSettings, 'canary'> {
  const { INTERLOCK_CANARY_KEY: apiKey, INTERLOCK_CANARY_EVERY_MS: everyMs } = env;
  if (env.INTERLOCK_CANARY === 'off') return { canary: 'off' };
  return apiKey === undefined ? {} : { canary: { url, apiKey, everyMs } };
}
