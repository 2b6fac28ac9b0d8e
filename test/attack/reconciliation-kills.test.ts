import { randomBytes, randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../domain/reconciliation/report.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';
import { type WorkerFactory, workerProcesses } from './support/worker-process.ts';

/** A day whose worker is killed in its steps comes to the same report as one that nobody disturbs. */
const CLEAN = 30_000;
const STRAY = 20;
const suffix = randomBytes(4).toString('hex');
const DATE = new Date(Date.UTC(2001, 0, 1 + randomInt(9_000))).toISOString().slice(0, 10);

let system: System;
let workers: WorkerFactory;
beforeAll(async () => {
  system = await startSystem({ worker: false });
  workers = await workerProcesses(system);
}, 120_000);
afterAll(async () => {
  await workers?.close();
  await system?.close();
});

/** An account with captures that wait to be settled; its file settles them, and some that nobody knows. */
async function accountNamed(account: string): Promise<string> {
  await system.sql(
    `INSERT INTO provider_account (id, merchant_id, mode, provider, base_url, settings)
     SELECT $1, merchant_id, mode, 'paypal', base_url, '{}' FROM provider_account WHERE id = 'pa_demo_stripe'`,
    [account],
  );
  await system.sql(
    `INSERT INTO booking (id, account_id, merchant_id, payment_id, owner_id, attempt_id, kind, status, provider_reference,
       currency, amount_minor, booked_at)
     SELECT $1 || i, $1, 'mer_demo', $1 || 'pay' || i, $1 || 'pay' || i, $1 || i, 'capture', 'expected', $1 || 'pi' || i,
       'USD', 1000 + i % 100, '2000-01-01' FROM generate_series(1, $2::int) i`,
    [account, CLEAN],
  );
  return account;
}

function fileOf(account: string): string {
  const line = (id: string, minor: number) => {
    const gross = `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, '0')}`;
    return `txn_${id},po_${account},2026-11-20 12:00:00,2026-11-20 10:00:00,2026-11-21 00:00:00,usd,${gross},0.00,${gross},charge,${account}ch${id},${account}ch${id},${account}pi${id}`;
  };
  const known = Array.from({ length: CLEAN }, (_, index) =>
    line(String(index + 1), 1_000 + ((index + 1) % 100)),
  );
  const strays = Array.from({ length: STRAY }, (_, index) => line(`x${index}`, 700));
  return `${[
    'balance_transaction_id,automatic_payout_id,automatic_payout_effective_at,created,available_on,currency,gross,fee,net,reporting_category,source_id,charge_id,payment_intent_id',
    ...known,
    ...strays,
  ].join('\n')}\n`;
}

async function upload(account: string): Promise<void> {
  const query = new URLSearchParams({ account, format: 'stripe', business_date: DATE, name: 'day.csv' });
  const response = await fetch(`${system.apiUrl}/v1/settlements?${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${system.operatorKeys.alice}`, 'idempotency-key': freshKey() },
    body: fileOf(account),
  });
  expect(response.status).toBe(201);
}

const runOf = async (account: string) =>
  (
    await system.sql<{ status: string; step: string; report: Report | null; finished_at: Date | null }>(
      'SELECT status, step, report, finished_at FROM reconciliation_run WHERE account_id = $1',
      [account],
    )
  )[0];

async function reportOf(account: string): Promise<unknown> {
  const { report } = await waitFor(
    async () => {
      const run = await runOf(account);
      return run?.finished_at == null ? undefined : run;
    },
    { what: `${account} to be closed`, timeoutMs: 150_000 },
  );
  const { timing: _timing, account: _account, files, postings, ...same } = report ?? expect.fail('a report');
  const ofAccount = ({ account: name }: { readonly account: string }) => name.replace(account, 'A');
  return {
    ...same,
    files: files.map(({ rows, status }) => ({ rows, status })),
    postings: postings.map((posting) => ({ ...posting, account: ofAccount(posting) })),
  };
}

describe('kill -9', () => {
  it('of the worker in step after step changes nothing of the report', async () => {
    const quiet = await accountNamed(`pa_quiet_${suffix}_`);
    const killed = await accountNamed(`pa_killed_${suffix}_`);
    let worker = await workers.start();
    await upload(quiet);
    const undisturbed = await reportOf(quiet);
    expect(undisturbed).toMatchObject({
      status: 'closed',
      rows: { total: CLEAN + STRAY, clean: CLEAN, broken: STRAY },
      breaks: [{ type: 'MISSING_IN_LEDGER', found: STRAY, open: STRAY }],
    });
    await upload(killed);
    for (const step of ['stage', 'classify', 'post']) {
      await waitFor(async () => (await runOf(killed))?.step === step, {
        what: step,
        timeoutMs: 60_000,
        intervalMs: 2,
      });
      await worker.kill();
      worker = await workers.start();
    }
    expect(await reportOf(killed)).toEqual(undisturbed);
    const [twice] = await system.sql<{ lines: number; cases: number; unbalanced: number }>(
      `SELECT (SELECT count(*)::int FROM settlement_row WHERE account_id = $1) AS lines,
         (SELECT count(*)::int FROM exception WHERE account_id = $1) AS cases,
         (SELECT count(*)::int FROM (SELECT transaction_id FROM ledger_posting GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0) x) AS unbalanced`,
      [killed],
    );
    expect(twice).toEqual({ lines: CLEAN + STRAY, cases: STRAY, unbalanced: 0 });
  }, 400_000);
});
