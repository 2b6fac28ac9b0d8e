import { expect, it } from 'vitest';
import { parseInstant, parsePeriod } from './period.ts';

const iso = (name: string) => {
  const period = parsePeriod(name);
  return period && [period.fromMs, period.untilMs].map((ms) => new Date(ms).toISOString().slice(0, 10));
};

it.each([
  ['2026-11', ['2026-11-01', '2026-12-01']],
  ['2026-12', ['2026-12-01', '2027-01-01']],
  ['2028-02', ['2028-02-01', '2028-03-01']],
  ['2026-11-21', ['2026-11-21', '2026-11-22']],
  ['2028-02-29', ['2028-02-29', '2028-03-01']],
  ['2026-12-31', ['2026-12-31', '2027-01-01']],
])('%s is from its first to the next one’s first', (name, bounds) => {
  expect(iso(name)).toEqual(bounds);
});

it.each([
  '2026',
  '2026-13',
  '2026-00',
  '2026-02-29',
  '2026-04-31',
  '2026-11-00',
  '26-11',
  '2026-1',
  '2026-11-21T00',
  '',
])('%j is no period', (name) => {
  expect(parsePeriod(name)).toBeUndefined();
});

it('the days of a month are the month, without a gap', () => {
  const days = Array.from({ length: 30 }, (_, n) => parsePeriod(`2026-11-${String(n + 1).padStart(2, '0')}`));
  const month = parsePeriod('2026-11');
  expect(days[0]?.fromMs).toBe(month?.fromMs);
  expect(days.at(-1)?.untilMs).toBe(month?.untilMs);
  for (const [n, day] of days.slice(1).entries()) expect(day?.fromMs).toBe(days[n]?.untilMs);
});

it('an instant is Unix seconds or ISO 8601 in UTC', () => {
  const ms = Date.UTC(2026, 10, 21, 17, 28);
  expect(['2026-11-21T17:28:00Z', '2026-11-21T17:28:00.000Z', String(ms / 1_000)].map(parseInstant)).toEqual([
    ms,
    ms,
    ms,
  ]);
  const wrong = [
    'now',
    '2026-11-21',
    '2026-11-21T17:28:00+01:00',
    '2026-02-30T00:00:00Z',
    '2026-11-21T25:00:00Z',
    '-1',
  ];
  expect(wrong.map(parseInstant)).toEqual(wrong.map(() => undefined));
});
