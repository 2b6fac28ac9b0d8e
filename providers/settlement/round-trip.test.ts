import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LAYOUTS, type Line, sheetOf, textOf } from './test-support/files.ts';
import { meaningOf, readWhole } from './test-support/read.ts';

const amounts = fc.integer({ min: 1, max: 999_999_999_999 });
const references = fc.stringMatching(/^[A-Za-z0-9_]{1,30}$/);

/** Lines of every kind, with the sign that their kind has; fees on fees would be no line of any provider. */
const lines: fc.Arbitrary<Line> = fc
  .record({
    kind: fc.constantFrom('capture', 'refund', 'chargeback', 'fee'),
    currency: fc.constantFrom('EUR', 'USD', 'JPY', 'KWD'),
    size: amounts,
    fee: fc.integer({ min: 0, max: 1_000_000 }),
    reference: references,
    atSeconds: fc.integer({ min: 1_700_000_000, max: 1_800_000_000 }),
  })
  .map(({ size, fee, ...same }) => ({
    ...same,
    grossMinor: same.kind === 'capture' ? size : -size,
    feeMinor: same.kind === 'fee' ? 0 : fee,
  }));

test.each(LAYOUTS)('lines written as %s are read back exactly', async (layout) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(lines, { maxLength: 12 }),
      fc.integer({ min: 1, max: 200 }),
      fc.constantFrom('\n', '\r\n'),
      async (written, pieceBytes, newline) => {
        const sheet = sheetOf(layout, written);
        const { rows, end } = await readWhole(layout, textOf(sheet, newline), { pieceBytes });
        expect(end.warnings).toEqual([]);
        expect(rows.map((row, at) => meaningOf(row, sheet.meanings[at]?.reference !== undefined))).toEqual(
          sheet.meanings,
        );
        // The last of a record's cells are what the record says, under the file's own names.
        expect(rows.map(({ raw }) => Object.values(raw))).toEqual(sheet.rows);
        for (const { fees, feeMinor } of rows) {
          if (fees.length > 0) expect(fees.reduce((sum, fee) => sum + fee.amountMinor, 0)).toBe(feeMinor);
        }
        const net = Object.values(end.totals).flatMap((byCurrency) =>
          Object.values(byCurrency).map(({ netMinor }) => netMinor),
        );
        const expected = sheet.meanings.reduce((sum, { netMinor }) => sum + BigInt(netMinor), 0n);
        expect(net.reduce((sum, each) => sum + each, 0n)).toBe(expected);
        expect(end.rows).toBe(rows.length);
      },
    ),
    { numRuns: 120 },
  );
});
