/**
 * Where a process can be made to die or stop: the patches that put a seam there, and the arming of one.
 * An armed point is a file; the process that comes by first and matches takes it by renaming.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Patch } from './tree.ts';

export const WORKER_POINTS = [
  /** The permit is not claimed yet. */
  'before_send',
  /** Claimed; no byte is written. */
  'claimed',
  /** The request's bytes are the kernel's. */
  'bytes_sent',
  /** The answer is read; nobody has been told. */
  'response_read',
  /** A step of a payment is committed; the workflow doesn't know. */
  'postgres_committed',
] as const;
/** A simulator's effect is on disk; nobody is answered. */
export const SIMULATOR_POINT = 'simulator_committed';
export type CrashPoint = (typeof WORKER_POINTS)[number] | typeof SIMULATOR_POINT;

/** As an expression: the tree's files are checked by no compiler, and the seam may be absent. */
const seam = (point: CrashPoint, detail = "''") =>
  `(globalThis as any).stormSeam?.('${point}', String(${detail}));`;

const SEND = 'activities/send.ts';
/** What happens to the operation is in its id: op_<payment>_<attempt>_<kind>_<number>, or a refund's. */
const OPERATION = 'facts.kind + " " + facts.operationId';

export const SEAM_PATCHES: readonly Patch[] = [
  {
    file: SEND,
    find: 'const claim = await claimFirstSend(',
    replace: `${seam('before_send', OPERATION)}\n    const claim = await claimFirstSend(`,
  },
  {
    file: SEND,
    find: "case 'claimed':",
    replace: `case 'claimed':\n        ${seam('claimed', OPERATION)}`,
  },
  {
    file: SEND,
    find: 'outcome = await effect();',
    replace: `outcome = await effect();\n    ${seam('response_read', OPERATION)}`,
  },
  {
    file: 'providers/transport/connections.ts',
    find: 'if (refused === undefined) return write(...args);',
    replace: `if (refused === undefined) {
        const written = write(...args);
        if (lease?.request.method === 'POST') ${seam('bytes_sent', 'lease.request.path')}
        return written;
      }`,
  },
  {
    file: 'sandbox/pipeline.ts',
    find: 'await this.#finish(exchange, answer, fault);',
    replace: `if (exchange.call.money !== undefined) ${seam(SIMULATOR_POINT, 'exchange.call.operation')}
      await this.#finish(exchange, answer, fault);`,
  },
  {
    file: 'db/record.ts',
    find: 'if (row?.recorded === true) {',
    replace: `${seam('postgres_committed', 'payment.status + " " + payment.id')}\n  if (row?.recorded === true) {`,
  },
  {
    file: 'db/refunds/record.ts',
    find: 'return rows[0]?.recorded === true',
    replace: `${seam('postgres_committed', 'refund.status + " " + refund.id')}\n  return rows[0]?.recorded === true`,
  },
];

/** A simulator's wrong clock shows in what it writes on the wire, see preload.mjs. */
export const WIRE_CLOCK_PATCHES: readonly Patch[] = [
  {
    file: 'sandbox/stripe/objects.ts',
    find: 'export function seconds(epochMs = Date.now())',
    replace: 'export function seconds(epochMs: number = (globalThis as any).stormWireNow?.() ?? Date.now())',
  },
  {
    file: 'sandbox/adyen/notifications.ts',
    find: 'eventDate: new Date().toISOString()',
    replace: 'eventDate: new Date((globalThis as any).stormWireNow?.() ?? Date.now()).toISOString()',
  },
];

export interface Order {
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  /** Only this process; absent: whichever comes by first. */
  readonly process?: string;
  /** A regular expression over the point's details, e.g. `^capture `. */
  readonly match?: string;
}

export interface Taken {
  readonly process: string;
  readonly pid: number;
  readonly detail: string;
  readonly atMs: number;
}

export interface Armed {
  /** Resolves once a process has taken it, or to undefined when the time is up and it is disarmed. */
  taken(timeoutMs: number): Promise<Taken | undefined>;
}

const LOOK_EVERY_MS = 15;

/** The seams of one storm: a folder that its processes look into. */
export class Seams {
  readonly dir: string;
  #serial = 0;

  constructor(dir: string) {
    mkdirSync(dir, { recursive: true });
    this.dir = dir;
  }

  arm(point: CrashPoint, order: Order): Armed {
    this.#serial += 1;
    const id = this.#serial;
    const armed = join(this.dir, `armed-${point}`);
    writeFileSync(`${armed}.new`, JSON.stringify({ ...order, id }));
    renameSync(`${armed}.new`, armed);
    return { taken: (timeoutMs) => this.#taken(point, id, timeoutMs) };
  }

  async #taken(point: CrashPoint, id: number, timeoutMs: number): Promise<Taken | undefined> {
    const path = join(this.dir, `taken-${point}-${id}`);
    const deadline = Date.now() + timeoutMs;
    while (!existsSync(path)) {
      if (Date.now() > deadline) {
        rmSync(join(this.dir, `armed-${point}`), { force: true });
        // Somebody may have taken it in this very moment.
        await delay(4 * LOOK_EVERY_MS);
        if (!existsSync(path)) return undefined;
        break;
      }
      await delay(LOOK_EVERY_MS);
    }
    const line = readFileSync(path, 'utf8').trim().split('\n').at(-1) ?? '{}';
    return JSON.parse(line) as Taken;
  }

  /** The clock of one process, from its next look on; 0 is right. */
  setClock(process: string, offsetMs: number): void {
    const path = join(this.dir, `clock-${process}`);
    writeFileSync(`${path}.new`, String(offsetMs));
    renameSync(`${path}.new`, path);
  }

  healAll(processes: readonly string[]): void {
    for (const name of processes) this.setClock(name, 0);
    for (const point of [...WORKER_POINTS, SIMULATOR_POINT]) {
      rmSync(join(this.dir, `armed-${point}`), { force: true });
    }
  }
}
