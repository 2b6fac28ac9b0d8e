import { randomInt } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDataConverter } from '../../client/codec/index.ts';
import { connectClient } from '../../client/index.ts';
import { createReconciliationsDoor, type ReconciliationsDoor } from '../../client/reconciliations.ts';
import { openDb } from '../../db/client.ts';
import type { Report } from '../../domain/reconciliation/report.ts';
import { waitFor } from '../support/harness.ts';
import { FOLDER, type SftpServer, startSftpServer } from '../support/sftp-server.ts';
import { type System, startSystem } from '../support/system.ts';

/**
 * Days whose files lie on an SFTP server, through the real workflow: what the simulator would have given by its API is put
 * into a folder, as providers and banks do.
 */
const PASSWORD = 'the word of the bank';
const ADYEN = 'pa_demo_adyen';
const BANK = 'pa_bank';

let system: System;
let server: SftpServer;
let client: Client;
let db: ReturnType<typeof openDb>;
let door: ReconciliationsDoor;

beforeAll(async () => {
  server = await startSftpServer({ username: 'merchant', password: PASSWORD });
  system = await startSystem({ worker: false });
  const { temporal, keys, databaseUrl, providerSecrets } = system.config;
  const adyen = { ...providerSecrets[ADYEN], sftpPassword: PASSWORD };
  Object.assign(providerSecrets, { [ADYEN]: adyen, [BANK]: { sftpPassword: PASSWORD } });
  client = await connectClient(temporal, createDataConverter(keys.codec));
  db = openDb(databaseUrl);
  door = createReconciliationsDoor({ client, db, taskQueue: temporal.taskQueue });
  const { hostKey, port } = server;
  const sftp = { host: '127.0.0.1', port, username: 'merchant', path: FOLDER, hostKey, settleMs: 50 };
  const settled = { ...sftp, format: 'adyen', pattern: 'settlement_*' };
  await system.sql(`UPDATE provider_account SET settings = settings || $2 WHERE id = $1`, [
    ADYEN,
    { sftp: settled },
  ]);
  await system.sql(
    `INSERT INTO provider_account (id, merchant_id, mode, provider, base_url, settings)
     SELECT $1, merchant_id, mode, 'a_bank', base_url, $2 FROM provider_account WHERE id = $3`,
    [BANK, { sftp: { ...sftp, format: 'camt053', pattern: '*.xml' } }, ADYEN],
  );
  await system.startWorker();
});
afterEach(() => {
  server.files.clear();
  server.opened.length = 0;
  for (const each of Object.keys(server.weather)) delete server.weather[each as keyof typeof server.weather];
});
afterAll(async () => {
  await system?.close();
  await Promise.all([db?.$disconnect(), client?.connection.close(), server?.close()]);
});

const DAY_MS = 86_400_000;
let latest = Date.UTC(2001, 0, 1 + randomInt(9_000));
function nextDate(): string {
  latest += DAY_MS;
  return new Date(latest).toISOString().slice(0, 10);
}

/** A day of the simulator, as the file that it would have given. */
async function publish(date: string): Promise<{ name: string; bytes: number; rows: number }> {
  const card = await system.card('4111111111111111');
  await system.pay({ amount: 1_000 + randomInt(1_000), currency: 'EUR', payment_method: card });
  const day = (await system.admin('adyen', 'POST', '/settlement', { businessDate: date })) as {
    rows: number;
    batch: number;
  };
  const name = `settlement_detail_report_batch_${await lastBatch()}.csv`;
  const content = Buffer.from(await fileOf(name));
  server.files.set(name, { content, changedS: Date.parse(date) / 1_000 });
  return { name, bytes: content.length, rows: day.rows };
}

async function fileOf(name: string): Promise<string> {
  const url = `${system.providerUrls.adyen}/reports/download/MerchantAccount/InterlockTestECOM/${name}`;
  const response = await fetch(url, { headers: { 'x-api-key': 'adyen-simulated' } });
  return response.ok ? response.text() : '';
}

async function lastBatch(): Promise<number> {
  for (let batch = 1; ; batch += 1)
    if ((await fileOf(`settlement_detail_report_batch_${batch + 1}.csv`)) === '') return batch;
}

async function close(account: string, date: string): Promise<Report> {
  await door.run(account, date);
  await door.result(account, date);
  const [run] = await system.sql<{ report: Report }>(
    'SELECT report FROM reconciliation_run WHERE account_id = $1 AND business_date = $2',
    [account, date],
  );
  if (run === undefined) throw new Error('no run');
  return run.report;
}

const heldNames = async () =>
  (
    await system.sql<{ name: string }>(
      'SELECT name FROM settlement_file WHERE account_id = $1 ORDER BY name',
      [ADYEN],
    )
  ).map(({ name }) => name);

const said = async (date: string) => (await door.progress(ADYEN, date))?.done.join('\n') ?? '';

describe('a day whose file lies on a server', () => {
  it('is closed with it, instead of what the adapter would fetch', async () => {
    const date = nextDate();
    const { name, rows } = await publish(date);
    const report = await close(ADYEN, date);
    expect(report.files).toMatchObject([{ name, format: 'adyen', status: 'posted' }]);
    expect(report.rows).toEqual({ total: rows, clean: rows, broken: 0 });
    const [file] = await system.sql('SELECT source FROM settlement_file WHERE name = $1', [name]);
    expect(file).toEqual({ source: 'fetched' });
  });

  it('takes what is new of the folder, and leaves what is held unopened', async () => {
    const [first, second] = [nextDate(), nextDate()];
    const held = await publish(first);
    await close(ADYEN, first);
    const fresh = await publish(second);
    server.opened.length = 0;
    const report = await close(ADYEN, second);
    expect([report.files.map(({ name }) => name), server.opened]).toEqual([[fresh.name], [fresh.name]]);
    expect(await heldNames()).toContain(held.name);
  });

  it('takes a bank’s statement in, of an account that no adapter speaks for', async () => {
    const date = nextDate();
    await publish(date);
    await close(ADYEN, date);
    const statement = await fetch(`${system.adminUrls.adyen}/bank/statements/${date}`);
    server.files.set('camt.xml', { content: Buffer.from(await statement.text()), changedS: 1 });
    const report = await close(BANK, date);
    expect(report.files).toMatchObject([{ name: 'camt.xml', format: 'camt053', status: 'posted' }]);
    const matched = await system.sql('SELECT 1 FROM bank_statement_line WHERE payout_id IS NOT NULL');
    expect(matched.length).toBeGreaterThan(0);
  });
});

describe('a file that breaks off', () => {
  it('leaves nothing, and is fetched whole once the server is back', async () => {
    const date = nextDate();
    const { name, bytes } = await publish(date);
    const before = await heldNames();
    Object.assign(server.weather, { mostBytesARead: 64, cutAfterBytes: Math.floor(bytes / 2) });
    await door.run(ADYEN, date);
    await waitFor(async () => (await said(date)).includes('connection_lost'), {
      what: 'the loss to be said',
    });
    expect(await heldNames()).toEqual(before);
    const orphans = await system.sql(
      'SELECT 1 FROM settlement_file_chunk c WHERE NOT EXISTS (SELECT 1 FROM settlement_file f WHERE f.content_id = c.content_id)',
    );
    expect(orphans).toEqual([]);
    delete server.weather.cutAfterBytes;
    expect((await close(ADYEN, date)).files).toMatchObject([{ name, status: 'posted' }]);
  });

  it('or grows is waited for', async () => {
    const date = nextDate();
    const { name } = await publish(date);
    const whole = server.files.get(name)?.content ?? Buffer.alloc(0);
    let written = 10;
    server.weather.listed = () => {
      written += 10;
      server.files.set(name, { content: whole.subarray(0, written), changedS: 1 });
    };
    await door.run(ADYEN, date);
    await waitFor(async () => (await said(date)).includes('still being written'), { what: 'it to be said' });
    expect(await heldNames()).not.toContain(name);
    delete server.weather.listed;
    server.files.set(name, { content: whole, changedS: 2 });
    expect((await close(ADYEN, date)).files).toMatchObject([{ name, status: 'posted' }]);
  });
});

describe('a server that does not let us in', () => {
  it('is said with what to do, and the day waits until it is done', async () => {
    const date = nextDate();
    const { name } = await publish(date);
    const secrets = system.config.providerSecrets[ADYEN] ?? {};
    secrets.sftpPassword = 'another word';
    await door.run(ADYEN, date);
    await waitFor(async () => (await said(date)).includes('correct settings.sftp.username'), {
      what: 'the advice',
    });
    expect(await said(date)).not.toContain('another word');
    secrets.sftpPassword = PASSWORD;
    expect((await close(ADYEN, date)).files).toMatchObject([{ name, status: 'posted' }]);
  });

  it('or is another than it was is told nothing', async () => {
    const date = nextDate();
    const { name } = await publish(date);
    const other = await startSftpServer({ username: 'merchant', password: PASSWORD });
    try {
      await setPort(other.port);
      await door.run(ADYEN, date);
      await waitFor(async () => (await said(date)).includes(other.hostKey), { what: 'the strange key' });
      expect([other.sessions(), await heldNames()]).toEqual([0, expect.not.arrayContaining([name])]);
    } finally {
      await setPort(server.port);
      await other.close();
    }
    expect((await close(ADYEN, date)).files).toMatchObject([{ name, status: 'posted' }]);
  });

  const setPort = (port: number) =>
    system.sql(
      `UPDATE provider_account SET settings = jsonb_set(settings, '{sftp,port}', $2) WHERE id = $1`,
      [ADYEN, String(port)],
    );
});
