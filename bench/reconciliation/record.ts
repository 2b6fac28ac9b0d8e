import {
  attemptId,
  bookedAfterS,
  capturePspOf,
  isCapturedApart,
  pspOf,
  refundOperationId,
  refundPspOf,
} from './names.ts';
import { BOOKED_FROM, bookedOf, exchanged, type Fees, feesOf, MERCHANT_ACCOUNT } from './world.ts';

/** One record of Adyen's settlement detail report, before it is text. */
export interface Record {
  readonly type: string;
  readonly psp: string;
  readonly reference: string;
  readonly modification: string;
  readonly modificationReference: string;
  readonly currency: string;
  /** Signed; absent where the record moves money of no payment. */
  readonly grossMinor?: number;
  readonly rate: string;
  /** In euros, signed. */
  readonly netMinor: number;
  readonly fees?: Fees;
  readonly at: string;
}

export const COLUMNS = [
  ...['Company Account', 'Merchant Account', 'Psp Reference', 'Merchant Reference', 'Payment Method'],
  ...['Creation Date', 'TimeZone', 'Type', 'Modification Reference', 'Gross Currency', 'Gross Debit (GC)'],
  ...['Gross Credit (GC)', 'Exchange Rate', 'Net Currency', 'Net Debit (NC)', 'Net Credit (NC)'],
  ...['Commission (NC)', 'Markup (NC)', 'Scheme Fees (NC)', 'Interchange (NC)', 'Payment Method Variant'],
  ...['Modification Merchant Reference', 'Batch Number', 'Reserved4', 'Reserved5', 'Reserved6', 'Reserved7'],
  ...['Reserved8', 'Reserved9', 'Reserved10'],
];

/** The last cell is free, so that the same records can be other bytes. */
export function textOf(record: Record, batch: number, note = ''): string {
  const { grossMinor: gross, fees } = record;
  const modification = record.modification.includes(',') ? `"${record.modification}"` : record.modification;
  const debit = gross !== undefined && gross < 0 ? major(-gross) : '';
  const credit = gross !== undefined && gross >= 0 ? major(gross) : '';
  const net = record.netMinor < 0 ? `${major(-record.netMinor)},` : `,${major(record.netMinor)}`;
  const parts = fees === undefined ? ',,,' : `${major(fees.commission)},,,${major(fees.interchange)}`;
  return `BenchCompany,${MERCHANT_ACCOUNT},${record.psp},${record.reference},visa,${record.at},UTC,${record.type},${modification},${record.currency},${debit},${credit},${record.rate},EUR,${net},${parts},visaclassic,${record.modificationReference},${batch},,,,,,,${note}\n`;
}

export function major(minor: number): string {
  const cents = minor % 100;
  return `${(minor - cents) / 100}.${cents < 10 ? '0' : ''}${cents}`;
}

const FROM_MS = Date.parse(BOOKED_FROM);
const HOUR_MS = 3_600_000;

function wallClock(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

export interface Settles {
  readonly grossMinor?: number;
  readonly currency?: string;
  /** Cents for one unit of the currency. */
  readonly percent?: number;
  readonly psp?: string;
  readonly atMs?: number;
}

/** The record that settles a payment as it was booked, or with what is said otherwise. */
export function captureOf(index: number, over: Settles = {}): Record {
  const booked = bookedOf(index);
  const { currency = booked.currency, grossMinor = booked.amountMinor, psp = pspOf(index) } = over;
  const percent = over.percent ?? (currency === 'EUR' ? 100 : 92);
  const settled = currency === 'EUR' ? grossMinor : exchanged(grossMinor, percent);
  const fees = feesOf(settled);
  const apart = isCapturedApart(index) && over.psp === undefined;
  return {
    type: 'Settled',
    psp,
    reference: attemptId(index),
    modification: apart ? capturePspOf(index) : psp,
    modificationReference: '',
    currency,
    grossMinor,
    rate: currency === 'EUR' ? '1' : `${Math.floor(percent / 100)}.${String(percent % 100).padStart(2, '0')}`,
    netMinor: settled - fees.commission - fees.interchange,
    fees,
    at: wallClock(over.atMs ?? FROM_MS + bookedAfterS(index) * 1_000 + HOUR_MS),
  };
}

/** The half of a payment, given back. */
export function refundMinorOf(index: number): number {
  return Math.floor(bookedOf(index).amountMinor / 2);
}

export function refundOf(index: number, type = 'Refunded'): Record {
  const capture = captureOf(index);
  const amount = refundMinorOf(index);
  const sign = type === 'Refunded' ? -1 : 1;
  return {
    ...withoutFees(capture),
    type,
    modification: refundPspOf(index),
    modificationReference: refundOperationId(index),
    grossMinor: sign * amount,
    netMinor: sign * (capture.currency === 'EUR' ? amount : exchanged(amount)),
  };
}

/** Moves the whole amount of a payment once more, one way or the other. */
export function disputeOf(index: number, type: string, sign: 1 | -1, nameOf: string): Record {
  const { grossMinor = 0, ...capture } = captureOf(index);
  const settled = capture.currency === 'EUR' ? grossMinor : exchanged(grossMinor);
  return {
    ...withoutFees(capture),
    type,
    modification: nameOf,
    grossMinor: sign * grossMinor,
    netMinor: sign * settled,
  };
}

function withoutFees({ fees: _fees, ...record }: Record): Record {
  return record;
}

/** A record about no payment. */
export function looseRecord(type: string, netMinor: number, description: string): Record {
  return {
    type,
    psp: '',
    reference: '',
    modification: description,
    modificationReference: '',
    currency: 'EUR',
    rate: '',
    netMinor,
    at: wallClock(FROM_MS + 20 * HOUR_MS),
  };
}
