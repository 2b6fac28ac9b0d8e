/** One storm from its first payment to its last row: a merchant at work, a nemesis, quiet, and the evidence. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readFinally, readJournal, readTables, replayWorkflows } from './evidence.ts';
import type { FaultKind, ForgedWebhook, StormEvidence } from './evidence-types.ts';
import { MerchantClient } from './merchant/client.ts';
import { MerchantJournal } from './merchant/journal.ts';
import { Payer } from './merchant/payer.ts';
import { type Drawn, drawScenario, plainSale } from './merchant/scenarios.ts';
import { FaultLog, type Nemesis } from './nemesis/context.ts';
import { troubleEndpoints } from './nemesis/endpoints.ts';
import { heal, rage } from './nemesis/nemesis.ts';
import { planStorm } from './nemesis/schedule.ts';
import { randomFor } from './random.ts';
import { flushJournals, type Rest, untilQuiet } from './rig/quiet.ts';
import type { Rig } from './rig/rig.ts';
import { type Pace, stormSettings } from './rig/settings.ts';

export interface Plan {
  readonly seed: number;
  readonly payments: number;
  readonly kinds: readonly FaultKind[];
  readonly sabotage?: string;
}

/** A stretch of plain sales, measured: first with both providers well, then with one dark. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly scenarios: readonly number[];
}

export interface StormResult {
  readonly evidence: StormEvidence;
  readonly rest: Rest;
  readonly prelude?: { readonly healthy: Stretch; readonly dark: Stretch };
  readonly refundsTried: boolean;
}

interface Parts {
  readonly rig: Rig;
  readonly plan: Plan;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const MAX_OPEN = 60;
const MIN_KILLS_A_PAYMENT = 1 / 30;
const MOST_KILLS_ASKED = 20;
const PRELUDE_RATE_PER_S = 4;

export async function runStorm(parts: Parts): Promise<StormResult> {
  const { rig, plan, signal, say } = parts;
  const journal = await MerchantJournal.open(join(rig.dataDir, 'merchant.jsonl'));
  const log = await FaultLog.open(join(rig.dataDir, 'nemesis.jsonl'), say);
  const forged: ForgedWebhook[] = [];
  const nemesis: Nemesis = { rig, random: randomFor(plan.seed, 'nemesis'), log, forged, busy: new Set() };
  const client = new MerchantClient({
    apiUrls: rig.apiUrls,
    apiKey: rig.apiKey,
    merchantId: rig.merchantId,
    defaultWaitMs: rig.pace.apiWaitMs,
    journal,
  });
  const startedAtMs = Date.now();
  try {
    const refundsTried = await hasRefunds(rig);
    const prelude = plan.kinds.includes('provider')
      ? await measure(parts, client, journal, nemesis)
      : undefined;
    const done = prelude === undefined ? 0 : prelude.healthy.scenarios.length * 2;
    const schedule = planStorm({ ...plan, payments: plan.payments - done });
    say(`the storm: ${schedule.durationMs / 1_000} s`);
    const scenarios = range(done + 1, plan.payments).map(
      (number) => [number, drawScenario(plan.seed, number, refundsTried)] as const,
    );
    if (plan.kinds.includes('endpoint')) await troubleEndpoints(nemesis);
    const business = trade(parts, client, journal, scenarios, schedule.durationMs);
    const minKills = plan.kinds.includes('kill')
      ? Math.min(MOST_KILLS_ASKED, Math.floor(plan.payments * MIN_KILLS_A_PAYMENT))
      : 0;
    await Promise.all([rage(nemesis, schedule, { signal, say, minKills }), business.started]);
    await heal(nemesis);
    const healedAtMs = Date.now();
    say('healed; the merchant finishes its business');
    const { underWay } = business;
    const rest = await untilQuiet(rig, { patienceMs: patienceMs(rig.pace), signal, underWay });
    say(rest.quietAtMs === undefined ? 'it did not come to rest' : 'quiet; gathering the evidence');
    const evidence = await gather(parts, { journal, log, forged, startedAtMs, healedAtMs, rest });
    return { evidence, rest, refundsTried, ...(prelude === undefined ? {} : { prelude }) };
  } finally {
    client.stop();
    await Promise.all([journal.close(), log.close()]);
  }
}

/**
 * How long healing may take: what isn't scaled (the shopper's deadline, a dead worker's activity, the longest
 * backoff of a webhook) and Stripe's visibility horizon, an hour, which is. Not the goal: the measure says
 * how long it took.
 */
export function patienceMs(pace: Pace): number {
  const unscaledMs = pace.completeByMs + 2 * (pace.providerDeadlineMs + 10_000) + 30_000;
  return unscaledMs + 2 * 3_600_000 * pace.timeScale;
}

async function hasRefunds(rig: Rig): Promise<boolean> {
  const response = await fetch(`${rig.apiUrls[0]}/v1/refunds?limit=1`, {
    headers: { authorization: `Bearer ${rig.apiKey}` },
  });
  await response.arrayBuffer();
  return response.status === 200;
}

const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_each, index) => from + index);

interface Business {
  readonly started: Promise<void>;
  readonly finished: Promise<void>;
  readonly underWay: () => number;
}

/** Starts the scenarios evenly over the time; what is slow overlaps, up to a bound. */
function trade(
  { rig, signal, say }: Parts,
  client: MerchantClient,
  journal: MerchantJournal,
  scenarios: readonly (readonly [number, Drawn])[],
  durationMs: number,
): Business {
  const open = new Set<Promise<void>>();
  const startedMs = Date.now();
  const start = async () => {
    for (const [index, [number, scenario]] of scenarios.entries()) {
      const dueMs = startedMs + (index * durationMs) / scenarios.length;
      await delay(Math.max(0, dueMs - Date.now()), undefined, { signal });
      while (open.size >= MAX_OPEN) await Promise.race(open);
      await journal.write({ kind: 'scenario', number, name: scenario.name });
      const running: Promise<void> = scenario
        .run({ client, payer: new Payer(rig, journal, number), timeScale: rig.pace.timeScale })
        .catch((error: unknown) => say(`  scenario ${number} (${scenario.name}) broke off: ${String(error)}`))
        .finally(() => open.delete(running));
      open.add(running);
    }
  };
  const started = start();
  const finished = started.then(async () => {
    while (open.size > 0) await Promise.race(open);
  });
  // Whoever waits for either hears of an interruption; nobody has to wait for both.
  finished.catch(() => undefined);
  return { started, finished, underWay: () => open.size };
}

/** Plain sales at both providers, with Stripe well and then dark; half of each go to either first. */
async function measure(
  parts: Parts,
  client: MerchantClient,
  journal: MerchantJournal,
  { rig, log }: Nemesis,
): Promise<{ readonly healthy: Stretch; readonly dark: Stretch }> {
  const { plan, say } = parts;
  const count = 2 * Math.max(10, Math.min(100, Math.floor(plan.payments / 15)));
  const durationMs = (count / PRELUDE_RATE_PER_S) * 1_000;
  const stretch = async (from: number): Promise<Stretch> => {
    const numbers = range(from, from + count - 1);
    const fromMs = Date.now();
    const scenarios = numbers.map(
      (number) => [number, plainSale(plan.seed, number, number % 2 === 0 ? 'adyen' : 'stripe')] as const,
    );
    const business = trade(parts, client, journal, scenarios, durationMs);
    await business.started;
    const toMs = Date.now();
    await business.finished;
    return { fromMs, toMs, scenarios: numbers };
  };
  await warmUp(parts, client, journal);
  say(`a fair day: ${count} sales`);
  const healthy = await stretch(1);
  say(`Stripe is dark: ${count} sales`);
  const at = Date.now();
  await rig.admin('stripe', 'POST', '/faults', { mode: 'refuse' });
  const dark = await stretch(count + 1);
  await rig.admin('stripe', 'DELETE', '/faults');
  await log.write({ kind: 'provider', target: 'sandbox-stripe', what: 'dark', detail: { sales: count }, at });
  return { healthy, dark };
}

/** Fresh processes compile as they go, and what is measured is not that. Reads cost no payment. */
async function warmUp({ rig, plan }: Parts, client: MerchantClient, journal: MerchantJournal): Promise<void> {
  await journal.write({ kind: 'scenario', number: 0, name: 'warm-up' });
  const actors = { client, payer: new Payer(rig, journal, 0), timeScale: rig.pace.timeScale };
  const sales = range(1, 6).map((number) =>
    plainSale(plan.seed + 1_000_000, -number, number % 2 === 0 ? 'adyen' : 'stripe').run(actors),
  );
  await Promise.all(sales);
}

/** What is known besides the rig when the evidence is gathered. */
export interface Gathered {
  readonly journal: MerchantJournal;
  readonly log: FaultLog;
  readonly forged: readonly ForgedWebhook[];
  readonly startedAtMs: number;
  readonly healedAtMs: number;
  readonly rest: Rest;
}

/** Everything that the checker judges by; also written to `evidence.json` in the rig's folder. */
export async function gather(
  { rig, plan }: Pick<Parts, 'rig' | 'plan'>,
  gathered: Gathered,
): Promise<StormEvidence> {
  const { journal, log, forged, startedAtMs, healedAtMs, rest } = gathered;
  const reads = await readFinally(rig, journal.lines);
  const workflows = await replayWorkflows(rig);
  const tables = await readTables(rig);
  await flushJournals(rig);
  const { seed, payments, sabotage } = plan;
  const run = { seed, payments, proxy: rig.proxyName, ...(sabotage === undefined ? {} : { sabotage }) };
  const evidence: StormEvidence = {
    settings: stormSettings(rig.pace, run),
    journals: { stripe: readJournal(rig, 'stripe'), adyen: readJournal(rig, 'adyen') },
    merchant: journal.lines,
    faults: log.faults,
    disturbances: [...rig.fleet.disturbances, ...log.disturbances].sort((a, b) => a.fromMs - b.fromMs),
    forged,
    endpoints: rig.receiver.endpoints,
    deliveries: rig.receiver.lines(),
    tables,
    reads,
    workflows,
    timeScale: rig.pace.timeScale,
    startedAtMs,
    healedAtMs,
    ...(rest.quietAtMs === undefined ? {} : { quietAtMs: rest.quietAtMs }),
    restless: rest.restless,
  };
  writeFileSync(join(rig.dataDir, 'evidence.json'), JSON.stringify(evidence));
  return evidence;
}
