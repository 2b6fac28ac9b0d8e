import type {
  AccountFacts,
  BankComparison,
  BookingComparison,
  BookingFacts,
  FileComparison,
  LineComparison,
  LineFacts,
  LinesBeside,
  PayoutComparison,
} from '../comparison.ts';
import type { ReportFacts } from '../report.ts';

/** Comparisons in which nothing is wrong, for tests that change one thing. */

export const DAY_MS = 24 * 3_600_000;

export const ACCOUNT: AccountFacts = {
  accountId: 'acct_1',
  merchantId: 'mer_1',
  merchantAccounts: ['ShopCOM'],
};

/** As Stripe's: 2.9% and 0.30. */
export const WITH_FEES: AccountFacts = {
  ...ACCOUNT,
  fees: [{ on: 'capture', currency: 'EUR', kind: 'processing', bps: 290, fixedMinor: 30 }],
};

export const CAPTURE: LineFacts = {
  line: 2,
  type: 'capture',
  providerType: 'charge',
  providerReference: 'pi_1',
  operationReference: 'ch_1',
  merchantReference: 'att_1',
  currency: 'EUR',
  grossMinor: 10_000,
  settlementCurrency: 'EUR',
  feeMinor: 320,
  netMinor: 9_680,
  fees: [{ kind: 'processing', amountMinor: 320 }],
  occurredAt: '2026-11-19T10:00:00.000Z',
  payoutReference: 'po_1',
  merchantAccount: 'ShopCOM',
};

export const BOOKING: BookingFacts = {
  id: 'bok_1',
  accountId: 'acct_1',
  merchantId: 'mer_1',
  paymentId: 'pay_1',
  ownerId: 'pay_1',
  kind: 'capture',
  status: 'expected',
  providerReference: 'pi_1',
  operationReference: 'ch_1',
  merchantReference: 'att_1',
  currency: 'EUR',
  amountMinor: 10_000,
  bookedAt: '2026-11-19T10:00:00.000Z',
  presentableUntil: '2026-11-26T10:00:00.000Z',
};

export const REFUND: LineFacts = {
  ...CAPTURE,
  line: 3,
  type: 'refund',
  providerType: 'refund',
  operationReference: 're_1',
  merchantReference: 'op_1',
  grossMinor: -4_000,
  feeMinor: 0,
  netMinor: -4_000,
  fees: [],
};

export const REFUND_BOOKING: BookingFacts = {
  ...withoutWindow(BOOKING),
  id: 'bok_2',
  ownerId: 'ref_1',
  kind: 'refund',
  operationReference: 're_1',
  merchantReference: 'op_1',
  amountMinor: 4_000,
};

function withoutWindow({ presentableUntil: _window, ...booking }: BookingFacts): BookingFacts {
  return booking;
}

export interface LineParts {
  readonly account?: AccountFacts;
  readonly line?: Partial<LineFacts>;
  /** `null`: none. */
  readonly booking?: Partial<BookingFacts> | null;
  readonly beside?: Partial<LinesBeside>;
  readonly more?: Partial<LineComparison>;
}

/** A capture of 100.00 that is the only line of its booking, with what is said otherwise. */
export function captureLine(parts: LineParts = {}): LineComparison {
  return compared(CAPTURE, BOOKING, parts);
}

/** A refund of 40.00. */
export function refundLine(parts: LineParts = {}): LineComparison {
  return compared(REFUND, REFUND_BOOKING, parts);
}

/** A line of a type that settles nothing that we booked. */
export function otherLine(line: Partial<LineFacts>, parts: Omit<LineParts, 'line'> = {}): LineComparison {
  return compared({ ...CAPTURE, grossMinor: 0, feeMinor: 0, fees: [] }, BOOKING, {
    booking: null,
    ...parts,
    line,
  });
}

/** A line about no payment. */
export function looseLine(line: Partial<LineFacts>, parts: Omit<LineParts, 'line'> = {}): LineComparison {
  const made = otherLine(line, parts);
  const {
    providerReference: _provider,
    operationReference: _operation,
    merchantReference: _ours,
    ...loose
  } = made.line;
  return { ...made, line: loose };
}

/** One of two lines that settle a capture of 100.00: its own amount, and what both come to with it. */
export function partLine(own: number, soFar: number, more: Partial<LinesBeside> = {}): LineComparison {
  return captureLine({
    line: { grossMinor: own, feeMinor: 0, netMinor: own, fees: [] },
    beside: {
      count: 2,
      sumMinor: 10_000n,
      distinctSumMinor: 10_000n,
      countSoFar: own === soFar ? 1 : 2,
      sumSoFarMinor: BigInt(soFar),
      ...more,
    },
  });
}

/** Of the capture of 100.00. */
export function disputeLine(
  type: 'chargeback' | 'chargeback_reversed' | 'second_chargeback',
  openChargebacks = 0,
): LineComparison {
  const sign = type === 'chargeback_reversed' ? 1 : -1;
  const grossMinor = sign * 10_000;
  return otherLine(
    { type, providerType: type, operationReference: 'dp_1', grossMinor, netMinor: grossMinor },
    { booking: {}, beside: { openChargebacks } },
  );
}

function compared(line: LineFacts, booking: BookingFacts, parts: LineParts): LineComparison {
  const made = { ...line, ...parts.line };
  const own = BigInt(Math.abs(made.grossMinor));
  const isAlone = parts.booking !== null;
  return {
    compares: 'line',
    account: parts.account ?? ACCOUNT,
    fileId: 'fil_1',
    line: made,
    ...(isAlone ? { booking: { ...booking, ...parts.booking }, matchedBy: 'operation' as const } : {}),
    beside: {
      equalBefore: 0,
      deliveredBefore: false,
      count: isAlone ? 1 : 0,
      sumMinor: isAlone ? own : 0n,
      countSoFar: isAlone ? 1 : 0,
      sumSoFarMinor: isAlone ? own : 0n,
      distinctSumMinor: isAlone ? own : 0n,
      otherCaptures: [],
      openChargebacks: 0,
      ...parts.beside,
    },
    ...parts.more,
  };
}

export function unsettled(booking: Partial<BookingFacts>, ageDays: number): BookingComparison {
  const base = booking.kind === 'refund' ? REFUND_BOOKING : BOOKING;
  return { compares: 'booking', account: ACCOUNT, booking: { ...base, ...booking }, ageMs: ageDays * DAY_MS };
}

export function wholeFile(parts: Partial<Omit<FileComparison, 'compares'>> = {}): FileComparison {
  return {
    compares: 'file',
    account: ACCOUNT,
    file: { id: 'fil_1', name: 'day.csv', sha256: 'ab'.repeat(32), businessDate: '2026-11-20', rows: 3 },
    totals: [{ currency: 'EUR', rows: 2, creditMinor: 10_000n, debitMinor: 4_000n, netMinor: 5_680n }],
    trailers: [{ currency: 'EUR', rows: 2, creditMinor: 10_000n, debitMinor: 4_000n, netMinor: 5_680n }],
    totalWarnings: [],
    parsedRows: 3,
    payouts: [{ reference: 'po_1', currency: 'EUR', amountMinor: 5_680n, netMinor: 5_680n, lines: 2 }],
    merchantAccounts: ['ShopCOM'],
    ...parts,
  };
}

export function paidOut(parts: Partial<Omit<PayoutComparison, 'compares'>> = {}): PayoutComparison {
  return {
    compares: 'payout',
    account: ACCOUNT,
    payout: {
      id: 'pyo_1',
      reference: 'po_1',
      currency: 'EUR',
      amountMinor: 5_680,
      announcedAt: '2026-11-20T06:00:00.000Z',
    },
    ageMs: DAY_MS,
    bank: [bankLine(5_680)],
    ...parts,
  };
}

export function bankLine(
  amountMinor: number,
  more: Partial<BankComparison['bank']> = {},
): BankComparison['bank'] {
  return {
    id: 'bnk_1',
    bankAccount: 'DE89370400440532013000',
    currency: 'EUR',
    amountMinor,
    bookedOn: '2026-11-21',
    text: 'PAYOUT',
    ...more,
  };
}

export function bankCredit(parts: Partial<Omit<BankComparison, 'compares'>> = {}): BankComparison {
  return { compares: 'bank', merchantId: 'mer_1', bank: bankLine(5_680), candidates: [], ...parts };
}

/** Of a small day, in no order. */
export const REPORT_FACTS: ReportFacts = {
  account: 'acct_1',
  businessDate: '2026-11-20',
  status: 'closed',
  files: [
    { id: 'fil_2', name: 'b.csv', format: 'adyen', sha256: 'cd'.repeat(32), status: 'posted', rows: 2 },
    { id: 'fil_1', name: 'a.csv', format: 'adyen', sha256: 'ab'.repeat(32), status: 'refused', rows: null },
  ],
  lines: [
    {
      type: 'payout',
      currency: 'EUR',
      settlementCurrency: 'EUR',
      rows: 1,
      clean: 1,
      grossMinor: -9_680n,
      feeMinor: 0n,
      netMinor: -9_680n,
    },
    {
      type: 'capture',
      currency: 'JPY',
      settlementCurrency: 'EUR',
      rows: 1,
      clean: 0,
      grossMinor: 1_650_000n,
      feeMinor: 320n,
      netMinor: 9_680n,
    },
  ],
  breaks: [
    { type: 'BATCH_FEE_UNALLOCATED', found: 3, autoResolved: 3, open: 0 },
    { type: 'FX_RATE_VARIANCE', found: 1, autoResolved: 0, open: 2 },
    { type: 'AMOUNT_OVER', found: 0, autoResolved: 0, open: 0 },
  ],
  equation: [
    {
      currency: 'EUR',
      settledMinor: 9_680n,
      ignoredMinor: 0n,
      paidOutMinor: 9_680n,
      clearingMinor: 0n,
      creditedMinor: 9_000n,
    },
  ],
  postings: [
    { account: 'payout_clearing/acct_1', currency: 'EUR', amountMinor: 0n },
    { account: 'provider_receivable/acct_1', currency: 'JPY', amountMinor: -1_650_000n },
    { account: 'fx/acct_1', currency: 'JPY', amountMinor: 1_650_000n },
  ],
  startedAt: '2026-11-21T06:00:00.000Z',
  finishedAt: '2026-11-21T06:00:02.000Z',
};
