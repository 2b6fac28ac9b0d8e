import { describe, expect, it } from 'vitest';
import { dotsOf, isCrowded, linesOf } from './points.ts';

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('a chart', () => {
  it('draws a lone value as a dot, however long the line is', () => {
    expect(dotsOf(range(200).map((index) => (index === 77 ? 1 : null)))).toEqual([77]);
    const gapped = range(200).map((index) => (index === 41 || index === 43 ? null : 1));
    expect(dotsOf(gapped)).toEqual([42]);
  });

  it('draws all of a few values as dots, and none of a long line', () => {
    expect(dotsOf([1, 2, null, 3])).toEqual([0, 1, 3]);
    expect(dotsOf(range(25))).toEqual([]);
  });

  it('knows when labels of bars would overlap', () => {
    expect(isCrowded([['stripe'], ['adyen']], 600)).toBe(false);
    const sixteen = (name: string) => Array.from({ length: 16 }, () => linesOf(name));
    expect(isCrowded(sixteen('demo_adyen_eu · unknown'), 900)).toBe(true);
    // Below each other its parts take less room than beside each other.
    expect(isCrowded(sixteen('adyen · DE · visa'), 900)).toBe(false);
  });

  it('tells names apart that begin alike', () => {
    expect(linesOf('adyen · unknown · visa')).toEqual(['adyen', 'unknown', 'visa']);
    expect(linesOf('pa_mer_abcdefghijklmnop')).toEqual(['pa_mer_abcdefghij…']);
  });
});
