import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLuhnValid } from '../vault/index.ts';
import { containsCardNumber } from './card-data.ts';

const holds = (text: string) => containsCardNumber(text, isLuhnValid);
const PAN = '4242424242424242';

describe('a name in hexadecimal', () => {
  // Random ones meet it too rarely: the number stands in each of them.
  const hex = (min: number, max: number) =>
    fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: min, maxLength: max });
  const numbered = fc
    .tuple(fc.constantFrom(PAN, '378282246310005', '4222222222222'), hex(4, 8), hex(4, 8))
    .filter(([, before, after]) => /^[0-9]*[a-f]+[0-9]*[a-f]$/.test(before) && /^[a-f]/.test(after))
    .map(([pan, before, after]) => before + pan + after);

  it('holds no card number, whatever its digits come to, also behind a prefix or in capitals', () => {
    fc.assert(
      fc.property(numbered, fc.constantFrom('', 'opr_', 'sc_', '/v1/people/', 'order-'), (name, prefix) => {
        expect([holds(prefix + name), holds(`${prefix}${name.toUpperCase()}?x=1`)]).toEqual([false, false]);
      }),
    );
  });

  it('is none where letters stand at one place only, or others than a to f', () => {
    for (const text of [PAN, `cc${PAN}`, `${PAN}cc`, `pan${PAN}x`, `abz${PAN}z`, `a${PAN}`, `cc ${PAN} cc`]) {
      expect([text, holds(text)]).toEqual([text, true]);
    }
  });
});
