import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from '../stack/paths.ts';
import { readRunningStack, type StackFile } from '../stack/stack-file.ts';
import { eventually } from './merchant.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Twenty minutes of a payer's are two: enough to look at a page, and not too long to see it time out. */
const TIME_SCALE = '0.1';
const START_MS = 10 * 60_000;

/** `./interlock up` as a child of this demo. Ctrl-C reaches it by itself: it is of the same terminal. */
export async function startStack(env: Env): Promise<{ readonly stack: StackFile; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [join(ROOT, 'interlock'), 'up'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { INTERLOCK_TIME_SCALE: TIME_SCALE, ...env },
  });
  const closed = once(child, 'close');
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await closed;
  };
  const stack = await eventually(
    async () => readRunningStack(env),
    (found) => found !== undefined || child.exitCode !== null,
    START_MS,
  );
  if (stack === undefined) {
    await stop();
    throw new Error('the stack did not start: see above');
  }
  return { stack, stop };
}
