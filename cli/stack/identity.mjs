/**
 * Who a process is. A pid alone may have been given to a stranger since it was written down; a pid together
 * with its start time names one process. Plain JavaScript, because the watchdog runs without a loader.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** An opaque mark of the process that has this pid now, or undefined when there is none (a zombie is none). */
export function startMark(pid) {
  if (process.platform === 'linux') return linuxStartMark(pid);
  const ps = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const text = ps.stdout?.trim() ?? '';
  return text === '' || text.startsWith('Z') ? undefined : text.replace(/^\S+\s+/, '');
}

function linuxStartMark(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command stands in parentheses and may contain anything; fields are counted after the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}:${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** Whether the recorded process is still the one that runs under its pid. */
export function isAlive(record) {
  return startMark(record.pid) === record.mark;
}

/** Signals the process's whole group; a group that is gone already is what the caller wanted. */
export function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Ends recorded processes that are still themselves: their own signal first, SIGKILL after the grace. */
export async function endAll(records, graceMs) {
  const alive = records.filter(isAlive);
  for (const record of alive) signalGroup(record.pid, record.signal);
  const deadline = Date.now() + graceMs;
  while (alive.some(isAlive) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  for (const record of alive) {
    if (isAlive(record)) signalGroup(record.pid, 'SIGKILL');
  }
  return alive.length;
}
