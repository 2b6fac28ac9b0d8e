import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertMerchant, postInThePast } from '../../db/ledger/test-support/rows.ts';
import { paid } from '../../db/refunds/test-support/rows.ts';
import { type Database, openTestDatabase } from '../../test/attack/support/rows.ts';
import { balances, exportPeriod, verify } from './run.ts';

let database: Database;
let folder: string;
beforeAll(async () => {
  database = await openTestDatabase();
  folder = mkdtempSync(join(tmpdir(), 'interlock-ledger-'));
  await insertMerchant(database.sql, 'mer_demo', 'test', ['pa_demo_stripe', 'pa_demo_adyen']);
  await postInThePast(database.ownerUrl, [
    {
      id: 'lt_old',
      merchantId: 'mer_demo',
      mode: 'test',
      at: new Date('2026-10-05T00:00:00Z'),
      postings: [
        ['payout_clearing/pa_demo_stripe', 'EUR', 1_250],
        ['suspense/mer_demo', 'EUR', -1_250],
      ],
    },
  ]);
  await paid(database);
});
afterAll(async () => {
  await database?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The command's exit code and what it printed. */
async function said(command: typeof balances, options: Parameters<typeof balances>[1] = {}) {
  let text = '';
  const code = await command(database.db, options, (line) => {
    text += line;
  });
  return { code, text };
}

describe('balances', () => {
  it('are a trial balance, with totals that come to nothing', async () => {
    const { code, text } = await said(balances);
    expect(code).toBe(0);
    expect(text.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['account', 'currency', 'debit', 'credit', 'balance'],
      ['merchant_payable/mer_demo', 'USD', '0.00', '10.00', '-10.00'],
      ['payout_clearing/pa_demo_stripe', 'EUR', '12.50', '0.00', '12.50'],
      ['provider_receivable/pa_demo_stripe', 'USD', '10.00', '0.00', '10.00'],
      ['suspense/mer_demo', 'EUR', '0.00', '12.50', '-12.50'],
      ['total', 'EUR', '12.50', '12.50', '0.00'],
      ['total', 'USD', '10.00', '10.00', '0.00'],
    ]);
  });

  it('as JSON, of one account and time', async () => {
    const asOf = { 'as-of': '2026-11-01T00:00:00Z', account: 'suspense', currency: 'eur', json: true };
    expect(JSON.parse((await said(balances, asOf)).text)).toEqual({
      balances: [{ account: 'suspense/mer_demo', currency: 'EUR', debitMinor: '0', creditMinor: '1250' }],
      totals: [{ currency: 'EUR', debitMinor: '0', creditMinor: '1250' }],
    });
    const none = await said(balances, { merchant: 'mer_demo', mode: 'live', json: true });
    expect(JSON.parse(none.text)).toEqual({ balances: [], totals: [] });
  });

  it.each([[{ account: 'cash' }], [{ 'as-of': 'noon' }], [{ mode: 'both' }]])(
    'of %j are wrong use',
    async (options) => {
      await expect(said(balances, options)).rejects.toThrow(expect.objectContaining({ name: 'UsageError' }));
    },
  );
});

describe('an export', () => {
  it('has its file’s name once it is whole, and is the same again', async () => {
    const options = { merchant: 'mer_demo', period: '2026-10', format: 'journal' };
    const [one, two] = [join(folder, 'one.jsonl'), join(folder, 'two.jsonl')];
    expect(await exportPeriod(database.db, { ...options, out: one })).toBe(0);
    expect(await exportPeriod(database.db, { ...options, out: two })).toBe(0);
    const text = readFileSync(one, 'utf8');
    expect(JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
      record: 'end',
      transactions: 1,
    });
    expect(readFileSync(two, 'utf8')).toBe(text);
    expect(readdirSync(folder).toSorted()).toEqual(['one.jsonl', 'two.jsonl']);
  });

  it.each([
    [{ period: '2026-10' }, /--merchant/],
    [{ merchant: 'mer_demo' }, /--period/],
    [{ merchant: 'mer_demo', period: '2026-10', format: 'xml' }, /--format/],
    [{ merchant: 'mer_demo', period: '2999-01' }, /not over/],
  ])('of %j is refused, with the reason', async (options, reason) => {
    await expect(exportPeriod(database.db, options)).rejects.toThrow(reason);
  });
});

describe('./interlock ledger', () => {
  const interlock = (...args: string[]) =>
    spawnSync(process.execPath, ['interlock', 'ledger', ...args], { encoding: 'utf8', timeout: 50_000 });

  it('says how it is used', () => {
    expect(interlock('--help').stdout).toContain('./interlock ledger verify');
    const wrong = interlock('burn');
    expect([wrong.status, wrong.stderr]).toEqual([
      2,
      expect.stringContaining('ledger balances|export|verify'),
    ]);
  });
});

it('verify prints one line of JSON, and tells by its exit whether all is well', async () => {
  const well = await said(verify);
  expect(well.code).toBe(0);
  expect(JSON.parse(well.text)).toMatchObject({
    payments: 1,
    transactions: 2,
    problems: [],
    currencies: [
      { currency: 'EUR', debitMinor: '1250', creditMinor: '1250' },
      { currency: 'USD', debitMinor: '1000', creditMinor: '1000' },
    ],
  });
  await database.sql(`UPDATE payment_balance SET captured_minor = captured_minor + 1`);
  const ill = await said(verify);
  expect(ill.code).toBe(1);
  expect(JSON.parse(ill.text).problems).toHaveLength(1);
});
