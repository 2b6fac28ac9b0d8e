import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { sheetOf, textOf } from '../../providers/settlement/test-support/files.ts';
import { ROOT } from '../stack/paths.ts';
import { UsageError } from '../verb.ts';
import { type ParseOrder, runParse } from './parse.ts';

const folder = mkdtempSync(join(tmpdir(), 'settlement-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const LINE = {
  kind: 'capture',
  currency: 'EUR',
  grossMinor: 1_000,
  feeMinor: 30,
  reference: 'P1',
  atSeconds: 1_769_800_000,
} as const;
const ADYEN = textOf(sheetOf('adyen', [LINE, { ...LINE, kind: 'refund', grossMinor: -400, feeMinor: 0 }]));

async function run(order: Partial<ParseOrder> & { file: string }) {
  let out = '';
  const errors: string[] = [];
  const whole = { provider: undefined, mapping: undefined, json: false, gunzip: false, ...order };
  const code = await runParse(whole, {
    out: {
      write: async (text) => {
        out += text;
      },
    },
    err: (line) => errors.push(line),
  });
  return { code, out, lines: out.trimEnd().split('\n'), err: errors.join('\n') };
}

describe('settlement parse', () => {
  test('with --json gives a line a row, and a last one that adds them up', async () => {
    const path = file('adyen.csv', ADYEN);
    const { code, lines } = await run({ file: path, provider: 'adyen', json: true });
    expect(code).toBe(0);
    const [first, ...rest] = lines.map((line) => JSON.parse(line));
    expect(first).toEqual({
      line: 2,
      type: 'capture',
      provider_type: 'Settled',
      provider_reference: 'P1',
      alternative_reference: null,
      operation_reference: 'mod_0',
      merchant_reference: 'order-0',
      currency: 'EUR',
      gross_minor: 1_000,
      settlement_currency: 'EUR',
      fee_minor: 30,
      net_minor: 970,
      fees: [
        { kind: 'processing', amount_minor: 20 },
        { kind: 'markup', amount_minor: 10 },
      ],
      exchange_rate: '1',
      presented: null,
      occurred_at: '2026-01-30T19:06:40.000Z',
      available_on: null,
      payout_reference: null,
      batch: '7',
      merchant_account: 'ShopEU',
      description: null,
    });
    expect(rest).toHaveLength(3);
    expect(rest.at(-1)).toMatchObject({
      provider: 'adyen',
      file: path,
      sha256: createHash('sha256').update(ADYEN).digest('hex'),
      rows: 3,
      totals: {
        capture: { EUR: { count: 1, gross_minor: 1_000, fee_minor: 30, net_minor: 970 } },
        refund: { EUR: { count: 1, gross_minor: -400, fee_minor: 0, net_minor: -400 } },
        payout: { EUR: { count: 1, gross_minor: -570, fee_minor: 0, net_minor: -570 } },
      },
      trailers: [],
      payouts: [{ line: 4, reference: 'TX1234567890XT', batch: '7', currency: 'EUR', amount_minor: 570 }],
      warnings: [],
    });
  });

  test('without it gives a table in major units', async () => {
    const { code, out } = await run({ file: file('adyen.csv', ADYEN), provider: 'adyen' });
    expect(code).toBe(0);
    expect(out).toMatch(/capture +Settled +P1 +10\.00 EUR +0\.30 +9\.70 EUR +2026-01-30T19:06:40Z/);
    expect(out).toContain('nothing odd about it');
  });

  test('a bad file ends with 2: file, line and what to do, and no totals', async () => {
    const path = file('bad.csv', ADYEN.replace('4.00', '"4,00"'));
    const { code, lines, err } = await run({ file: path, provider: 'adyen', json: true });
    expect(code).toBe(2);
    expect(err).toContain(`${path}, line 3, column "Gross Debit (GC)": "4,00" has a comma`);
    expect(err).toContain('ask for amounts with a decimal point');
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
      error: {
        file: path,
        line: 3,
        column: 'Gross Debit (GC)',
        reason: 'decimal_comma',
        message: '"4,00" has a comma: a decimal comma or a thousands separator',
        remedy:
          'ask for amounts with a decimal point and no separators; guessing could be a hundredfold wrong',
      },
    });
    expect(lines.join('\n')).not.toContain('"totals"');
  });

  test('packed files are refused, and unpacked where that is asked for', async () => {
    const path = file('adyen.csv.gz', gzipSync(ADYEN));
    expect((await run({ file: path, provider: 'adyen' })).err).toContain('compressed');
    const unpacked = await run({ file: path, provider: 'adyen', json: true, gunzip: true });
    expect(JSON.parse(unpacked.lines.at(-1) ?? '')).toMatchObject({ rows: 3 });
    const cut = file('cut.csv.gz', gzipSync(ADYEN).subarray(0, 100));
    expect((await run({ file: cut, provider: 'adyen', gunzip: true })).code).toBe(2);
  });

  test('a bank statement has lines of its own', async () => {
    const text = ':20:R\n:25:DE1\n:28C:1\n:60F:C260201EUR10,\n:61:260202C5,NTRFX//B\n:62F:C260202EUR15,\n';
    const { code, lines } = await run({ file: file('bank.sta', text), provider: 'mt940', json: true });
    expect(code).toBe(0);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ account: 'DE1', amount_minor: 500, reference: 'B' });
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({
      provider: 'mt940',
      rows: 1,
      totals: { credit: { EUR: { count: 1, net_minor: 500 } }, debit: {} },
      trailers: [{ opening_minor: 1_000, closing_minor: 1_500 }],
      warnings: [],
    });
  });

  test('unknown providers, files and mappings are wrong use, and the message helps', async () => {
    const path = file('adyen.csv', ADYEN);
    const refused = async (order: Partial<ParseOrder> & { file: string }, said: string) => {
      await expect(run(order)).rejects.toThrow(UsageError);
      await expect(run(order)).rejects.toThrow(said);
    };
    await refused({ file: path, provider: 'acme' }, 'stripe, adyen, paypal, checkout, camt053, mt940, bai2');
    await refused({ file: path }, '--provider');
    await refused({ file: join(folder, 'nothing.csv'), provider: 'adyen' }, 'cannot be read');
    await refused({ file: path, mapping: file('m.json', '{}') }, 'provider');
    await refused({ file: path, mapping: join(folder, 'none.json') }, 'cannot be used');
  });

  test('the verb itself: exit codes, and a reader that has heard enough', () => {
    const interlock = (command: string) =>
      spawnSync('sh', ['-c', `"${process.execPath}" "${join(ROOT, 'interlock')}" ${command}`], {
        encoding: 'utf8',
        timeout: 50_000,
      });
    expect(interlock(`settlement parse --provider acme '${file('adyen.csv', ADYEN)}'`)).toMatchObject({
      status: 2,
    });
    const rows = sheetOf(
      'adyen',
      Array.from({ length: 20_000 }, () => LINE),
    );
    const piped = interlock(
      `settlement parse --provider adyen '${file('many.csv', textOf(rows))}' --json | head -1`,
    );
    expect(JSON.parse(piped.stdout)).toMatchObject({ line: 2, gross_minor: 1_000 });
    expect(piped.stderr).toBe('');
  });
});
