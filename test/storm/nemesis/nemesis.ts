/** Carries the schedule out: two lanes, each fault at its time, and everything healed at the end. */
import { setTimeout as delay } from 'node:timers/promises';
import { PROVIDERS } from '../rig/settings.ts';
import type { Nemesis } from './context.ts';
import { breakEndpoints } from './endpoints.ts';
import { freeze } from './freezes.ts';
import { kill, killOne } from './kills.ts';
import { meddle } from './resets.ts';
import type { Planned, Schedule } from './schedule.ts';
import { troubleWebhooks } from './webhooks.ts';
import { breakProvider, disturbNetwork, jumpClock } from './world.ts';

const PERFORM: Readonly<Record<Planned['kind'], (nemesis: Nemesis, what: string) => Promise<void>>> = {
  kill,
  freeze,
  net: disturbNetwork,
  provider: breakProvider,
  webhook: troubleWebhooks,
  clock: jumpClock,
  reset: meddle,
  endpoint: breakEndpoints,
};

export interface StormRun {
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** So many kills must have happened before the storm may end. */
  readonly minKills: number;
}

export async function rage(nemesis: Nemesis, schedule: Schedule, run: StormRun): Promise<void> {
  const startedMs = Date.now();
  const lane = async (planned: readonly Planned[]) => {
    const under: Promise<void>[] = [];
    for (const fault of planned) {
      // On a slow machine faults take longer than their turns; without business they would hit nothing.
      if (Date.now() > startedMs + schedule.durationMs) break;
      await delay(Math.max(0, startedMs + fault.atMs - Date.now()), undefined, { signal: run.signal });
      under.push(perform(nemesis, fault, run));
    }
    await Promise.all(under);
  };
  await Promise.all([lane(schedule.processLane), lane(schedule.worldLane)]);
  while (schedule.processLane.length > 0 && nemesis.log.count('kill') < run.minKills) {
    run.signal.throwIfAborted();
    await killOne(nemesis, nemesis.rig.fleet.names, 'random');
  }
}

/** A fault may hit a rig that another fault has just hit: then it did not happen, and that is no error. */
async function perform(nemesis: Nemesis, fault: Planned, run: StormRun): Promise<void> {
  try {
    await PERFORM[fault.kind](nemesis, fault.what);
  } catch (error) {
    run.say(
      `  ${fault.kind} ${fault.what} did not happen: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** No fault, no wrong clock, no toxic, nothing frozen or away; as often as it takes. */
export async function heal({ rig }: Nemesis): Promise<void> {
  rig.seams.healAll(rig.fleet.names);
  rig.receiver.healAll();
  await rig.fleet.allBack();
  await rig.proxy.reset();
  for (const provider of PROVIDERS) {
    await rig.admin(provider, 'DELETE', '/faults');
    await rig.admin(provider, 'POST', '/webhooks', { mode: 'normal' });
    await rig.admin(provider, 'POST', '/webhooks/release', { order: 'fifo' });
  }
}
