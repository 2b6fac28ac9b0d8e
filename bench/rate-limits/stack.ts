import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import pg from 'pg';
import { ROOT } from '../../cli/stack/paths.ts';
import { freePort } from '../../cli/stack/ports.ts';
import { readRunningStack } from '../../cli/stack/stack-file.ts';
import { bringUp } from '../../cli/stack/up.ts';
import { loadConfig } from '../../config/env.ts';
import { type Db, openDb } from '../../db/client.ts';
import { createVault } from '../../vault/index.ts';
import type { SuiteContext } from '../lib/suite.ts';
import { createMerchant, type Merchant } from '../payments/merchant.ts';
import { neutralEnvironment, temporaryGroup } from '../payments/stack.ts';

/** A whole Interlock, one merchant that pays, and another that is in a hurry. */
export interface LimitStack {
  readonly db: Db;
  readonly merchant: Merchant;
  /** Whether the hurried merchant is held to limits that leave this machine something for others. Heeded once its key is looked up again. */
  hold(isHeld: boolean): Promise<void>;
  startBurst(callers: number): Burst;
}

export interface Burst {
  end(): Promise<{ readonly served: number; readonly refused: number; readonly seconds: number }>;
}

const HURRIED = 'mer_hurried';
const HELD = { requests: 20, seconds: 2 };

export async function startLimitStack(context: SuiteContext): Promise<LimitStack> {
  const { dataDir, group } = await temporaryGroup(context);
  const env = { ...neutralEnvironment(), INTERLOCK_DATA_DIR: dataDir };
  await bringUp({ group, dataDir, env, progress: context.progress, apiPort: await freePort() });
  const stack = readRunningStack(env);
  if (stack === undefined) throw new Error('the stack that was just started left no stack.json');
  const config = loadConfig(stack.env);
  const db = openDb(config.databaseUrl);
  const owner = new pg.Pool({ connectionString: config.databaseUrl, max: 1 });
  const merchant = createMerchant(stack.apiUrl, stack.apiKey);
  context.defer(async () => {
    merchant.close();
    await Promise.all([db.$disconnect(), owner.end()]);
  });
  const key = `sk_test_${randomBytes(18).toString('base64url')}`;
  const { keyedDigest } = createVault({ keys: config.keys.vault, digestKey: config.keys.digest });
  await owner.query(`INSERT INTO merchant (id, name) VALUES ($1, 'Hurried')`, [HURRIED]);
  await owner.query(
    `INSERT INTO api_key (id, merchant_id, mode, digest, name) VALUES ('key_hurried', $1, 'test', $2, 'bench')`,
    [HURRIED, keyedDigest(key)],
  );
  return {
    db,
    merchant,
    async hold(isHeld) {
      const limits = isHeld ? { reads: HELD, writes: HELD } : { reads: 'off', writes: 'off' };
      await owner.query('UPDATE merchant SET rate_limits = $2 WHERE id = $1', [HURRIED, limits]);
    },
    startBurst: (callers) => startBurst([stack.apiUrl, key, String(callers)]),
  };
}

function startBurst(args: readonly string[]): Burst {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bench/rate-limits/burst.ts', ...args], {
    cwd: ROOT,
    env: neutralEnvironment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  const closed = once(child, 'close');
  return {
    async end() {
      child.stdin.end();
      const [code] = await closed;
      if (code !== 0) throw new Error(`the burst ended with code ${code}`);
      return JSON.parse(Buffer.concat(pieces).toString('utf8'));
    },
  };
}
