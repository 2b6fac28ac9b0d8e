import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runReconcile } from '../../cli/reconcile/run.ts';
import { createDataConverter } from '../../client/codec/index.ts';
import { connectClient } from '../../client/index.ts';
import { encodeKeyRing } from '../../config/env.ts';
import { waitFor } from '../support/harness.ts';
import { type System, startSystem } from '../support/system.ts';

/** Who starts a day: the account's Schedule, and the command line. */
const account = `pa_scheduled_${randomBytes(5).toString('hex')}`;
const scheduleId = `reconciliation/${account}`;
let system: System;
let client: Client;
let folder: string;

beforeAll(async () => {
  system = await startSystem({ worker: false, timeScale: 0.000_05 });
  await system.sql(
    `INSERT INTO provider_account (id, merchant_id, mode, provider, base_url, settings)
     SELECT $1, merchant_id, mode, 'paypal', 'http://127.0.0.1:1', '{"time_zone": "Pacific/Auckland", "reconcile_at": "04:30"}'
     FROM provider_account WHERE id = 'pa_demo_stripe'`,
    [account],
  );
  await system.startWorker();
  client = await connectClient(system.config.temporal, createDataConverter(system.config.keys.codec));
  folder = await mkdtemp(join(tmpdir(), 'interlock-reconcile-'));
});
afterAll(async () => {
  await client?.schedule.getHandle(scheduleId).delete();
  await client?.connection.close();
  await system?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('an account’s Schedule', () => {
  const schedule = () => client.schedule.getHandle(scheduleId).describe();

  it('is made when a worker starts, in the account’s own time, and waits for each day to end', async () => {
    const { spec, policies, action, state } = await waitFor(schedule, { what: 'the Schedule' });
    expect(spec.timezone).toBe('Pacific/Auckland');
    expect(spec.calendars).toMatchObject([
      { hour: [{ start: 4, end: 4, step: 1 }], minute: [{ start: 30, end: 30, step: 1 }] },
    ]);
    expect(policies).toMatchObject({ overlap: 'BUFFER_ALL', catchupWindow: 7 * 86_400_000 });
    expect(action).toMatchObject({
      type: 'startWorkflow',
      workflowType: 'scheduledReconciliation',
      taskQueue: system.config.temporal.taskQueue,
    });
    expect(state.paused).toBe(false);
  });

  it('runs the day that is over where the account is, under the day’s own name', async () => {
    await client.schedule.getHandle(scheduleId).trigger();
    const yesterday = new Date(Date.now() - 86_400_000).toLocaleDateString('en-CA', {
      timeZone: 'Pacific/Auckland',
    });
    const run = await waitFor(
      async () =>
        (
          await system.sql<{ id: string; status: string }>(
            `SELECT id, status FROM reconciliation_run WHERE account_id = $1 AND finished_at IS NOT NULL`,
            [account],
          )
        )[0],
      { what: 'the day to be closed', timeoutMs: 60_000 },
    );
    expect(run).toEqual({ id: `reconciliation/${account}/${yesterday}`, status: 'closed' });
    const [missing] = await system.sql<{ summary: string }>(
      `SELECT summary FROM exception WHERE kind = 'settlement_file_missing' AND account_id = $1`,
      [account],
    );
    expect(missing?.summary).toContain(yesterday);
  });

  it('follows the account: another time is another Schedule, and a pause is left alone', async () => {
    await client.schedule.getHandle(scheduleId).pause('by hand');
    await system.sql(`UPDATE provider_account SET settings = '{"reconcile_at": "nonsense"}' WHERE id = $1`, [
      account,
    ]);
    await system.startWorker();
    const changed = await waitFor(
      async () => {
        const found = await schedule();
        return found.spec.timezone === 'UTC' ? found : undefined;
      },
      // A worker looks at once, and again after half a minute where one account's Schedule could not be kept.
      { what: 'the Schedule to change', timeoutMs: 55_000 },
    );
    expect(changed.spec.calendars).toMatchObject([{ hour: [{ start: 6 }], minute: [{ start: 0 }] }]);
    expect(changed.state).toMatchObject({ paused: true, note: 'by hand' });
  });
});

describe('./interlock reconcile', () => {
  const date = new Date(Date.UTC(2001, 0, 1 + randomInt(9_000))).toISOString().slice(0, 10);

  async function interlock(...argv: string[]) {
    const { config } = system;
    const secrets = join(folder, 'secrets.json');
    await writeFile(secrets, JSON.stringify(config.providerSecrets));
    const said: { out: string[]; err: string[] } = { out: [], err: [] };
    const env = {
      INTERLOCK_DATA_DIR: folder,
      DATABASE_URL: config.databaseUrl,
      TEMPORAL_ADDRESS: config.temporal.address,
      TEMPORAL_TASK_QUEUE: config.temporal.taskQueue,
      INTERLOCK_CODEC_KEYS: encodeKeyRing(config.keys.codec),
      INTERLOCK_VAULT_KEYS: encodeKeyRing(config.keys.vault),
      INTERLOCK_DIGEST_KEY: config.keys.digest.toString('base64'),
      INTERLOCK_PROVIDER_SECRETS_FILE: secrets,
    };
    const code = await runReconcile(argv, env, {
      out: (line) => said.out.push(line),
      err: (line) => said.err.push(line),
    });
    return { code, ...said };
  }

  const HEADER =
    'balance_transaction_id,automatic_payout_id,automatic_payout_effective_at,created,available_on,currency,gross,fee,net,reporting_category,source_id,charge_id,payment_intent_id';
  const charge = (id: string, gross: string) =>
    `txn_${id},po_1,2026-11-20 12:00:00,2026-11-20 10:00:00,2026-11-21 00:00:00,usd,${gross},0.00,${gross},charge,ch_${id},ch_${id},pi_${id}`;

  it('hands a file in, follows the day, and prints its report', async () => {
    const path = join(folder, 'statement.csv');
    await writeFile(path, `${[HEADER, charge('a', '12.50'), charge('b', '7.00')].join('\n')}\n`);
    const run = [
      'run',
      '--account',
      'pa_demo_stripe',
      '--date',
      date,
      '--file',
      path,
      '--provider',
      'stripe',
    ];
    const first = await interlock(...run);
    expect(first.code).toBe(0);
    expect(first.err.join('\n')).toMatch(
      /bytes stored[\s\S]*reconciliation\/pa_demo_stripe\/[\s\S]*stage: 2 lines/,
    );
    expect(first.out.join('\n')).toContain(`Reconciliation of pa_demo_stripe, ${date}: closed`);
    expect(first.out.join('\n')).toMatch(/MISSING_IN_LEDGER.*2/);
    const again = await interlock(...run, '--json');
    expect(again.err.join('\n')).toContain('these bytes are stored already');
    const told = JSON.parse(again.out.join(''));
    expect([told.status, told.report.rows]).toEqual(['closed', { total: 2, clean: 0, broken: 2 }]);
    expect(await readFile(path, 'utf8')).toContain('ch_a');
    const report = await interlock('report', '--account', 'pa_demo_stripe', '--json');
    expect(JSON.parse(report.out.join(''))).toMatchObject({ businessDate: date, status: 'closed' });
    expect((await interlock('report')).out.join('\n')).toMatch(
      new RegExp(`${date}  pa_demo_stripe +closed +2 lines`),
    );
  });

  it('stores no file that is none of its format, and says where it is wrong', async () => {
    const path = join(folder, 'wrong.csv');
    await writeFile(path, `${HEADER}\n${charge('a', '"12,50"')}\n`);
    const run = [
      'run',
      '--account',
      'pa_demo_stripe',
      '--date',
      date,
      '--file',
      path,
      '--provider',
      'stripe',
    ];
    const { code, err } = await interlock(...run);
    expect([code, err.join('\n')]).toEqual([2, expect.stringContaining(`${path}:2: `)]);
    expect(err.join('\n')).toContain('decimal_comma');
  });

  it.each([
    [['run'], 'needs --account'],
    [['run', '--account', 'pa_demo_stripe', '--date', '2026-02-30'], 'no day of the calendar'],
    [['run', '--account', 'pa_demo_stripe', '--file', 'x'], 'go together'],
    [
      ['run', '--account', 'pa_demo_stripe', '--file', 'x', '--provider', 'nobody'],
      'no layout is called nobody',
    ],
    [['run', '--account', 'pa_none'], 'there is no provider account pa_none'],
    [['report', '--date', '2026-11-20'], '--date needs --account'],
    [['report', '--account', 'pa_demo_adyen', '--date', '1999-01-01'], 'has no reconciliation'],
    [['close'], 'say: reconcile run'],
  ])('%j is refused with what to say instead', async (argv, message) => {
    await expect(interlock(...argv)).rejects.toThrow(message);
  });
});
