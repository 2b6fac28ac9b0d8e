import { freePort } from '../../cli/stack/ports.ts';
import { readRunningStack } from '../../cli/stack/stack-file.ts';
import { bringUp } from '../../cli/stack/up.ts';
import type { SuiteContext } from '../lib/suite.ts';
import { createMerchant, type Merchant } from '../payments/merchant.ts';
import { neutralEnvironment, temporaryGroup } from '../payments/stack.ts';

/** A whole Interlock of its own for each side: what is compared differs in its environment and in nothing else. */
export interface Watched {
  readonly merchant: Merchant;
  readonly cards: readonly string[];
  /** The processes that tell of themselves. */
  readonly pids: Readonly<Record<'api' | 'worker', number>>;
  /** Where Prometheus would scrape; none where nothing is counted. */
  readonly scraped: readonly string[];
}

/** Each caller has a card of its own, as customers have. */
const CARDS = 16;

export async function startWatched(
  context: SuiteContext,
  telemetry: {
    readonly traces?: { readonly endpoint: string; readonly ratio: number };
    readonly metrics: boolean;
  },
): Promise<Watched> {
  const { dataDir, group } = await temporaryGroup(context);
  const { traces, metrics } = telemetry;
  const metricsPort = await freePort();
  const env = {
    ...neutralEnvironment(),
    INTERLOCK_DATA_DIR: dataDir,
    ...(metrics ? { API_METRICS_PORT: String(metricsPort) } : { INTERLOCK_METRICS: 'off' }),
    ...(traces === undefined
      ? {}
      : {
          OTEL_EXPORTER_OTLP_ENDPOINT: traces.endpoint,
          OTEL_TRACES_SAMPLER_ARG: String(traces.ratio),
        }),
  };
  await bringUp({ group, dataDir, env, progress: context.progress, apiPort: await freePort() });
  const stack = readRunningStack(env);
  if (stack === undefined) throw new Error('the stack that was just started left no stack.json');
  const pidOf = (name: string): number => {
    const pid = group.pidOf(name);
    if (pid === undefined) throw new Error(`${name} doesn't run`);
    return pid;
  };
  const merchant = createMerchant(stack.apiUrl, stack.apiKey);
  context.defer(async () => merchant.close());
  const cards: string[] = [];
  for (let each = 0; each < CARDS; each += 1) cards.push(await merchant.card());
  return {
    merchant,
    cards,
    pids: { api: pidOf('api'), worker: pidOf('worker') },
    scraped: metrics
      ? [metricsPort, Number(stack.env.WORKER_HEALTH_PORT)].map((port) => `http://127.0.0.1:${port}/metrics`)
      : [],
  };
}
