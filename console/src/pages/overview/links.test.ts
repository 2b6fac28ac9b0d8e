import { describe, expect, it } from 'vitest';
import { lagHref, providerHref, queueHref, reportHref } from './links.ts';

const KEEP = '?merchant=mer_demo/live';
const TO = '2026-11-22T05:30:00.000Z';
const seen = (hours: number, merchant: string | null = 'mer_demo') => ({
  merchant,
  mode: 'live' as const,
  from: new Date(Date.parse(TO) - hours * 3_600_000).toISOString(),
  to: TO,
  bucket: hours <= 168 ? ('hour' as const) : ('day' as const),
});
const filtersOf = (href: string) => Object.fromEntries(new URLSearchParams(href.split('?')[1]));

describe('a figure of the overview leads to the same figure', () => {
  it.each([
    [24, '1'],
    [168, '7'],
    [720, '30'],
  ])('of the last %i hours', (hours, days) => {
    const href = reportHref('approval', seen(hours), KEEP);
    expect(href.split('?')[0]).toBe('/analytics/approval');
    expect(filtersOf(href)).toEqual({ merchant: 'mer_demo/live', whose: 'one', days });
  });

  it('of the last hour, in its day by hours', () => {
    expect(filtersOf(reportHref('retries', seen(1), ''))).toEqual({
      whose: 'one',
      days: '1',
      bucket: 'hour',
    });
  });

  it('of all merchants', () => {
    expect(filtersOf(reportHref('volume', seen(24, null), KEEP))).toMatchObject({ whose: 'all' });
    expect(filtersOf(lagHref(seen(24, null), KEEP))).toMatchObject({ whose: 'all', days: '30' });
    expect(queueHref('exceptions', seen(24, null), '')).toBe('/queues/exceptions?mode=live');
  });

  it('of its merchant and its mode in a queue, without what is only pending', () => {
    const filters = { merchant: 'mer_demo/live', of_merchant: 'mer_demo', mode: 'live' };
    expect(filtersOf(queueHref('exceptions', seen(24), KEEP))).toEqual(filters);
    expect(filtersOf(queueHref('unknowns', seen(24), KEEP))).toEqual({ ...filters, status: 'unknown' });
  });

  it('of the row’s own merchant, whomever the overview looks at', () => {
    const href = providerHref({ merchant: 'mer_other', provider: 'adyen' }, seen(720, null));
    expect(filtersOf(href)).toEqual({
      merchant: 'mer_other/live',
      whose: 'one',
      provider: 'adyen',
      bucket: 'day',
      days: '30',
    });
  });
});
