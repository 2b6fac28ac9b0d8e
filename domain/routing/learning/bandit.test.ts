import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BanditCandidate, derivedDraw, drawnWithin, rankBySuccess } from './index.ts';

const FULL = 1_000_000;

function candidate(accountId: string, ratePpm: number, samples = 1_000, weightPpm = FULL): BanditCandidate {
  return {
    accountId,
    success: { ratePpm, samples, cell: 'account', windowMs: 1 },
    health: { weightPpm },
  };
}

const DRAWS = Array.from({ length: 4_000 }, (_none, index) => derivedDraw(index, 'payment'));
const anyCandidates = fc.uniqueArray(
  fc.record({
    accountId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    ratePpm: fc.nat(FULL),
    samples: fc.nat(5_000),
    weightPpm: fc.nat(FULL),
  }),
  { minLength: 1, selector: ({ accountId }) => accountId },
);
const anyOptions = fc.record({
  explorePpm: fc.nat(FULL),
  guardRailPpm: fc.nat(100_000),
  orderedFallback: fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e', 'f']),
});
const anyDraw = fc.nat(0xffffffff);

function built(given: { accountId: string; ratePpm: number; samples: number; weightPpm: number }[]) {
  return given.map((each) => candidate(each.accountId, each.ratePpm, each.samples, each.weightPpm));
}

describe('ranking by success', () => {
  it('never expects less than the ordered list does by more than the guard rail', () => {
    fc.assert(
      fc.property(anyCandidates, anyDraw, anyOptions, (given, draw, options) => {
        const { order, numbers } = rankBySuccess(built(given), draw, options);
        const expected = new Map(numbers.map((each) => [each.accountId, each.expectedPpm]));
        const listed = options.orderedFallback.find((accountId) => expected.has(accountId));
        const least = (listed === undefined ? 0 : (expected.get(listed) ?? 0)) - options.guardRailPpm;
        expect(expected.get(order[0] ?? '') ?? 0).toBeGreaterThanOrEqual(least);
      }),
      { numRuns: 500 },
    );
  });

  it('orders every account once, and the same draw gives the same order', () => {
    fc.assert(
      fc.property(anyCandidates, anyDraw, anyOptions, (given, draw, options) => {
        const { order } = rankBySuccess(built(given), draw, options);
        expect([...order].sort()).toEqual(given.map(({ accountId }) => accountId).sort());
        expect(rankBySuccess(built([...given].reverse()), draw, options).order).toEqual(order);
      }),
    );
  });

  it('gives up the first place only to say so, with what it costs', () => {
    fc.assert(
      fc.property(anyCandidates, anyDraw, anyOptions, (given, draw, options) => {
        const { order, numbers, exploration } = rankBySuccess(built(given), draw, options);
        const best = Math.max(...numbers.map(({ expectedPpm }) => expectedPpm));
        const first = numbers[0]?.expectedPpm ?? 0;
        expect(best - first).toBe(exploration?.marginPpm ?? 0);
        if (exploration !== undefined) expect(exploration.instead).not.toBe(order[0]);
      }),
    );
  });

  it('explores no larger a share than it is told', () => {
    const candidates = [candidate('a', 900_000, 20), candidate('b', 895_000, 20)];
    const options = { explorePpm: 100_000, guardRailPpm: 20_000, orderedFallback: ['a', 'b'] };
    const explored = DRAWS.filter(
      (draw) => rankBySuccess(candidates, draw, options).exploration !== undefined,
    );
    expect(explored.length / DRAWS.length).toBeLessThan(0.1);
    expect(explored.length / DRAWS.length).toBeGreaterThan(0.02);
  });

  it('explores what it knows little of more than what it knows well', () => {
    const options = { explorePpm: FULL, guardRailPpm: 100_000, orderedFallback: ['a', 'b'] };
    const share = (samples: number) => {
      const candidates = [candidate('a', 900_000, 20_000), candidate('b', 860_000, samples)];
      return (
        DRAWS.filter((draw) => rankBySuccess(candidates, draw, options).order[0] === 'b').length /
        DRAWS.length
      );
    };
    expect(share(10)).toBeGreaterThan(0.2);
    expect(share(20_000)).toBe(0);
  });

  it('says whom the guard rail held back', () => {
    const candidates = [candidate('a', 900_000, 10), candidate('b', 800_000, 2)];
    const options = { explorePpm: FULL, guardRailPpm: 10_000, orderedFallback: ['a', 'b'] };
    const answers = DRAWS.map((draw) => rankBySuccess(candidates, draw, options));
    expect(answers.every(({ order }) => order[0] === 'a')).toBe(true);
    expect(answers.some(({ heldBack }) => heldBack?.belowPpm === 100_000)).toBe(true);
  });

  it('counts the success of a degraded account for less', () => {
    const candidates = [candidate('a', 900_000, 1_000, 500_000), candidate('b', 700_000)];
    const options = { explorePpm: 0, guardRailPpm: 0, orderedFallback: ['a', 'b'] };
    expect(rankBySuccess(candidates, 1, options).numbers).toEqual([
      { accountId: 'b', ratePpm: 700_000, weightPpm: FULL, expectedPpm: 700_000 },
      { accountId: 'a', ratePpm: 900_000, weightPpm: 500_000, expectedPpm: 450_000 },
    ]);
  });

  it('breaks ties as the list has it, and answers nothing to nobody', () => {
    const candidates = [candidate('a', 1), candidate('b', 1), candidate('c', 1)];
    const options = { explorePpm: 0, guardRailPpm: 0, orderedFallback: ['c', 'b'] };
    expect(rankBySuccess(candidates, 1, options).order).toEqual(['c', 'b', 'a']);
    expect(rankBySuccess([], 1, options).order).toEqual([]);
  });
});

describe('draws', () => {
  it('of one payment are the same for ever, and even over many payments', () => {
    expect(derivedDraw(12_345, 'explore')).toBe(derivedDraw(12_345, 'explore'));
    const share =
      DRAWS.filter((draw) => drawnWithin(derivedDraw(draw, 'explore'), 250_000)).length / DRAWS.length;
    expect(Math.abs(share - 0.25)).toBeLessThan(0.03);
  });

  it('for different words have nothing to do with each other', () => {
    const both = DRAWS.filter((draw) =>
      ['one', 'other'].every((word) => drawnWithin(derivedDraw(draw, word), 500_000)),
    );
    expect(Math.abs(both.length / DRAWS.length - 0.25)).toBeLessThan(0.03);
  });
});
