/**
 * The storm's processes: each can be killed with -9 and frozen, and comes back on the same ports and data as
 * a supervisor would bring it. When each was away is kept: what a merchant may expect depends on it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ChildSpec, ProcessGroup } from '../../../cli/stack/processes.ts';
import type { Disturbance } from '../evidence-types.ts';

const LOOK_EVERY_MS = 20;
const RESTART_DELAY_MS = 300;
const RETRY_MS = 400;
const GONE_WITHIN_MS = 15_000;

export interface UnexpectedEnd {
  readonly at: number;
  readonly name: string;
}

export class StormProcess {
  readonly name: string;
  readonly #group: ProcessGroup;
  readonly #spec: ChildSpec;
  readonly #fleet: Fleet;
  #pid = 0;
  #expected = false;
  #held = false;
  #frozenAtMs: number | undefined;

  constructor(fleet: Fleet, group: ProcessGroup, spec: ChildSpec) {
    this.name = spec.name;
    this.#fleet = fleet;
    this.#group = group;
    // The rig supervises, because it must know when what was away.
    this.#spec = { ...spec, restart: false };
  }

  get pid(): number {
    return this.#pid;
  }

  get isUp(): boolean {
    return this.#group.pidOf(this.name) !== undefined && this.#frozenAtMs === undefined;
  }

  async start(): Promise<Record<string, unknown>> {
    const ready = await this.#group.start(this.#spec);
    this.#pid = this.#group.pidOf(this.name) ?? 0;
    void this.#watch(this.#pid);
    return ready;
  }

  /** kill -9, and gone when this resolves. It comes back by itself. */
  async kill(): Promise<void> {
    this.expectEnd();
    this.#signal('SIGKILL');
    await this.gone();
  }

  /** The next end of this process is somebody's doing. */
  expectEnd(): void {
    this.#expected = true;
  }

  forgetExpectation(): void {
    this.#expected = false;
  }

  /** While held, it stays away when it ends. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
  }

  freeze(): void {
    this.#frozenAtMs = Date.now();
    this.#signal('SIGSTOP');
  }

  /** For a process that stopped itself at a seam. */
  frozenSince(atMs: number): void {
    this.#frozenAtMs = atMs;
  }

  thaw(): void {
    if (this.#frozenAtMs === undefined) return;
    this.#signal('SIGCONT');
    this.#fleet.disturbed({
      fromMs: this.#frozenAtMs,
      toMs: Date.now(),
      target: this.name,
      kind: 'freeze',
    });
    this.#frozenAtMs = undefined;
  }

  async gone(): Promise<void> {
    const pid = this.#pid;
    const deadline = Date.now() + GONE_WITHIN_MS;
    while (this.#group.pidOf(this.name) === pid) {
      if (Date.now() > deadline) throw new Error(`${this.name} (pid ${pid}) survived kill -9`);
      await delay(LOOK_EVERY_MS);
    }
  }

  /** Resolves when it runs again after its last end. */
  async back(timeoutMs = 90_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!this.isUp || this.#fleet.isReviving(this.name)) {
      if (Date.now() > deadline) throw new Error(`${this.name} did not come back in ${timeoutMs} ms`);
      await delay(LOOK_EVERY_MS);
    }
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(this.#pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  async #watch(pid: number): Promise<void> {
    while (this.#group.pidOf(this.name) === pid) await delay(LOOK_EVERY_MS);
    if (this.#fleet.closing) return;
    const fromMs = Date.now();
    if (!this.#expected) this.#fleet.endedByItself({ at: fromMs, name: this.name });
    this.#expected = false;
    this.#frozenAtMs = undefined;
    this.#fleet.reviving(this.name, true);
    await delay(RESTART_DELAY_MS);
    await this.#revive(fromMs);
    this.#fleet.reviving(this.name, false);
  }

  /** As often as it takes: what it needs may be away as well. */
  async #revive(fromMs: number): Promise<void> {
    while (!this.#fleet.closing) {
      if (!this.#held) {
        try {
          await this.start();
          this.#fleet.disturbed({ fromMs, toMs: Date.now(), target: this.name, kind: 'kill' });
          return;
        } catch (error) {
          if (!this.#fleet.closing) this.#fleet.failedStart(this.name, error);
        }
      }
      await delay(RETRY_MS);
    }
  }
}

/** All of them together. */
export class Fleet {
  readonly disturbances: Disturbance[] = [];
  readonly unexpected: UnexpectedEnd[] = [];
  readonly failedStarts: { at: number; name: string; error: string }[] = [];
  readonly #members = new Map<string, StormProcess>();
  readonly #reviving = new Set<string>();
  closing = false;

  add(group: ProcessGroup, spec: ChildSpec): StormProcess {
    const member = new StormProcess(this, group, spec);
    this.#members.set(spec.name, member);
    return member;
  }

  /**
   * Stands in for a ProcessGroup where the embedded stack's own code starts a server: what it starts, and
   * how, is taken over unchanged.
   */
  adopting(group: ProcessGroup): ProcessGroup {
    const start = (spec: ChildSpec) => this.add(group, spec).start();
    return Object.assign(Object.create(Object.getPrototypeOf(group)), { start }) as ProcessGroup;
  }

  get(name: string): StormProcess {
    const member = this.#members.get(name);
    if (member === undefined) throw new Error(`the storm has no process ${name}`);
    return member;
  }

  get names(): readonly string[] {
    return [...this.#members.keys()];
  }

  disturbed(disturbance: Disturbance): void {
    this.disturbances.push(disturbance);
  }

  endedByItself(end: UnexpectedEnd): void {
    this.unexpected.push(end);
  }

  failedStart(name: string, error: unknown): void {
    this.failedStarts.push({
      at: Date.now(),
      name,
      error: error instanceof Error ? error.message : String(error),
    });
  }

  reviving(name: string, is: boolean): void {
    if (is) this.#reviving.add(name);
    else this.#reviving.delete(name);
  }

  isReviving(name: string): boolean {
    return this.#reviving.has(name);
  }

  /** Everything runs and nothing is frozen. */
  async allBack(): Promise<void> {
    for (const member of this.#members.values()) {
      member.release();
      member.thaw();
    }
    await Promise.all([...this.#members.values()].map((member) => member.back()));
  }
}
