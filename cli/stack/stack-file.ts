import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DemoPeople } from '../seed.ts';
import { isAlive, startMark } from './identity.mjs';
import { dataDirOf } from './paths.ts';

/** The stack that runs in a data directory, as `up` describes it to the other verbs. */
export type StackFile = {
  owner: { pid: number; mark: string };
  apiUrl: string;
  apiKey: string;
  merchantId: string;
  /** Keys of the two demo operators. */
  operatorKeys: { alice: string; bob: string };
  /** How the demo's people sign in at the console. */
  people?: DemoPeople;
  temporalAddress: string;
  temporalUiUrl?: string;
  /** Simulators by provider; a provider that runs for real isn't here. */
  sandboxes: Record<string, { apiUrl: string; adminUrl: string; dataDir: string }>;
  /** The environment that the stack's processes run with: what config/env.ts parses. */
  env: Record<string, string>;
};

const pathOf = (dataDir: string) => join(dataDir, 'stack.json');

/** Readable by its owner only: it holds the keys. */
export function writeStackFile(dataDir: string, stack: Omit<StackFile, 'owner'>): void {
  const owner = { pid: process.pid, mark: startMark(process.pid) ?? '' };
  const path = pathOf(dataDir);
  writeFileSync(`${path}.new`, `${JSON.stringify({ owner, ...stack }, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The stack that runs now in the data directory that `env` names, or undefined when none does. */
export function readRunningStack(env: Record<string, string | undefined>): StackFile | undefined {
  const path = pathOf(dataDirOf(env));
  if (!existsSync(path)) return undefined;
  const stack = JSON.parse(readFileSync(path, 'utf8')) as StackFile;
  return isAlive(stack.owner) ? stack : undefined;
}

/**
 * The environment for a verb that speaks to a stack: the running one's, overridden by what the caller has set.
 * Without a running stack it is the caller's alone, and config/env.ts will say what is missing.
 */
export function stackEnvironment(
  env: Record<string, string | undefined>,
): Record<string, string | undefined> {
  return { ...readRunningStack(env)?.env, ...env };
}
