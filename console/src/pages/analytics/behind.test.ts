import { describe, expect, it } from 'vitest';
import { listQuerySchema } from '../../../../api/story/schema.ts';
import { FILTERS, instantOf, listQueryOf, localOf, paymentsHref } from '../payments/filters.ts';
import { paymentsBehind } from './behind.ts';

const PERIOD = { from: '2026-11-01T05:00:00.000Z', to: '2026-11-08T05:00:00.000Z' };
const LOOKED_AT = '?merchant=mer_demo/live';

/** What the list asks the API for when it is opened by that address, as useUrlState reads one. */
function asked(href: string | undefined) {
  const [, search] = /^\/payments\?(.*)$/.exec(href ?? '') ?? [];
  const given = new URLSearchParams(search);
  const state = Object.fromEntries(
    Object.entries(FILTERS).map(([name, value]) => [name, given.get(name) ?? value]),
  ) as typeof FILTERS;
  return listQuerySchema.parse({ ...listQueryOf(state), limit: '50' });
}

describe('the payments behind a row of figures', () => {
  it('are asked of the API for the period, merchant, mode and group of that row', () => {
    const row = { at: null, group: { currency: 'USD' } };
    const query = { mode: 'live', merchant: 'mer_a', provider: 'stripe', by: 'currency' } as const;
    const href = paymentsBehind(row, query, PERIOD, LOOKED_AT);
    expect(asked(href)).toMatchObject({
      merchant: 'mer_a',
      mode: 'live',
      provider: 'stripe',
      currency: 'USD',
      created_from: Date.parse(PERIOD.from),
      created_before: Date.parse(PERIOD.to),
    });
    // Whom the console looks at stays as it was.
    expect(new URLSearchParams(href?.split('?')[1]).get('merchant')).toBe('mer_demo/live');
  });

  it('are those of its bucket, and of no time outside of the period', () => {
    const of = (at: string) =>
      asked(paymentsBehind({ at, group: {} }, { mode: 'test', bucket: 'day' }, PERIOD, ''));
    expect(of('2026-11-03T00:00:00.000Z')).toMatchObject({
      created_from: Date.parse('2026-11-03T00:00:00.000Z'),
      created_before: Date.parse('2026-11-04T00:00:00.000Z'),
    });
    expect(of('2026-11-01T00:00:00.000Z').created_from).toBe(Date.parse(PERIOD.from));
    expect(of('2026-11-08T00:00:00.000Z').created_before).toBe(Date.parse(PERIOD.to));
  });

  it('are not linked where the list cannot tell them apart', () => {
    const behind = (group: Record<string, string>, filter: object = {}) =>
      paymentsBehind({ at: null, group }, { mode: 'test', ...filter }, PERIOD, '');
    expect(behind({ brand: 'visa' })).toBeUndefined();
    expect(behind({ provider: 'stripe', country: 'DE' })).toBeUndefined();
    expect(behind({ reason: 'expired_card' })).toBeUndefined();
    expect(behind({ provider: '' })).toBeUndefined();
    expect(behind({ currency: 'EUR' }, { brand: 'visa' })).toBeUndefined();
    expect(behind({ currency: 'EUR' })).toBeDefined();
  });
});

describe('the filters of the list', () => {
  it('are all known to the API', () => {
    const filled = {
      ...FILTERS,
      of_merchant: 'mer_a',
      mode: 'test',
      status: 'failed',
      created_from: '2026-11-01',
      amount_from: '100',
      needs_attention: 'true',
      after: 'page_2',
    };
    expect(asked(paymentsHref(filled))).toMatchObject({
      merchant: 'mer_a',
      amount_from: 100,
      cursor: 'page_2',
    });
  });

  it('show an instant in local time, and take it back as the same instant', () => {
    expect(instantOf(localOf('2026-11-03T04:05:00.000Z'))).toBe('2026-11-03T04:05:00.000Z');
    expect(localOf('tomorrow')).toBe('');
    expect(instantOf('')).toBe('');
  });
});
