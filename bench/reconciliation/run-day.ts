import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ROOT } from '../../cli/stack/paths.ts';
import { neutralEnvironment } from '../payments/stack.ts';
import type { DayJob, DayResult } from './day-process.ts';

/** Runs a day in a process of its own. What it says on standard error passes through. */
export async function runDay(job: DayJob, signal: AbortSignal): Promise<DayResult> {
  const child = spawn(
    process.execPath,
    [...profiling(), '--import', 'tsx', 'bench/reconciliation/day-process.ts', JSON.stringify(job)],
    { cwd: ROOT, env: neutralEnvironment(), stdio: ['ignore', 'pipe', 'inherit'], signal },
  );
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the day of ${job.businessDate} ended with code ${code}`);
  const last = Buffer.concat(pieces).toString('utf8').trim().split('\n').at(-1) ?? '';
  return JSON.parse(last) as DayResult;
}

/** `BENCH_CPU_PROFILE=<folder>` keeps a profile of each day. */
function profiling(): readonly string[] {
  const folder = process.env.BENCH_CPU_PROFILE;
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}
