import { setTimeout as delay } from 'node:timers/promises';
import type { ProviderName } from '../evidence-types.ts';
import { type CrashPoint, SIMULATOR_POINT, type Taken } from '../rig/crash-points.ts';
import { APIS, WORKERS } from '../rig/rig.ts';
import { PROVIDERS } from '../rig/settings.ts';
import { claiming, type Nemesis, waitForFree, withProvider } from './context.ts';

/** kill -9, at random and at points chosen to hurt. What dies comes back by itself. */
const POINT_WITHIN_MS = 5_000;
const OUTAGE_MS: readonly [number, number] = [9_000, 13_000];
const SANDBOXES = PROVIDERS.map((provider) => `sandbox-${provider}`);

const VICTIMS: Readonly<Record<string, readonly string[]>> = {
  worker: WORKERS,
  api: APIS,
  temporal: ['temporal'],
  postgres: ['postgres'],
  sandbox: SANDBOXES,
};

export async function kill(nemesis: Nemesis, what: string): Promise<void> {
  const point = /^crash_point:(.+)$/.exec(what)?.[1];
  if (what === 'postgres_outage') return outage(nemesis, 'postgres');
  if (point === undefined) return killOne(nemesis, VICTIMS[what] ?? [], 'random');
  if (point === 'provider_committed') return killAfterProviderCommitted(nemesis);
  // One victim, so that another fault may concern the other meanwhile.
  const victim = await waitForFree(nemesis, point === SIMULATOR_POINT ? SANDBOXES : WORKERS);
  const happened = await killAtPoint(nemesis, point as CrashPoint, [victim]);
  // It didn't come by in time: it is killed where it stands.
  if (!happened) await killOne(nemesis, [victim], 'random');
}

export async function killOne(
  nemesis: Nemesis,
  names: readonly string[],
  what: string,
  detail: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const name = await waitForFree(nemesis, names);
  const victim = nemesis.rig.fleet.get(name);
  await claiming(nemesis, [name], async () => {
    const at = Date.now();
    await victim.kill();
    await victim.back();
    await nemesis.log.write({ kind: 'kill', target: name, what, detail, at });
  });
}

/** Killed, and away for as long as a failover takes: longer than a workflow task may. */
async function outage(nemesis: Nemesis, name: string): Promise<void> {
  const victim = nemesis.rig.fleet.get(name);
  const forMs = nemesis.random.int(...OUTAGE_MS);
  // The workers are left to live with it: one that is killed could not come back before it is over.
  await claiming(nemesis, [name, ...WORKERS], async () => {
    const at = Date.now();
    victim.hold();
    await victim.kill();
    await delay(forMs);
    victim.release();
    await victim.back();
    await nemesis.log.write({ kind: 'kill', target: name, what: 'outage', detail: { forMs }, at });
  });
}

/** At a directed point the details may be chosen too: the seam says `<kind> <operation id>`. */
export async function killAtPoint(
  nemesis: Nemesis,
  point: CrashPoint,
  victims: readonly string[],
  match?: string,
): Promise<boolean> {
  const { rig, log } = nemesis;
  const wanted = match ?? matchFor(nemesis, point);
  return claiming(nemesis, victims, async () => {
    for (const name of victims) rig.fleet.get(name).expectEnd();
    const armed = rig.seams.arm(point, {
      signal: 'SIGKILL',
      ...(victims.length === 1 ? { process: victims[0] } : {}),
      ...(wanted === undefined ? {} : { match: wanted }),
    });
    const taken = await armed.taken(POINT_WITHIN_MS);
    for (const name of victims) if (name !== taken?.process) rig.fleet.get(name).forgetExpectation();
    if (taken === undefined) return false;
    await outlive(nemesis, taken);
    const what = `crash_point:${point}`;
    await log.write({ kind: 'kill', target: taken.process, what, detail: { ...taken }, at: taken.atMs });
    return true;
  });
}

async function outlive({ rig }: Nemesis, taken: Taken): Promise<void> {
  const victim = rig.fleet.get(taken.process);
  if (victim.pid === taken.pid) await victim.gone();
  await victim.back();
}

/** Captures, voids and refunds are rarer than authorizations, and would hardly ever be hit by chance. */
function matchFor({ random }: Nemesis, point: CrashPoint): string | undefined {
  if (point === 'bytes_sent' || point === 'postgres_committed') return undefined;
  if (point === SIMULATOR_POINT) return random.pick([undefined, '^capture', '^refund|^void']);
  return random.pick([undefined, undefined, '^(capture|refund|void) ']);
}

/**
 * The provider has executed and keeps the answer to itself; then every worker dies, since any of them may
 * be the one that waits.
 */
function killAfterProviderCommitted(nemesis: Nemesis): Promise<void> {
  const { rig, random, log } = nemesis;
  return withProvider(nemesis, PROVIDERS, async (provider) => {
    const operation = random.pick(['authorize', 'any', 'capture']);
    const before = await lastSeq(nemesis, provider);
    await rig.admin(provider, 'POST', '/faults', { operation, mode: 'hang_after_commit', times: 1 });
    const seq = await executed(nemesis, provider, before);
    const free = WORKERS.filter((name) => !nemesis.busy.has(name) && rig.fleet.get(name).isUp);
    const what = seq === undefined ? 'random' : 'crash_point:provider_committed';
    await claiming(nemesis, free, async () => {
      const at = Date.now();
      await Promise.all(free.map((name) => rig.fleet.get(name).kill()));
      await Promise.all(free.map((name) => rig.fleet.get(name).back()));
      const detail = { provider, operation, journalSeq: seq ?? null };
      for (const target of free) await log.write({ kind: 'kill', target, what, detail, at });
    });
    await rig.admin(provider, 'DELETE', '/faults');
  });
}

interface Line {
  readonly seq: number;
  readonly kind: string;
}

async function lastSeq({ rig }: Nemesis, provider: ProviderName): Promise<number> {
  const lines = (await rig.admin(provider, 'GET', '/journal')) as readonly Line[];
  return lines.at(-1)?.seq ?? 0;
}

/** Waits until the fault is used up and an effect is on disk; undefined if nothing came by. */
async function executed(
  { rig }: Nemesis,
  provider: ProviderName,
  since: number,
): Promise<number | undefined> {
  const deadline = Date.now() + POINT_WITHIN_MS;
  while (Date.now() < deadline) {
    const left = (await rig.admin(provider, 'GET', '/faults')) as readonly unknown[];
    if (left.length === 0) {
      const lines = (await rig.admin(provider, 'GET', `/journal?since=${since}`)) as readonly Line[];
      const effect = lines.findLast((line) => line.kind === 'effect');
      if (effect !== undefined) return effect.seq;
    }
    await delay(30);
  }
  return undefined;
}
