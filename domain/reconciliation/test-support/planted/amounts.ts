import type { Comparison } from '../../comparison.ts';
import type { AMOUNTS } from '../../types/amounts.ts';
import { BOOKING, captureLine, partLine, refundLine, WITH_FEES } from '../fixtures.ts';
import { near, type Plants, shows } from './plant.ts';

/** Amounts, currencies, rates, fees and times that differ. */

const settledAt = (grossMinor: number, more: object = {}) =>
  captureLine({ line: { grossMinor, netMinor: grossMinor - 320 }, ...more });

const exchanged = (netMinor: number, exchangeRate: string) =>
  captureLine({
    line: { settlementCurrency: 'USD', exchangeRate, feeMinor: 0, fees: [], netMinor },
    booking: { agreedRate: '1.0850' },
  });

/** The same amounts the other way. */
function against(comparison: ReturnType<typeof captureLine>): Comparison {
  const { line } = comparison;
  return { ...comparison, line: { ...line, grossMinor: -line.grossMinor, netMinor: -line.netMinor } };
}

/** Nothing was agreed. */
function unagreed(comparison: ReturnType<typeof captureLine>): Comparison {
  const { agreedRate: _rate, ...booking } = comparison.booking ?? BOOKING;
  return { ...comparison, booking };
}

const withFee = (feeMinor: number, account = WITH_FEES) =>
  captureLine({
    account,
    line: { feeMinor, netMinor: 10_000 - feeMinor, fees: [{ kind: 'processing', amountMinor: feeMinor }] },
  });

function withoutRate(comparison: ReturnType<typeof captureLine>): Comparison {
  const { exchangeRate: _rate, ...line } = comparison.line;
  return { ...comparison, line };
}

export const AMOUNTS_PLANTED: Readonly<Record<keyof typeof AMOUNTS, Plants>> = {
  AMOUNT_OVER: {
    positive: [
      shows('12.50 too much', settledAt(11_250), null, 'by_people'),
      shows(
        'another capture of the payment',
        settledAt(11_250, { booking: { sisterAmountsMinor: [11_250] } }),
        'match_partial_capture',
        'at_once',
      ),
      shows(
        'a line more when the booking is full',
        captureLine({
          line: { grossMinor: 3_000, feeMinor: 0, netMinor: 3_000, fees: [] },
          beside: {
            count: 2,
            sumMinor: 13_000n,
            distinctSumMinor: 13_000n,
            countSoFar: 2,
            sumSoFarMinor: 13_000n,
          },
        }),
        null,
        'by_people',
      ),
    ],
    negative: [
      near('one unit is rounding', settledAt(10_001), 'ROUNDING_EXPONENT'),
      near(
        'the line that filled it before that',
        captureLine({ beside: { count: 2, sumMinor: 13_000n, distinctSumMinor: 13_000n } }),
        'clean',
      ),
    ],
  },
  AMOUNT_UNDER: {
    positive: [
      shows('12.50 too little', settledAt(8_750), null, 'by_people'),
      shows(
        'another capture of the payment',
        settledAt(6_000, { booking: { sisterAmountsMinor: [4_000, 6_000] } }),
        'match_partial_capture',
        'at_once',
      ),
      shows(
        'a refund of less',
        refundLine({ line: { grossMinor: -3_500, netMinor: -3_500 } }),
        null,
        'by_people',
      ),
      shows('a capture that takes money', against(captureLine()), null, 'by_people'),
      shows('a refund that gives some', against(refundLine()), null, 'by_people'),
      shows(
        'a capture that takes money, of an unknown outcome',
        against(captureLine({ booking: { status: 'unknown' } })),
        null,
        'by_people',
      ),
      shows('a refund of others that gives some', against(refundLine({ booking: null })), null, 'by_people'),
    ],
    negative: [
      near('a refund takes money', refundLine(), 'clean'),
      near('one unit is rounding', settledAt(9_999), 'ROUNDING_EXPONENT'),
      near('the rest comes in another line', partLine(6_000, 6_000), 'PARTIAL_CAPTURE_SPLIT'),
    ],
  },
  PARTIAL_CAPTURE_SPLIT: {
    positive: [
      shows('the first of two parts', partLine(6_000, 6_000), 'sum_lines', 'at_once'),
      shows('the second of two parts', partLine(4_000, 10_000), 'sum_lines', 'at_once'),
      shows(
        'a part, and one of them is there twice',
        partLine(6_000, 6_000, { count: 3, sumMinor: 14_000n }),
        'sum_lines',
        'at_once',
      ),
      shows(
        'parts that are less together',
        partLine(6_000, 6_000, { sumMinor: 9_000n, distinctSumMinor: 9_000n }),
        null,
        'by_people',
      ),
    ],
    negative: [near('one line is no part', settledAt(6_000), 'AMOUNT_UNDER')],
  },
  CURRENCY_MISMATCH: {
    positive: [
      shows(
        'dollars for euros',
        captureLine({ line: { currency: 'USD', grossMinor: 10_850 } }),
        null,
        'by_people',
      ),
      shows(
        'the payer chose dollars',
        captureLine({
          line: { currency: 'USD', grossMinor: 10_850, presented: { amountMinor: 10_000, currency: 'EUR' } },
        }),
        'match_presented',
        'at_once',
      ),
      shows(
        'the booking says that the payer may choose',
        captureLine({ line: { currency: 'USD', grossMinor: 10_850 }, booking: { dcc: true } }),
        'match_presented',
        'at_once',
      ),
    ],
    negative: [
      near(
        'only the settlement is in another currency',
        captureLine({
          line: { settlementCurrency: 'USD', netMinor: 10_530, exchangeRate: '1.085' },
        }),
        'clean',
      ),
    ],
  },
  FX_RATE_VARIANCE: {
    positive: [
      shows('40 basis points', exchanged(10_893, '1.08934'), 'post_fx', 'at_once'),
      shows('250 basis points', exchanged(11_121, '1.112125'), null, 'by_people'),
      shows('half the money, and no rate', withoutRate(exchanged(5_425, '1')), null, 'by_people'),
      shows('half the money at the agreed rate', exchanged(5_425, '1.085'), null, 'by_people'),
      shows('half the money by its own rate', unagreed(exchanged(5_425, '1.085')), null, 'by_people'),
      shows('30 basis points off its own rate', unagreed(exchanged(10_882, '1.0850')), 'post_fx', 'at_once'),
    ],
    negative: [
      near('the agreed rate in other digits', exchanged(10_850, '1.085'), 'clean'),
      near('its own rate in two digits', unagreed(exchanged(10_850, '1.09')), 'clean'),
      near('a unit of rounding, and no rate', withoutRate(exchanged(10_851, '1')), 'clean'),
    ],
  },
  ROUNDING_EXPONENT: {
    positive: [
      shows('a cent more', settledAt(10_001), 'post_rounding', 'at_once'),
      shows('a cent less', settledAt(9_999), 'post_rounding', 'at_once'),
      shows(
        'a net that is a cent off',
        captureLine({ line: { netMinor: 9_681 } }),
        'post_rounding',
        'at_once',
      ),
      shows('a hundred times as much', settledAt(1_000_000), null, 'by_people', 'stops'),
      shows('a thousandth', settledAt(10), null, 'by_people', 'stops'),
    ],
    negative: [
      near('two cents', settledAt(10_002), 'AMOUNT_OVER'),
      near('twenty times as much', settledAt(200_000), 'AMOUNT_OVER'),
    ],
  },
  FEE_VARIANCE: {
    positive: [
      shows('a cent more than agreed', withFee(321), 'post_fee_difference', 'at_once'),
      shows('twice the fee', withFee(640), null, 'by_people'),
      shows(
        'more withheld than the line explains',
        captureLine({ line: { netMinor: 9_000 } }),
        null,
        'by_people',
      ),
    ],
    negative: [
      near('the agreed fee', withFee(320), 'clean'),
      near('no contract', captureLine({ line: { feeMinor: 640, netMinor: 9_360 } }), 'clean'),
    ],
  },
  LATE_PRESENTMENT: {
    positive: [
      shows(
        'a day late',
        captureLine({ line: { occurredAt: '2026-11-30T10:00:00.000Z' } }),
        'match_and_flag',
        'at_once',
      ),
      shows(
        'a month late',
        captureLine({ line: { occurredAt: '2026-12-29T10:00:00.000Z' } }),
        null,
        'by_people',
      ),
    ],
    negative: [
      near('at the last moment', captureLine({ line: { occurredAt: '2026-11-29T10:00:00.000Z' } }), 'clean'),
      near(
        'a refund has no window',
        refundLine({ line: { occurredAt: '2027-11-29T10:00:00.000Z' } }),
        'clean',
      ),
    ],
  },
};
