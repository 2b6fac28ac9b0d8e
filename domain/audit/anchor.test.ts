import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANCHOR_GENESIS, anchorLine, readAnchor } from './anchor.ts';

const key = new Uint8Array(32).fill(7);
const head = (sequence: number) => ({ ownerId: 'pay_a', sequence, hash: `hash-${sequence}` });
const first = anchorLine(ANCHOR_GENESIS, 0, [head(1)], key);
const second = anchorLine(first, 60_000, [head(2), head(3)], key);
const text = `${first}\n${second}\n`;

describe('an anchor file', () => {
  it('gives back every head that was written', () => {
    expect(readAnchor(text, key)).toEqual({ heads: [head(1), head(2), head(3)], problems: [] });
  });

  it('shows a line that was left out, put elsewhere, or signed by somebody else', () => {
    expect(readAnchor(`${second}\n`, key).problems).toEqual(['line 1 does not follow the line before it']);
    expect(readAnchor(`${second}\n${first}\n`, key).problems).toHaveLength(2);
    expect(readAnchor(text, new Uint8Array(32)).problems).toHaveLength(2);
  });

  it('shows any changed character', () => {
    fc.assert(
      fc.property(fc.nat(text.length - 2), fc.constantFrom('0', 'a', '"', ' '), (at, character) => {
        fc.pre(text[at] !== character && text[at] !== '\n');
        const changed = readAnchor(text.slice(0, at) + character + text.slice(at + 1), key);
        expect(changed.problems.length).toBeGreaterThan(0);
      }),
    );
  });
});
