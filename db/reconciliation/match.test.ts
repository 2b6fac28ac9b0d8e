import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectedFee, type FeeContract } from '../../domain/reconciliation/fees.ts';
import type { SettlementRow } from '../../domain/reconciliation/row.ts';
import { copyText } from './copy-rows.ts';
import { asContracted } from './match.ts';
import { query, sql } from './pool.ts';
import { addAccount, capture, closeDay, type Day, openDay, row, verdicts } from './test-support/day.ts';
import { sales } from './test-support/payments.ts';

/** What SQL takes for clean, against what the domain says, and how lines find their bookings. */
let day: Day | undefined;
afterEach(async () => {
  await day?.close();
  day = undefined;
});

const opened = async (settings: object = {}): Promise<Day> => {
  day = await openDay(settings);
  return day;
};

describe('a contract’s fee', () => {
  const rule = fc.record({
    on: fc.constantFrom('capture' as const, 'refund' as const),
    currency: fc.constantFrom('USD', 'EUR'),
    kind: fc.constantFrom('processing' as const, 'scheme' as const),
    bps: fc.integer({ min: -400, max: 400 }),
    fixedMinor: fc.integer({ min: -50, max: 50 }),
  });
  const line = fc.record({
    type: fc.constantFrom('capture' as const, 'refund' as const),
    settlementCurrency: fc.constantFrom('USD', 'EUR'),
    netMinor: fc.integer({ min: -1_000_000, max: 1_000_000 }),
    feeMinor: fc.integer({ min: -300, max: 300 }),
  });

  it('is the same in SQL and in the domain, for any rules and lines', async () => {
    const { pool } = await opened();
    await fc.assert(
      fc.asyncProperty(fc.array(rule, { maxLength: 5 }), line, async (contract, some) => {
        const expected = expectedFee(contract as FeeContract, { ...row(1), ...some });
        // Half of the time the line has the very fee, so that both answers are met.
        const feeMinor = some.netMinor % 2 === 0 ? some.feeMinor : (expected?.totalMinor ?? some.feeMinor);
        const asked = { ...some, netMinor: some.netMinor + some.feeMinor - feeMinor, feeMinor };
        const [answer] = await query<{ fits: boolean }>(
          pool,
          sql`SELECT ${asContracted({ feeContract: contract })} AS fits FROM (SELECT ${asked.type}::text AS type,
            ${asked.settlementCurrency}::text AS settlement_currency, ${asked.netMinor}::bigint AS net_minor,
            ${asked.feeMinor}::bigint AS fee_minor) i`,
        );
        const domain = expectedFee(contract as FeeContract, { ...row(1), ...asked });
        expect(answer?.fits).toBe(domain === undefined || domain.totalMinor === asked.feeMinor);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a line that fits but for one thing is looked at', () => {
  const settings = {
    merchantAccount: 'Shop',
    fxRates: { USD: '0.5' },
    fees: [{ on: 'capture', currency: 'USD', kind: 'processing', bps: 290, fixedMinor: 30 }],
  };
  const exchanged = { settlementCurrency: 'EUR', feeMinor: 0, netMinor: 500, fees: [] };

  it.each<[string, Partial<SettlementRow>, string]>([
    ['nothing', { merchantAccount: 'Shop' }, 'clean'],
    ['another merchant account', { merchantAccount: 'Other' }, 'WRONG_MERCHANT_ACCOUNT'],
    ['another fee', { feeMinor: 300 }, 'FEE_VARIANCE'],
    ['the agreed rate', { ...exchanged, exchangeRate: '0.5' }, 'clean'],
    ['the agreed rate, written longer', { ...exchanged, exchangeRate: '0.5000' }, 'clean'],
    ['another rate', { ...exchanged, netMinor: 600, exchangeRate: '0.6' }, 'FX_RATE_VARIANCE'],
    ['a date long after', { occurredAt: '2027-03-01T00:00:00.000Z' }, 'LATE_PRESENTMENT'],
    ['a net that is not gross less fee', { netMinor: 900 }, 'ROUNDING_EXPONENT'],
  ])('%s', async (_what, over, verdict) => {
    const here = await opened(settings);
    await sales(here, 'pi_1');
    const { file } = await closeDay(here, [capture(2, 'pi_1', over)]);
    const [found] = Object.values(await verdicts(here, file.id));
    if (verdict === 'ROUNDING_EXPONENT') expect(found).not.toBe('clean');
    else expect(found).toBe(verdict);
  });
});

describe('several captures of one payment', () => {
  let here: Day;
  beforeEach(async () => {
    here = await opened();
    await here.database.sql(
      `INSERT INTO booking (id, account_id, merchant_id, payment_id, owner_id, attempt_id, kind, status, provider_reference,
         currency, amount_minor, booked_at)
       SELECT 'op_' || n, 'pa_demo_stripe', 'mer_demo', 'pay_x', 'pay_x', 'att_x', 'capture', 'expected', 'pi_many', 'USD', a,
         '2026-11-20'::timestamptz
       FROM (VALUES (1, 500), (2, 300), (3, 300)) AS v(n, a)`,
    );
  });

  const linked = async (file: { readonly id: string }) =>
    here.database.sql<{ booking_id: string; verdict: string }>(
      'SELECT booking_id, verdict FROM settlement_row WHERE file_id = $1 ORDER BY line',
      [file.id],
    );
  const settledBy = async (
    amounts: readonly number[],
    more?: { readonly name: string; readonly date: string },
  ) => {
    const rows = amounts.map((grossMinor, index) => capture(index + 2, 'pi_many', { grossMinor }));
    const { file } = await closeDay(here, rows, more);
    return (await linked(file)).map(({ booking_id, verdict }) => `${booking_id} ${verdict}`);
  };

  it('one of which comes again is a duplicate of its own line, and of no other capture', async () => {
    const rows = [500, 300, 300, 300, 500].map((grossMinor, index) =>
      capture(index + 2, 'pi_many', { grossMinor }),
    );
    const { file } = await closeDay(here, rows);
    expect(await verdicts(here, file.id)).toEqual({
      2: 'clean',
      3: 'clean',
      4: 'clean',
      5: 'DUPLICATE_LINE',
      6: 'DUPLICATE_LINE',
    });
  });

  it('are each settled by the line of its amount, equal ones in their order', async () => {
    const rows = [300, 500, 300].map((grossMinor, index) => capture(index + 2, 'pi_many', { grossMinor }));
    const { file, staged } = await closeDay(here, rows);
    expect(staged).toMatchObject({ open: 0 });
    expect((await linked(file)).map(({ booking_id }) => booking_id)).toEqual(['op_2', 'op_1', 'op_3']);
  });

  it('are found where one is settled with too little or too much', async () => {
    expect(await settledBy([500, 300, 263])).toEqual(['op_1 clean', 'op_2 clean', 'op_3 AMOUNT_UNDER']);
  });

  it('are found where the one that another was not taken for is settled with too much', async () => {
    expect(await settledBy([560, 300, 300])).toEqual(['op_1 AMOUNT_OVER', 'op_2 clean', 'op_3 clean']);
  });

  it('are told apart by the order of their amounts where each is settled with too little', async () => {
    expect(await settledBy([262, 437, 263])).toEqual([
      'op_2 AMOUNT_UNDER',
      'op_1 AMOUNT_UNDER',
      'op_3 AMOUNT_UNDER',
    ]);
  });

  it('are told apart where one of them comes in parts, also in files of their own', async () => {
    expect(await settledBy([300, 300, 350])).toEqual(['op_2 clean', 'op_3 clean', 'op_1 AMOUNT_UNDER']);
    const rest = await settledBy([150], { name: 'b', date: '2026-11-21' });
    expect(rest).toEqual(['op_1 PARTIAL_CAPTURE_SPLIT']);
  });

  it('share no parts', async () => {
    expect(await settledBy([300, 120, 380, 300])).toEqual([
      'op_2 clean',
      'op_1 PARTIAL_CAPTURE_SPLIT',
      'op_1 PARTIAL_CAPTURE_SPLIT',
      'op_3 clean',
    ]);
  });

  it('are no less settled where one was declined before', async () => {
    await here.database.sql(`UPDATE booking SET status = 'declined' WHERE id IN ('op_1', 'op_2')`);
    expect(await settledBy([300])).toEqual(['op_3 clean']);
  });

  it('have no room where they were declined', async () => {
    await here.database.sql(`UPDATE booking SET status = 'declined' WHERE id IN ('op_1', 'op_2')`);
    expect(await settledBy([290])).toEqual(['op_3 AMOUNT_UNDER']);
  });

  it('have no room for another one', async () => {
    expect(await settledBy([500, 300, 300, 40])).toEqual([
      'op_1 clean',
      'op_2 clean',
      'op_3 clean',
      'op_1 AMOUNT_OVER',
    ]);
  });

  it('that were settled before are not settled again', async () => {
    await closeDay(here, [capture(2, 'pi_many', { grossMinor: 300 })]);
    const rows = [300, 300].map((grossMinor, index) => capture(index + 2, 'pi_many', { grossMinor }));
    const { staged } = await closeDay(here, rows, { name: 'b', date: '2026-11-21' });
    expect(staged).toMatchObject({ rows: 2, open: 1 });
  });
});

describe('another account’s booking', () => {
  it('is found, and never clean', async () => {
    const here = await opened();
    await addAccount(here.database, 'pa_other');
    await sales(here, 'pi_1');
    await here.database.sql(
      `INSERT INTO booking (id, account_id, merchant_id, payment_id, owner_id, attempt_id, kind, status, provider_reference,
         currency, amount_minor, booked_at)
       VALUES ('op_o', 'pa_other', 'mer_demo', 'pay_o', 'pay_o', 'att_o', 'capture', 'expected', 'pi_other', 'USD', 1000, now())`,
    );
    const { file } = await closeDay(here, [capture(2, 'pi_other'), capture(3, 'pi_1')]);
    const found = await verdicts(here, file.id);
    expect(found[3]).toBe('clean');
    expect(found[2]).not.toBe('clean');
  });
});

describe('columns as they stood', () => {
  it('are kept of lines that are looked at, whatever is in them', async () => {
    const here = await opened();
    const raws: Record<string, string>[] = [
      { a: '1', b: '{"x":1}' },
      { a: 'tab\there', b: 'back\\slash \\N' },
      { a: 'x\x1fy', b: '' },
      { b: 'other order', a: '2' },
      { a: 'short' },
      { a: '=', b: '\u{1f600} ü', c: 'more' },
    ];
    const { file } = await closeDay(
      here,
      raws.map((raw, index) => capture(index + 2, `pi_${index}`, { raw })),
    );
    const kept = await here.database.sql<{ raw: object }>(
      'SELECT raw FROM settlement_row WHERE file_id = $1 ORDER BY line',
      [file.id],
    );
    expect(kept.map(({ raw }) => raw)).toEqual(raws);
  });

  it('escape what COPY would read as its own', () => {
    expect(copyText(undefined)).toBe('\\N');
    expect(copyText('\\N\t\n\r')).toBe('\\\\N\\t\\n\\r');
  });
});

it('a time zone that is none counts as not set, in a day’s run as in its schedule', async () => {
  const here = await opened({ time_zone: 'Europe/Berln' });
  await sales(here, 'pi_1');
  const { run, file } = await closeDay(here, [capture(2, 'pi_1')]);
  expect(run.timeZone).toBe('UTC');
  expect(await verdicts(here, file.id)).toEqual({ 2: 'clean' });
});
