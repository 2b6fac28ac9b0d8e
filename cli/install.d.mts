export class UserError extends Error {}
export function installReason(root: string): string | undefined;
export function generateReason(root: string): string | undefined;
export function install(root: string): Promise<void>;
export function generate(root: string): Promise<void>;
export function ensureReady(root?: string): Promise<void>;
export function runQuietly(
  what: string,
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string | undefined> },
): Promise<void>;
export function withLock<T>(lock: string, work: () => Promise<T>): Promise<T>;
