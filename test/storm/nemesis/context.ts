import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Disturbance, FaultKind, FaultLine, ForgedWebhook, ProviderName } from '../evidence-types.ts';
import type { Random } from '../random.ts';
import type { Rig } from '../rig/rig.ts';

/** What every fault needs: the rig, chances of its own, and the log of what really happened. */
export interface Nemesis {
  readonly rig: Rig;
  readonly random: Random;
  readonly log: FaultLog;
  readonly forged: ForgedWebhook[];
  /** Processes that some fault is about: another fault leaves them alone. */
  readonly busy: Set<string>;
}

export interface Happened {
  readonly kind: FaultKind;
  readonly target: string;
  readonly what: string;
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly at: number;
}

export class FaultLog {
  readonly faults: FaultLine[] = [];
  readonly disturbances: Disturbance[] = [];
  readonly #file: FileHandle;
  readonly #say: (line: string) => void;

  private constructor(file: FileHandle, say: (line: string) => void) {
    this.#file = file;
    this.#say = say;
  }

  static async open(path: string, say: (line: string) => void = () => undefined): Promise<FaultLog> {
    return new FaultLog(await open(path, 'a'), say);
  }

  /** To be called when the fault is over, and only if it happened. */
  async write({ detail = {}, ...happened }: Happened): Promise<void> {
    const line: FaultLine = { ...happened, detail, endedAt: Date.now() };
    this.faults.push(line);
    this.#say(`  ${line.kind} ${line.what}: ${line.target}`);
    await this.#file.appendFile(`${JSON.stringify(line)}\n`);
  }

  disturbed(disturbance: Disturbance): void {
    this.disturbances.push(disturbance);
  }

  count(kind: FaultKind): number {
    return this.faults.filter((fault) => fault.kind === kind).length;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

const LOOK_EVERY_MS = 50;
/** A fault whose victims stay taken so long is not to be. */
const PATIENCE_MS = 15_000;

/** Runs a fault with its processes to itself, once whatever else concerns them is over. */
export async function claiming<T>(
  { busy }: Nemesis,
  names: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  const mine: string[] = [];
  try {
    // One after another, each kept once it is free, and in one order, so that no two wait for each other.
    for (const name of [...names].sort()) {
      while (busy.has(name)) {
        if (Date.now() > deadline) throw new Error(`${name} had other troubles`);
        await delay(LOOK_EVERY_MS);
      }
      busy.add(name);
      mine.push(name);
    }
    return await work();
  } finally {
    for (const name of mine) busy.delete(name);
  }
}

/** One of the processes that nothing else is being done to, if there is one. */
export function pickFree(nemesis: Nemesis, names: readonly string[]): string | undefined {
  const free = names.filter((name) => !nemesis.busy.has(name) && nemesis.rig.fleet.get(name).isUp);
  return free.length === 0 ? undefined : nemesis.random.pick(free);
}

/** As soon as there is one. */
export async function waitForFree(nemesis: Nemesis, names: readonly string[]): Promise<string> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const free = pickFree(nemesis, names);
    if (free !== undefined) return free;
    if (Date.now() > deadline) throw new Error(`${names.join(', ')} had other troubles`);
    await delay(LOOK_EVERY_MS);
  }
}

/** Runs with a provider's fault board to itself: clearing it would take another fault's away. */
export async function withProvider(
  nemesis: Nemesis,
  choices: readonly ProviderName[],
  work: (provider: ProviderName) => Promise<void>,
): Promise<void> {
  const board = (provider: ProviderName) => `faults-${provider}`;
  const free = choices.filter((provider) => !nemesis.busy.has(board(provider)));
  if (free.length === 0) return;
  const provider = nemesis.random.pick(free);
  await claiming(nemesis, [board(provider)], () => work(provider));
}
