import { spawn } from 'node:child_process';
import { ROOT } from './stack/paths.ts';

export type ChildOptions = { env?: Record<string, string | undefined> };

/**
 * Runs a TypeScript entry point of this checkout in the foreground, with our terminal, and resolves to its exit
 * code. Signals go to the child, which decides how to end.
 */
export function runEntry(
  entry: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<number> {
  return runForeground(process.execPath, ['--import', 'tsx', entry, ...args], options);
}

export function runForeground(
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, ...options.env },
    });
    const forward = (signal: NodeJS.Signals) => child.kill(signal);
    // The terminal sends Ctrl-C to the child too; here it only must not end the parent before the child.
    const ignore = () => {};
    process.on('SIGTERM', forward);
    process.on('SIGINT', ignore);
    const settle = () => {
      process.off('SIGTERM', forward);
      process.off('SIGINT', ignore);
    };
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('close', (code, signal) => {
      settle();
      resolve(code ?? (signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : 1));
    });
  });
}
