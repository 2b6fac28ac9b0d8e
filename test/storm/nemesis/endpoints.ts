import { setTimeout as delay } from 'node:timers/promises';
import type { EndpointName } from '../evidence-types.ts';
import { claiming, type Nemesis } from './context.ts';

/** The merchant's own endpoints: two of three are troubled all the time, and worse at times. */
const TROUBLED = ['flapping', 'slow'] as const satisfies readonly EndpointName[];
const FOR_MS: readonly [number, number] = [1_500, 3_500];

/** Until everything is healed: one endpoint is down for half of the time, one is slow and hangs for half of it. */
export async function troubleEndpoints({ rig, log }: Nemesis): Promise<void> {
  const at = Date.now();
  for (const name of TROUBLED) {
    rig.receiver.behave(name, name);
    await log.write({ kind: 'endpoint', target: name, what: 'all_the_time', at });
  }
}

export async function breakEndpoints(nemesis: Nemesis, what: string): Promise<void> {
  if (what === 'away') return away(nemesis);
  if (what !== 'lost' && what !== 'hanging') throw new Error(`no such trouble: ${what}`);
  const { rig, random, log } = nemesis;
  const name = random.pick(TROUBLED);
  const forMs = random.int(...FOR_MS);
  const at = Date.now();
  rig.receiver.behave(name, what);
  await delay(forMs);
  rig.receiver.behave(name, name);
  await log.write({ kind: 'endpoint', target: name, what, detail: { forMs }, at });
}

/** The merchant's server is killed, the well endpoint with it, and nobody listens for a while. */
function away(nemesis: Nemesis): Promise<void> {
  const { rig, random, log } = nemesis;
  const receiver = rig.fleet.get('receiver');
  const forMs = random.int(...FOR_MS);
  return claiming(nemesis, ['receiver'], async () => {
    const at = Date.now();
    receiver.hold();
    await receiver.kill();
    await delay(forMs);
    receiver.release();
    await receiver.back();
    await log.write({ kind: 'endpoint', target: 'receiver', what: 'away', detail: { forMs }, at });
  });
}
