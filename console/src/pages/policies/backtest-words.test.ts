import { describe, expect, it } from 'vitest';
import { isUnpriced, readText, shareRead, verdictOf } from './backtest-words.ts';

const at = (read: number, total: number, isAtLeast = false) => ({ read, total, at_least: isAtLeast });
const success = (expected: number, low: number, high: number) => ({
  actual_ppm: 900_000,
  draft_ppm: 900_000 + expected,
  change_ppm: { expected, low, high },
});

describe('how far a back-test is', () => {
  it('is told as a share of what was counted', () => {
    expect(readText(at(250, 1_000))).toBe('250 of 1,000 payments');
    expect(shareRead(at(250, 1_000))).toBe(0.25);
    expect(shareRead(at(0, 0))).toBe(1);
  });

  it('has no share where the count ended at its bound', () => {
    expect(shareRead(at(60_000, 100_000, true))).toBeUndefined();
    expect(readText(at(60_000, 100_000, true))).toBe('60,000 of at least 100,000 payments');
  });
});

describe('what a back-test found', () => {
  it('is nothing where nothing was compared', () => {
    const { title, text } = verdictOf(null);
    expect(title).toBe('No payment could be compared.');
    expect(text).not.toContain('0.00');
  });

  it('is a change with its bounds, and whether these hold none', () => {
    expect(verdictOf(success(12_000, 4_000, 20_000))).toEqual({
      tone: 'good',
      title: 'Success would change by +1.20 percentage points.',
      text: 'In 95 of 100 cases between +0.40 and +2.00.',
    });
    expect(verdictOf(success(1_000, -4_000, 6_000))).toMatchObject({
      tone: 'info',
      text: expect.stringContaining('cannot tell the two apart'),
    });
  });

  it('is no cost in a currency of which no payment has a known fee', () => {
    expect(isUnpriced({ unpriced: 3, actual_rate_ppm: null, draft_rate_ppm: null })).toBe(true);
    expect(isUnpriced({ unpriced: 3, actual_rate_ppm: 14_000, draft_rate_ppm: 13_000 })).toBe(false);
    expect(isUnpriced({ unpriced: 0, actual_rate_ppm: null, draft_rate_ppm: null })).toBe(false);
  });
});
