/**
 * The child processes of the embedded stack: started in groups of their own with their output in log files,
 * watched until ready, restarted when they die, and ended in reverse order. Three nets catch orphans: the
 * ordinary stop, a watchdog for the case that this process is killed, and the records that the next start reads.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endAll, isAlive, type ProcessRecord, startMark } from './identity.mjs';
import { readyLine, rotate, tail } from './logs.ts';

/** How a child says that it can be used: a JSON line `{"ready":true,…}` in its output, or a probe that succeeds. */
export type Readiness = { probe?: () => Promise<boolean>; timeoutMs: number };

export type ChildSpec = {
  name: string;
  command: string;
  args: readonly string[];
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** Another user to run as; only root can. */
  owner?: { uid: number; gid: number };
  readiness: Readiness;
  /** Asks the child to stop; SIGTERM unless said otherwise. */
  stopSignal?: NodeJS.Signals;
  /** How long the child may take to stop before it is killed. */
  stopGraceMs?: number;
  restart?: boolean;
};

export type ChildEvent = { name: string; kind: 'exited' | 'restarted' | 'restart-failed'; detail: string };

type Running = {
  spec: ChildSpec;
  child: ChildProcess;
  record: ProcessRecord;
  logPath: string;
  startedAt: number;
  stopping: boolean;
};

/** Someone else's stack runs in this data directory. */
export class AlreadyRunningError extends Error {
  readonly pid: number;

  constructor(pid: number, dataDir: string) {
    super(`Another Interlock stack (pid ${pid}) runs in ${dataDir}. Stop it, or set INTERLOCK_DATA_DIR.`);
    this.name = 'AlreadyRunningError';
    this.pid = pid;
  }
}

const WATCHDOG = fileURLToPath(new URL('./watchdog.mjs', import.meta.url));
const RESTART_FIRST_MS = 500;
const RESTART_MAX_MS = 30_000;
/** A child that lived this long before it died starts again with the shortest delay. */
const HEALTHY_AFTER_MS = 60_000;
const POLL_MS = 50;

type Records = { owner: { pid: number; mark: string }; children: ProcessRecord[] };

export class ProcessGroup {
  readonly #dataDir: string;
  readonly #onEvent: (event: ChildEvent) => void;
  readonly #running = new Map<string, Running>();
  /** Deaths in a row, by name: the restart delay doubles with each. */
  readonly #deaths = new Map<string, number>();
  #watchdog: ChildProcess | undefined;
  #discard: readonly string[] = [];
  #stopping = false;

  private constructor(dataDir: string, onEvent: (event: ChildEvent) => void) {
    this.#dataDir = dataDir;
    this.#onEvent = onEvent;
  }

  /**
   * Takes possession of a data directory. Processes that an earlier, killed owner left behind are ended;
   * throws AlreadyRunningError when the earlier owner is alive.
   */
  static async open(dataDir: string, onEvent: (event: ChildEvent) => void = () => {}): Promise<ProcessGroup> {
    // Others may pass through (Postgres's user does) and see nothing; logs are ours alone.
    mkdirSync(dataDir, { recursive: true, mode: 0o711 });
    mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
    const group = new ProcessGroup(dataDir, onEvent);
    const earlier = group.#readRecords();
    if (earlier && earlier.owner.pid !== process.pid && isAlive(earlier.owner)) {
      throw new AlreadyRunningError(earlier.owner.pid, dataDir);
    }
    for (const record of [...(earlier?.children ?? [])].reverse()) await endAll([record], 10_000);
    group.#writeRecords();
    group.#startWatchdog();
    return group;
  }

  /** Names folders that go when this process ends, however it ends: those of a stack that isn't kept. */
  discardAtEnd(paths: readonly string[]): void {
    this.#discard = paths;
    this.#writeRecords();
  }

  get names(): string[] {
    return [...this.#running.keys()];
  }

  pidOf(name: string): number | undefined {
    return this.#running.get(name)?.record.pid;
  }

  logPathOf(name: string): string {
    return join(this.#dataDir, 'logs', `${name}.log`);
  }

  /**
   * Starts a child and resolves when it is ready, to the JSON of its readiness line or `{}` after a probe.
   * A child that ends or stays silent before that is stopped, and the error shows the end of its log.
   */
  async start(spec: ChildSpec): Promise<Record<string, unknown>> {
    if (this.#stopping) throw new Error(`${spec.name} is not started: the stack is stopping.`);
    const { running, logStart } = await this.#spawn(spec);
    try {
      const ready = await this.#whenReady(running, logStart);
      if (spec.restart) this.#supervise(running);
      return ready;
    } catch (error) {
      await this.stop(spec.name);
      throw error;
    }
  }

  /** Ends one child, its whole group, and waits for it. */
  async stop(name: string): Promise<void> {
    const running = this.#running.get(name);
    if (!running) return;
    running.stopping = true;
    await endAll([running.record], running.spec.stopGraceMs ?? 10_000);
    this.#running.delete(name);
    this.#writeRecords();
  }

  /** Ends all children, last started first; `hurry` skips the grace. */
  async stopAll(hurry = false): Promise<void> {
    this.#stopping = true;
    if (hurry) {
      await endAll(
        [...this.#running.values()].map((one) => one.record),
        0,
      );
      this.#running.clear();
    }
    for (const name of [...this.#running.keys()].reverse()) await this.stop(name);
    rmSync(this.#recordsPath, { force: true });
    this.#watchdog?.stdin?.end();
    this.#watchdog = undefined;
  }

  async #spawn(spec: ChildSpec): Promise<{ running: Running; logStart: number }> {
    const logPath = this.logPathOf(spec.name);
    rotate(logPath);
    const log = openSync(logPath, 'a');
    const logStart = fstatSync(log).size;
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: spec.env ?? process.env,
      detached: true,
      stdio: ['ignore', log, log],
      ...(spec.owner ?? {}),
    });
    closeSync(log);
    await once(child, 'spawn').catch((error: Error) => {
      throw new Error(`${spec.name} cannot be started: ${error.message}`);
    });
    const pid = child.pid ?? 0;
    const record = {
      name: spec.name,
      pid,
      mark: startMark(pid) ?? 'ended',
      signal: spec.stopSignal ?? 'SIGTERM',
    };
    const running = { spec, child, record, logPath, startedAt: Date.now(), stopping: false };
    this.#running.set(spec.name, running);
    this.#writeRecords();
    child.once('exit', () => {
      if (this.#running.get(spec.name) !== running) return;
      this.#running.delete(spec.name);
      this.#writeRecords();
    });
    return { running, logStart };
  }

  async #whenReady(running: Running, logStart: number): Promise<Record<string, unknown>> {
    const { spec, child, logPath } = running;
    const deadline = Date.now() + spec.readiness.timeoutMs;
    for (;;) {
      const line = readyLine(logPath, logStart);
      if (line) return line;
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`${spec.name} ended before it was ready:\n${tail(logPath, logStart)}`);
      }
      if (await spec.readiness.probe?.().catch(() => false)) return {};
      if (Date.now() > deadline) {
        const waited = Math.round(spec.readiness.timeoutMs / 1000);
        throw new Error(`${spec.name} was not ready after ${waited} s:\n${tail(logPath, logStart)}`);
      }
      await delay(POLL_MS);
    }
  }

  /** From the first readiness on: a death that nobody asked for is reported, and the child comes back. */
  #supervise(running: Running): void {
    const { spec, child, logPath } = running;
    const died = () => {
      if (running.stopping || this.#stopping) return;
      const cause = child.signalCode ?? `code ${child.exitCode}`;
      this.#onEvent({
        name: spec.name,
        kind: 'exited',
        detail: `${spec.name} ended (${cause}); its log: ${logPath}`,
      });
      if (Date.now() - running.startedAt > HEALTHY_AFTER_MS) this.#deaths.delete(spec.name);
      void this.#revive(spec);
    };
    if (child.exitCode !== null || child.signalCode !== null) died();
    else child.once('exit', died);
  }

  async #revive(spec: ChildSpec): Promise<void> {
    for (;;) {
      const deaths = this.#deaths.get(spec.name) ?? 0;
      this.#deaths.set(spec.name, deaths + 1);
      await delay(Math.min(RESTART_MAX_MS, RESTART_FIRST_MS * 2 ** deaths));
      if (this.#stopping) return;
      try {
        await this.start(spec);
        this.#onEvent({ name: spec.name, kind: 'restarted', detail: `${spec.name} runs again` });
        return;
      } catch (error) {
        if (this.#stopping) return;
        this.#onEvent({ name: spec.name, kind: 'restart-failed', detail: firstLine(error) });
      }
    }
  }

  #startWatchdog(): void {
    const child = spawn(process.execPath, ['--max-old-space-size=16', WATCHDOG], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // Neither the watchdog nor its pipe may keep this process alive, and its death isn't ours.
    child.unref();
    child.stdin?.on('error', () => {});
    const { stdin } = child;
    if (stdin && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
    this.#watchdog = child;
  }

  get #recordsPath(): string {
    return join(this.#dataDir, 'processes.json');
  }

  #readRecords(): Records | undefined {
    try {
      return JSON.parse(readFileSync(this.#recordsPath, 'utf8')) as Records;
    } catch {
      // Absent at the first start, and possibly cut short by a crash of the machine: nothing of it runs then.
      return undefined;
    }
  }

  #writeRecords(): void {
    if (this.#stopping && this.#running.size === 0) return;
    const children = [...this.#running.values()].map((running) => running.record);
    const owner = { pid: process.pid, mark: startMark(process.pid) ?? '' };
    const temporary = `${this.#recordsPath}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify({ owner, children } satisfies Records));
    renameSync(temporary, this.#recordsPath);
    this.#watchdog?.stdin?.write(`${JSON.stringify({ children, discard: this.#discard })}\n`);
  }
}

/** True once a GET of the URL answers with a 2xx. */
export function httpProbe(url: string): () => Promise<boolean> {
  return async () => (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
}

/** True once something listens on the port of the loopback interface. */
export function tcpProbe(port: number): () => Promise<boolean> {
  return () =>
    new Promise<boolean>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' });
      const settle = (open: boolean) => {
        socket.destroy();
        resolve(open);
      };
      socket.once('connect', () => settle(true));
      socket.once('error', () => settle(false));
      socket.setTimeout(2_000, () => settle(false));
    });
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
