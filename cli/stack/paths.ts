import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

type Env = Record<string, string | undefined>;

/** The checkout: the folder that holds package.json. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url)).replace(/[\\/]$/, '');

/** Everything the embedded stack writes: databases, logs, keys. `INTERLOCK_DATA_DIR` moves it. */
export function dataDirOf(env: Env): string {
  return resolve(env.INTERLOCK_DATA_DIR || join(ROOT, '.interlock'));
}

/** What is dear to obtain and belongs to the user rather than to a checkout: the Temporal binary. */
export function cacheDirOf(env: Env): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'interlock');
}
