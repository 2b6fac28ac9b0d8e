import { describe, expect, it } from 'vitest';
import { boundsOf, dateAt, dayBefore, isBusinessDate, isTimeZone } from './day.ts';

const iso = (ms: number) => new Date(ms).toISOString();

describe('a business day', () => {
  it.each([
    ['UTC', '2026-11-20', '2026-11-20T00:00:00.000Z', '2026-11-21T00:00:00.000Z'],
    ['Europe/Berlin', '2026-11-20', '2026-11-19T23:00:00.000Z', '2026-11-20T23:00:00.000Z'],
    ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'],
    ['America/Los_Angeles', '2026-11-01', '2026-11-01T07:00:00.000Z', '2026-11-02T08:00:00.000Z'],
    ['Pacific/Kiritimati', '2026-01-01', '2025-12-31T10:00:00.000Z', '2026-01-01T10:00:00.000Z'],
    ['Asia/Kathmandu', '2026-02-28', '2026-02-27T18:15:00.000Z', '2026-02-28T18:15:00.000Z'],
    // Clocks jump from 0:00 to 1:00: the day has no midnight.
    ['Africa/Cairo', '2026-04-24', '2026-04-23T22:00:00.000Z', '2026-04-24T21:00:00.000Z'],
  ])('in %s is %s from %s to %s', (timeZone, date, from, to) => {
    const { fromMs, toMs } = boundsOf(date, timeZone);
    expect([iso(fromMs), iso(toMs)]).toEqual([from, to]);
    expect([dateAt(fromMs, timeZone), dateAt(toMs - 1, timeZone)]).toEqual([date, date]);
    expect(dayBefore(dateAt(toMs, timeZone))).toBe(date);
  });

  it('is a date of the calendar', () => {
    expect(['2026-02-28', '2024-02-29'].every(isBusinessDate)).toBe(true);
    expect(['2026-02-29', '2026-13-01', '26-01-01', '2026-1-1', '', '2026-01-01x'].some(isBusinessDate)).toBe(
      false,
    );
    expect(['Europe/Berlin', 'UTC'].every(isTimeZone)).toBe(true);
    expect(['Mars/Olympus', ''].some(isTimeZone)).toBe(false);
  });
});
