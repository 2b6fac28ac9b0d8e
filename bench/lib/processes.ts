import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * What processes cost, as the kernel counts it: CPU from /proc/<pid>/stat, memory from smaps_rollup. Always
 * of whole trees, because Postgres works in children that come and go.
 */
interface Stat {
  readonly pid: number;
  readonly name: string;
  readonly parentPid: number;
  /** Its own time and that of the children it has buried, in clock ticks. */
  readonly ticks: number;
}

let tickMs: number | undefined;

function msPerTick(): number {
  tickMs ??= 1_000 / (Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100);
  return tickMs;
}

export function requireLinux(): void {
  if (process.platform !== 'linux') {
    throw new Error('CPU and memory are read from /proc, which only Linux has.');
  }
}

/** One line of /proc/<pid>/stat. The name may hold anything, so fields are counted after its last parenthesis. */
export function parseStat(line: string): Stat {
  const nameEnd = line.lastIndexOf(')');
  const fields = line.slice(nameEnd + 2).split(' ');
  const field = (index: number) => Number(fields[index]);
  // utime, stime, cutime, cstime: a child that ended and was waited for lives on in its parent's sums.
  const ticks = field(11) + field(12) + field(13) + field(14);
  return {
    pid: Number.parseInt(line, 10),
    name: line.slice(line.indexOf('(') + 1, nameEnd),
    parentPid: field(1),
    ticks,
  };
}

function readStat(pid: number | string): Stat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // It ended between the listing and the reading.
    return undefined;
  }
}

/** The process and all its descendants, sessions of their own included. */
export function processTree(rootPid: number): readonly Stat[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(name) ?? []);
  const tree = all.filter(({ pid }) => pid === rootPid);
  const known = new Set(tree.map(({ pid }) => pid));
  for (let grown = true; grown; ) {
    const children = all.filter(({ pid, parentPid }) => known.has(parentPid) && !known.has(pid));
    for (const child of children) {
      known.add(child.pid);
      tree.push(child);
    }
    grown = children.length > 0;
  }
  return tree;
}

/** CPU that the tree has used so far, milliseconds, to the kernel's tick (10 ms). */
export function treeCpuMs(rootPid: number): number {
  return processTree(rootPid).reduce((sum, { ticks }) => sum + ticks, 0) * msPerTick();
}

export type CpuByName = Readonly<Record<string, number>>;

export function cpuOf(rootPids: Readonly<Record<string, number>>): CpuByName {
  return Object.fromEntries(Object.entries(rootPids).map(([name, pid]) => [name, treeCpuMs(pid)]));
}

export interface ProcessMemory {
  readonly pid: number;
  readonly command: string;
  readonly pssBytes: number;
}

/** Proportional set sizes: a page that several processes share is divided among them, so the sum is true. */
export function treeMemory(rootPid: number): readonly ProcessMemory[] {
  return processTree(rootPid).flatMap(({ pid, name }) => {
    const pssBytes = pssOf(pid);
    return pssBytes === undefined ? [] : [{ pid, command: commandOf(pid) || name, pssBytes }];
  });
}

function pssOf(pid: number): number | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    // Gone meanwhile, or a zombie: neither has memory. Anything else would make the sum too small.
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
  const kib = /^Pss:\s+(\d+) kB$/m.exec(text)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

const QUIET_WINDOW_MS = 250;
const QUIET_SHARE = 0.15;

/**
 * Waits until the trees together use less than 15% of one core: what a phase left to do (webhooks, closing
 * workflows, visibility records) is done, and is neither missing from its bill nor on the next one's.
 */
export async function untilQuiet(
  rootPids: Readonly<Record<string, number>>,
  timeoutMs = 10_000,
): Promise<void> {
  const total = () => Object.values(cpuOf(rootPids)).reduce((sum, ms) => sum + ms, 0);
  const deadline = performance.now() + timeoutMs;
  let before = total();
  while (performance.now() < deadline) {
    await delay(QUIET_WINDOW_MS);
    const after = total();
    if (after - before <= QUIET_WINDOW_MS * QUIET_SHARE) return;
    before = after;
  }
}
