import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { agoOf, onMinute } from './ago.ts';

const HOUR_MS = 3_600_000;

describe('a relative time', () => {
  it('counts whole steps and names no day of the calendar', () => {
    expect(agoOf(-47 * HOUR_MS)).toBe('1 day ago');
    expect(agoOf(-48 * HOUR_MS)).toBe('2 days ago');
    expect(agoOf(25 * HOUR_MS)).toBe('in 1 day');
    expect(agoOf(-90 * 60_000)).toBe('1 hr. ago');
    expect(agoOf(-61_000)).toBe('1 min. ago');
    expect(agoOf(59_000)).toBe('this minute');
  });

  describe('goes on', () => {
    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    it('each minute, all of them by one clock that stops with the last', () => {
      const heard: string[] = [];
      const stopFirst = onMinute(() => heard.push('first'));
      const stopSecond = onMinute(() => heard.push('second'));
      expect(vi.getTimerCount()).toBe(1);
      vi.advanceTimersByTime(60_000);
      expect(heard).toEqual(['first', 'second']);
      stopFirst();
      vi.advanceTimersByTime(60_000);
      expect(heard).toEqual(['first', 'second', 'second']);
      stopSecond();
      expect(vi.getTimerCount()).toBe(0);
    });
  });
});
