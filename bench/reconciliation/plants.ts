import type { MismatchType } from '../../domain/reconciliation/names.ts';
import { attemptId, captureOperationId, isCapturedApart, pspOf, refundOperationId } from './names.ts';
import { captureOf, disputeOf, looseRecord, type Record, refundMinorOf, refundOf } from './record.ts';
import { bookedOf, OTHER_ACCOUNT } from './world.ts';

/** A payment as it is to be recorded, where it is not as every other. */
export interface PaymentPlan {
  readonly i: number;
  readonly status: 'captured' | 'unknown' | 'voided' | 'declined';
  readonly accountId?: string;
  readonly bookedAt?: string;
  readonly expiresAt?: string;
  readonly refundMinor?: number;
  readonly refundedAt?: string;
}

export interface PlantedRecord {
  readonly record: Record;
  /** What it must be found to be; absent: clean, whatever stands beside it. */
  readonly expects?: MismatchType;
}

/** Something that is wrong, with whatever must be there for it to be just that. */
export interface Plant {
  readonly payments?: readonly PaymentPlan[];
  readonly records: readonly PlantedRecord[];
  /** Bookings that no file has. */
  readonly missing?: { readonly bookingId: string; readonly expects: MismatchType };
}

type Planter = (i: number) => Plant;

const clean = (record: Record): PlantedRecord => ({ record });
const captured = (i: number, more: Partial<PaymentPlan> = {}): PaymentPlan => ({
  i,
  status: 'captured',
  ...more,
});
const STRANGE = 500_000;
/** A name at the provider that nothing here has. */
const strangePsp = (i: number) => pspOf(i + STRANGE);
const OTHER_PERCENT = 97;

/** One line that settles a payment of ours otherwise than it was booked. */
function differing(expects: MismatchType, record: (i: number) => Record, index = (i: number) => i): Planter {
  return (i) => ({
    payments: [captured(index(i))],
    records: [{ record: record(index(i)), expects }],
  });
}

/** Numbers end in one of ten digits, of which one is in dollars: the next number that is, or is not. */
const inDollars = (i: number) => i - (i % 10) + 3;
const inEuros = (i: number) => (i % 10 === 3 ? i + 1 : i);

function neverTaken(expects: MismatchType, status: PaymentPlan['status'], psp = pspOf): Planter {
  return (i) => ({
    payments: [{ i, status }],
    records: [{ record: captureOf(i, { psp: psp(i) }), expects }],
  });
}

function withFee(i: number): Record {
  const record = captureOf(i);
  const { commission = 0, interchange = 0 } = record.fees ?? {};
  return {
    ...record,
    fees: { commission: 2 * commission + 50, interchange },
    netMinor: record.netMinor - commission - 50,
  };
}

function inParts(i: number): Plant {
  const { amountMinor } = bookedOf(inEuros(i));
  const first = Math.floor(amountMinor / 3);
  const expects = 'PARTIAL_CAPTURE_SPLIT';
  return {
    payments: [captured(inEuros(i))],
    records: [first, amountMinor - first].map((grossMinor) => ({
      record: captureOf(inEuros(i), { grossMinor }),
      expects,
    })),
  };
}

const DISPUTES = [
  ['Chargeback', -1, 'CHARGEBACK_NEW'],
  ['ChargebackReversed', 1, 'CHARGEBACK_REVERSED'],
  ['SecondChargeback', -1, 'SECOND_CHARGEBACK'],
] as const;

/** A dispute and all that comes before it. */
function disputed(steps: number): Planter {
  return (i) => ({
    payments: [captured(i)],
    records: [
      clean(captureOf(i)),
      ...DISPUTES.slice(0, steps).map(([type, sign, expects], step) => ({
        record: disputeOf(i, type, sign, pspOf(i + (step + 2) * STRANGE)),
        expects,
      })),
    ],
  });
}

function missing(expects: MismatchType, bookedAt: string): Planter {
  return (i) => ({
    payments: [captured(i, { bookedAt })],
    records: [],
    missing: { bookingId: isCapturedApart(i) ? captureOperationId(i) : attemptId(i), expects },
  });
}

/** What the big file and the bookings beside it can show. Files, payouts and bank lines are planted by themselves. */
export const PLANTERS: readonly (readonly [MismatchType, Planter])[] = [
  ['MISSING_IN_FILE_TIMING', missing('MISSING_IN_FILE_TIMING', '2026-11-20T20:00:00Z')],
  ['MISSING_IN_FILE_OVERDUE', missing('MISSING_IN_FILE_OVERDUE', '2026-11-15T12:00:00Z')],
  [
    'MISSING_IN_LEDGER',
    (i) => ({
      records: [
        {
          record: { ...captureOf(i, { psp: strangePsp(i) }), reference: `order-${i}` },
          expects: 'MISSING_IN_LEDGER',
        },
      ],
    }),
  ],
  ['LOST_RESPONSE_CAPTURED', neverTaken('LOST_RESPONSE_CAPTURED', 'unknown', strangePsp)],
  ['SETTLED_AFTER_VOID', neverTaken('SETTLED_AFTER_VOID', 'voided')],
  ['DECLINED_BUT_SETTLED', neverTaken('DECLINED_BUT_SETTLED', 'declined')],
  [
    'DUPLICATE_LINE',
    (i) => ({
      payments: [captured(i)],
      records: [clean(captureOf(i)), { record: captureOf(i), expects: 'DUPLICATE_LINE' }],
    }),
  ],
  [
    'DUPLICATE_CHARGE',
    (i) => ({
      payments: [captured(i)],
      records: [
        clean(captureOf(i)),
        { record: captureOf(i, { psp: strangePsp(i) }), expects: 'DUPLICATE_CHARGE' },
      ],
    }),
  ],
  [
    'AMOUNT_OVER',
    differing('AMOUNT_OVER', (i) => captureOf(i, { grossMinor: bookedOf(i).amountMinor + 1_234 })),
  ],
  [
    'AMOUNT_UNDER',
    differing('AMOUNT_UNDER', (i) => captureOf(i, { grossMinor: bookedOf(i).amountMinor - 123 })),
  ],
  ['PARTIAL_CAPTURE_SPLIT', inParts],
  [
    'CURRENCY_MISMATCH',
    differing('CURRENCY_MISMATCH', (i) => captureOf(i, { currency: 'GBP', percent: 115 }), inEuros),
  ],
  [
    'FX_RATE_VARIANCE',
    differing('FX_RATE_VARIANCE', (i) => captureOf(i, { percent: OTHER_PERCENT }), inDollars),
  ],
  [
    'ROUNDING_EXPONENT',
    differing('ROUNDING_EXPONENT', (i) => captureOf(i, { grossMinor: bookedOf(i).amountMinor + 1 }), inEuros),
  ],
  ['FEE_VARIANCE', differing('FEE_VARIANCE', withFee)],
  [
    'UNEXPECTED_FEE_TYPE',
    (i) => ({
      records: [
        { record: looseRecord('TerminalSurcharge', -175, `terminal ${i}`), expects: 'UNEXPECTED_FEE_TYPE' },
      ],
    }),
  ],
  [
    'BATCH_FEE_UNALLOCATED',
    (i) => ({
      records: [
        { record: looseRecord('Fee', -180, `Transaction Fees ${i}`), expects: 'BATCH_FEE_UNALLOCATED' },
      ],
    }),
  ],
  [
    'EXTERNAL_REFUND',
    (i) => ({
      payments: [captured(i)],
      records: [
        clean(captureOf(i)),
        { record: { ...refundOf(i), modificationReference: '' }, expects: 'EXTERNAL_REFUND' },
      ],
    }),
  ],
  [
    'REFUND_NOT_SETTLED',
    (i) => ({
      payments: [captured(i, { refundMinor: refundMinorOf(i), refundedAt: '2026-11-10T12:00:00Z' })],
      records: [clean(captureOf(i))],
      missing: { bookingId: refundOperationId(i), expects: 'REFUND_NOT_SETTLED' },
    }),
  ],
  [
    'REFUND_FAILED_REVERSED',
    (i) => ({
      payments: [captured(i, { refundMinor: refundMinorOf(i) })],
      records: [
        clean(captureOf(i)),
        clean(refundOf(i)),
        { record: refundOf(i, 'RefundedReversed'), expects: 'REFUND_FAILED_REVERSED' },
      ],
    }),
  ],
  ['CHARGEBACK_NEW', disputed(1)],
  ['CHARGEBACK_REVERSED', disputed(2)],
  ['SECOND_CHARGEBACK', disputed(3)],
  [
    'RESERVE_MOVEMENT',
    (i) => ({
      records: [
        { record: looseRecord('DepositCorrection', -500, `Deposit ${i}`), expects: 'RESERVE_MOVEMENT' },
      ],
    }),
  ],
  [
    'LATE_PRESENTMENT',
    (i) => ({
      payments: [captured(i, { expiresAt: '2026-11-15T12:00:00Z' })],
      records: [{ record: captureOf(i), expects: 'LATE_PRESENTMENT' }],
    }),
  ],
  [
    'WRONG_MERCHANT_ACCOUNT',
    (i) => ({
      payments: [captured(i, { accountId: OTHER_ACCOUNT })],
      records: [{ record: captureOf(i), expects: 'WRONG_MERCHANT_ACCOUNT' }],
    }),
  ],
];
