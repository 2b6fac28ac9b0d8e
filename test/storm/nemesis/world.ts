import { setTimeout as delay } from 'node:timers/promises';
import type { Stream, Toxic } from '../rig/proxy/toxics.ts';
import { APIS, WORKERS } from '../rig/rig.ts';
import { LINKS, type LinkName, PROVIDERS } from '../rig/settings.ts';
import { type Nemesis, withProvider } from './context.ts';

/** What the world outside of the processes does: networks, providers, clocks. */
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const FAULT_MS: readonly [number, number] = [1_500, 3_500];

export async function disturbNetwork(nemesis: Nemesis, what: string): Promise<void> {
  const { rig, random, log } = nemesis;
  // An answer cut in two makes sense where there are answers of HTTP.
  const cuttable: readonly LinkName[] = ['worker-stripe', 'worker-adyen'];
  const link: LinkName = random.pick(what === 'limit_data' ? cuttable : LINKS);
  const stream: Stream = what === 'limit_data' ? 'downstream' : random.pick(['upstream', 'downstream']);
  const toxic = toxicOf(nemesis, what);
  const forMs = random.int(...FAULT_MS);
  const at = Date.now();
  await rig.proxy.addToxic(link, stream, toxic);
  await delay(forMs);
  await rig.proxy.removeToxic(link, stream, toxic.type);
  log.disturbed({ fromMs: at, toMs: Date.now(), target: link, kind: 'net' });
  await log.write({ kind: 'net', target: link, what, detail: { stream, ...toxic.attributes, forMs }, at });
}

function toxicOf({ random }: Nemesis, what: string): Toxic {
  switch (what) {
    case 'latency':
      return { type: 'latency', attributes: { latency: random.pick([50, 300, 1_000, 2_500]), jitter: 50 } };
    case 'reset_peer':
      return { type: 'reset_peer', attributes: { timeout: random.pick([0, 30, 200]) } };
    case 'limit_data':
      return { type: 'limit_data', attributes: { bytes: random.int(40, 500) } };
    case 'timeout':
      return { type: 'timeout', attributes: { timeout: random.int(200, 1_500) } };
    default:
      throw new Error(`no such toxic: ${what}`);
  }
}

const MODES: Readonly<Record<string, readonly string[]>> = {
  lost_answer: ['reset_after_commit', 'status_after_commit'],
  error: ['status'],
  hang: ['hang', 'hang_after_commit'],
  truncate: ['truncate'],
  latency: ['latency'],
  reset: ['reset_before_commit'],
};

interface Fault {
  readonly id: string;
  readonly timesLeft: number | null;
}

/** A provider's own faults; counted only if a request really was broken. */
export function breakProvider(nemesis: Nemesis, what: string): Promise<void> {
  const { rig, random, log } = nemesis;
  return withProvider(nemesis, PROVIDERS, async (provider) => {
    const simulator = rig.fleet.get(`sandbox-${provider}`);
    const mode = random.pick(MODES[what] ?? []);
    const operation = random.pick(['any', 'any', 'authorize', 'capture', 'void', 'refund', 'lookup']);
    const times = random.int(2, 8);
    const forMs = random.int(2_000, 4_000);
    const [at, pid] = [Date.now(), simulator.pid];
    const fault = (await rig.admin(provider, 'POST', '/faults', {
      operation,
      mode,
      times,
      ...(mode === 'latency' ? { latencyMs: random.pick([400, 1_500, 3_000]) } : {}),
    })) as Fault;
    await delay(forMs);
    const faults = (await rig.admin(provider, 'GET', '/faults')) as readonly Fault[];
    await rig.admin(provider, 'DELETE', '/faults');
    const broken = times - (faults.find(({ id }) => id === fault.id)?.timesLeft ?? 0);
    // A simulator that was killed meanwhile has forgotten its faults, and how many it had carried out.
    if (broken === 0 || simulator.pid !== pid) return;
    const detail = { operation, broken, forMs };
    await log.write({ kind: 'provider', target: simulator.name, what: mode, detail, at });
  });
}

const JUMPS_MS = [5 * MINUTE_MS, -5 * MINUTE_MS, 25 * HOUR_MS, -25 * HOUR_MS];
const CLOCKS: Readonly<Record<string, readonly string[]>> = {
  api: APIS,
  worker: WORKERS,
  sandbox: PROVIDERS.map((provider) => `sandbox-${provider}`),
};

/**
 * One process's clock jumps, in mid-run, and back. A simulator's wrong clock shows on the wire only: how
 * long it keeps keys and what it promises to find stay by the true clock, because a provider that breaks
 * those promises can be charged twice by anyone.
 */
export async function jumpClock(nemesis: Nemesis, what: string): Promise<void> {
  const { rig, random, log } = nemesis;
  const target = random.pick(CLOCKS[what] ?? []);
  const offsetMs = random.pick(JUMPS_MS);
  const forMs = random.int(2_000, 4_000);
  const at = Date.now();
  rig.seams.setClock(target, offsetMs);
  await delay(forMs);
  rig.seams.setClock(target, 0);
  log.disturbed({ fromMs: at, toMs: Date.now(), target, kind: 'clock' });
  await log.write({ kind: 'clock', target, what: 'jump', detail: { offsetMs, forMs }, at });
}
