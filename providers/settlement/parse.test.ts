import { describe, expect, test } from 'vitest';
import type { SettlementLayout } from './layout.ts';
import { parseSettlementBatches } from './parse.ts';
import { layoutNamed, settlementNames } from './registry.ts';
import { sheetOf, textOf } from './test-support/files.ts';
import { codesOf, pieces, readWhole, refusalOf } from './test-support/read.ts';

const LAYOUT: SettlementLayout = {
  provider: 'test',
  delimiter: ',',
  records: { by: 'header' },
  required: ['id', 'note'],
  units: 'major',
  moreDecimals: 'refuse',
  types: { column: 'type', map: { sale: 'capture' } },
  currency: 'currency',
  gross: { column: 'amount' },
  fees: { total: 'parts' },
  texts: {
    providerReference: [{ column: 'id' }],
    description: [{ column: 'note' }],
    batch: [{ column: 'b' }],
  },
  occurredAt: [{ column: 'at', zone: 'UTC' }],
  balance: { by: 'batch', payoutLine: 'never' },
};
const HEADER = 'id,type,amount,currency,at,note,b\n';
const row = (id: string, note = '', b = '') => `${id},sale,1.00,EUR,2026-01-01,${note},${b}\n`;

describe('a file in pieces', () => {
  test('of any size reads the same, characters of four bytes and a byte order mark included', async () => {
    const text = Buffer.from(`\ufeff${HEADER}${row('a', 'żółć 🙂')}${row('b', '"日本\n語"')}`);
    const whole = await readWhole(LAYOUT, text);
    expect(whole.rows.map(({ description }) => description)).toEqual(['żółć 🙂', '日本\n語']);
    for (const pieceBytes of [1, 2, 3, 5, 7]) {
      expect((await readWhole(LAYOUT, text, { pieceBytes })).rows).toEqual(whole.rows);
    }
  });

  test('whose buffer is used again by its stream is read as it was', async () => {
    const text = Buffer.from(HEADER + row('a') + row('b'));
    async function* reusing(): AsyncGenerator<Uint8Array> {
      const buffer = Buffer.alloc(5);
      for (let at = 0; at < text.length; at += 5) yield buffer.subarray(0, text.copy(buffer, 0, at, at + 5));
    }
    const ids: (string | undefined)[] = [];
    for await (const { rows } of parseSettlementBatches(reusing(), LAYOUT)) {
      for (const { providerReference } of rows) ids.push(providerReference);
    }
    expect(ids).toEqual(['a', 'b']);
  });

  test('that breaks off with an error has no end, and the error is the one of the stream', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(HEADER + row('a'));
      throw new Error('the connection was lost');
    }
    const read = async () => {
      for await (const { end } of parseSettlementBatches(broken(), LAYOUT)) expect(end).toBeUndefined();
    };
    await expect(read()).rejects.toThrow('the connection was lost');
  });
});

describe('lines', () => {
  test('are where records begin, whatever stands in quotes or between them', async () => {
    for (const newline of ['\n', '\r\n']) {
      const text = `${HEADER}${row('2')}${row('3', '"two\nlines"')}${row('5')}\n\n${row('8', '"a\nb\nc"')}${row('11')}`;
      const { rows, end } = await readWhole(LAYOUT, text.replaceAll('\n', newline));
      expect(rows.map(({ line, providerReference }) => [String(line), providerReference])).toEqual(
        ['2', '3', '5', '8', '11'].map((line) => [line, line]),
      );
      expect(end.lines).toBe(11);
    }
  });

  test('of refusals are right behind such records too', async () => {
    const text = `${HEADER}${row('a', '"x\r\ny\r\nz"')}\n${row('b').replace('1.00', 'x')}`;
    expect(await refusalOf(LAYOUT, text)).toMatchObject({ reason: 'bad_amount', line: 6, column: 'amount' });
  });
});

describe('bounds', () => {
  test('columns, bytes, lines and batches are as many as a real file could have, and no more', async () => {
    const wide = `${HEADER.trim()},${Array.from({ length: 600 }, (_, at) => `c${at}`).join(',')}\n`;
    expect(await refusalOf(LAYOUT, wide)).toMatchObject({ reason: 'too_many_columns', line: 1 });
    const bounds = { maxBytes: 100 };
    expect(await refusalOf(LAYOUT, HEADER + row('a').repeat(9), { bounds })).toMatchObject({
      reason: 'too_large',
    });
    const long = `${HEADER}${row('a')}${row('b', 'x'.repeat(2_000))}`;
    expect(await refusalOf(LAYOUT, long, { bounds: { maxLineBytes: 1_000 } })).toMatchObject({
      reason: 'line_too_long',
      line: 3,
    });
    // Many short lines in one quoted field are a record too long.
    const deep = `${HEADER}${row('a', `"${'x\n'.repeat(900)}"`)}`;
    expect(await refusalOf(LAYOUT, deep, { bounds: { maxLineBytes: 1_000 } })).toMatchObject({
      reason: 'line_too_long',
    });
    const batches = HEADER + Array.from({ length: 10_001 }, (_, at) => row('a', '', `b${at}`)).join('');
    expect(await refusalOf(LAYOUT, batches)).toMatchObject({ reason: 'too_many_batches', line: 10_002 });
  });

  test('only so many warnings are kept', async () => {
    const lines = Array.from({ length: 1_500 }, () => row('a').replace('1.00', '-1.00')).join('');
    const { end } = await readWhole(LAYOUT, HEADER + lines);
    expect(end.warnings).toHaveLength(1_001);
    expect(end.warnings.at(-1)).toEqual({ code: 'more_warnings', line: 1_501, message: 'and 500 more' });
  });

  test('a file that does not add up says so behind however many odd lines', async () => {
    const lines = Array.from({ length: 1_500 }, () => row('a', '', 'b1').replace('1.00', '-1.00')).join('');
    const balanced: SettlementLayout = { ...LAYOUT, balance: { by: 'batch', payoutLine: 'always' } };
    const { end } = await readWhole(balanced, HEADER + lines);
    const codes = end.warnings.map(({ code }) => code);
    expect(codes.filter((code) => code === 'sign_differs')).toHaveLength(1_000);
    expect(codes.slice(-2)).toEqual(['batch_not_balanced', 'more_warnings']);
  });
});

test('sums are exact beyond what a number holds', async () => {
  const lines = row('a').replace('1.00', '90071992547409.91').repeat(3);
  const { end } = await readWhole(LAYOUT, HEADER + lines);
  expect(end.totals.capture?.EUR?.netMinor).toBe(3n * 9_007_199_254_740_991n);
});

test('unknown columns are kept under their own names, such as objects have none included', async () => {
  const text = `id,type,amount,currency,at,note,b,__proto__,id \n${row('a').trim()},p,q\n`.replace(
    ',id \n',
    ',Extra\n',
  );
  const { rows } = await readWhole(LAYOUT, text);
  expect(Object.entries(rows[0]?.raw ?? {}).slice(-2)).toEqual([
    ['__proto__', 'p'],
    ['Extra', 'q'],
  ]);
});

test('a header alone is a day on which nothing happened', async () => {
  for (const layout of ['stripe', 'adyen', 'checkout'] as const) {
    const whole = await readWhole(layout, textOf(sheetOf(layout, [])));
    expect(whole.rows).toEqual([]);
    expect(codesOf(whole)).toEqual([]);
  }
});

test('rows some at a time are the same rows, and the last batch alone has an end', async () => {
  const text = HEADER + row('a', 'note').repeat(5_000);
  const ends: boolean[] = [];
  let count = 0;
  for await (const { rows, end } of parseSettlementBatches(pieces(Buffer.from(text), 10_000), LAYOUT)) {
    count += rows.length;
    ends.push(end !== undefined);
  }
  expect(count).toBe(5_000);
  expect(ends.length).toBeGreaterThan(5);
  expect(ends.indexOf(true)).toBe(ends.length - 1);
});

test('every layout is found by its name', () => {
  expect(settlementNames()).toEqual(['stripe', 'adyen', 'paypal', 'checkout', 'camt053', 'mt940', 'bai2']);
  expect(layoutNamed('acme')).toBeUndefined();
});
