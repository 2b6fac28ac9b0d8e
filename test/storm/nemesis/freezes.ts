import { setTimeout as delay } from 'node:timers/promises';
import { APIS, WORKERS } from '../rig/rig.ts';
import { claiming, type Nemesis, waitForFree } from './context.ts';

/**
 * SIGSTOP and back. A worker stays stopped past its activities' time (the provider's deadline and ten
 * seconds), so that it comes back as a zombie beside those who took over; the others for some seconds.
 */
const AROUND_A_CALL_MS = 10_000;
const CLAIM_WITHIN_MS = 5_000;
const SHORT_MS: readonly [number, number] = [1_500, 4_000];

const VICTIMS: Readonly<Record<string, readonly string[]>> = {
  worker: WORKERS,
  api: APIS,
  temporal: ['temporal'],
  sandbox: ['sandbox-stripe', 'sandbox-adyen'],
};

export async function freeze(nemesis: Nemesis, what: string): Promise<void> {
  if (what === 'claimed') {
    // One of them, so that other faults may concern the other meanwhile.
    const worker = await waitForFree(nemesis, WORKERS);
    return freezeAfterClaim(nemesis, zombieMs(nemesis), undefined, [worker]);
  }
  const name = await waitForFree(nemesis, VICTIMS[what] ?? []);
  const forMs = what === 'worker' ? zombieMs(nemesis) : nemesis.random.int(...SHORT_MS);
  const victim = nemesis.rig.fleet.get(name);
  await claiming(nemesis, [name], async () => {
    const at = Date.now();
    victim.freeze();
    await delay(forMs);
    victim.thaw();
    await nemesis.log.write({ kind: 'freeze', target: name, what: 'stop', detail: { forMs }, at });
  });
}

function zombieMs({ rig, random }: Nemesis): number {
  return rig.pace.providerDeadlineMs + AROUND_A_CALL_MS + random.int(500, 2_500);
}

/** The permit is claimed, the process stops, and thaws long after the permit's two seconds. */
export async function freezeAfterClaim(
  nemesis: Nemesis,
  forMs: number,
  match?: string,
  victims: readonly string[] = WORKERS,
): Promise<void> {
  const { rig, log } = nemesis;
  await claiming(nemesis, victims, async () => {
    const armed = rig.seams.arm('claimed', {
      signal: 'SIGSTOP',
      ...(victims.length === 1 ? { process: victims[0] } : {}),
      ...(match === undefined ? {} : { match }),
    });
    const taken = await armed.taken(CLAIM_WITHIN_MS);
    if (taken === undefined) return;
    const victim = rig.fleet.get(taken.process);
    victim.frozenSince(taken.atMs);
    await delay(forMs);
    victim.thaw();
    const detail = { ...taken, forMs };
    await log.write({
      kind: 'freeze',
      target: taken.process,
      what: 'crash_point:claimed',
      detail,
      at: taken.atMs,
    });
  });
}
