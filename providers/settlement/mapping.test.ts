import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../../test/tidy/sources.ts';
import { MappingError, parseMapping } from './mapping.ts';
import { readWhole, refusalOf } from './test-support/read.ts';

/** The example of the document is the one that is tried here. */
function documented(): string {
  const text = readFileSync(join(ROOT, 'docs/settlement-formats.md'), 'utf8');
  return /```json\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
}

const FILE = `Datum;Zone;Art;Zahlung;Betrag;Gebühr;Auszahlung;Währung;Notiz
30.01.2026 10:00;Europe/Berlin;Umsatz;acq-1;12.50;0.35;12.15;EUR;x
31.01.2026 10:00;Europe/Berlin;Storno;acq-1;-12.50;;-12.50;eur;
31.01.2026 10:00;Europe/Berlin;Sonstiges;;-1.00;;-1.00;EUR;
`;

describe('a mapping', () => {
  test('reads any CSV file as it says', async () => {
    const { rows, end } = await readWhole(parseMapping(documented()), FILE);
    expect(rows).toMatchObject([
      {
        type: 'capture',
        providerType: 'Umsatz',
        providerReference: 'acq-1',
        grossMinor: 1250,
        feeMinor: 35,
        netMinor: 1215,
        fees: [{ kind: 'processing', amountMinor: 35 }],
        occurredAt: '2026-01-30T09:00:00.000Z',
        raw: { Notiz: 'x' },
      },
      { type: 'refund', grossMinor: -1250, currency: 'EUR' },
      { type: 'unknown', providerType: 'Sonstiges', netMinor: -100 },
    ]);
    expect(end.warnings).toEqual([]);
  });

  test('refuses a file without its columns, by their names', async () => {
    const refused = await refusalOf(parseMapping(documented()), FILE.replace('Betrag', 'Summe'));
    expect(refused).toMatchObject({ reason: 'missing_column', line: 1, column: 'Betrag' });
    expect(refused.message).toContain('"Betrag"');
  });

  test.each([
    ['no JSON', '{', 'not JSON'],
    ['a key that means nothing', { kolumn: 1 }, 'kolumn'],
    ['a type that is none', { types: { column: 'Art', map: { Umsatz: 'sale' } } }, 'types.map.Umsatz'],
    [
      'a pattern that is none',
      { texts: { batch: [{ column: 'x', pattern: '(' }] } },
      'texts.batch.0.pattern',
    ],
    ['a pattern without a group', { texts: { batch: [{ column: 'x', pattern: 'x' }] } }, 'pattern'],
    ['a fee that stands nowhere', { fees: { total: 'column' } }, 'fees.column'],
    ['a difference to nothing', { fees: { total: 'difference' }, net: undefined }, 'net'],
  ])('with %s cannot be used, and says what', (_name, change, said) => {
    const text =
      typeof change === 'string' ? change : JSON.stringify({ ...JSON.parse(documented()), ...change });
    expect(() => parseMapping(text)).toThrow(MappingError);
    expect(() => parseMapping(text)).toThrow(said);
  });
});
