import { amountOf, currencyOf } from './names.ts';

/** The account whose day is reconciled, another of the same merchant, and the terms that were agreed with the provider. */
export const MERCHANT = 'mer_demo';
export const ACCOUNT = 'pa_bench';
export const OTHER_ACCOUNT = 'pa_bench_other';
export const MERCHANT_ACCOUNT = 'BenchShop';

export const FIRST_DATE = '2026-11-19';
export const DATE = '2026-11-20';
/** From then on, for a day and an hour, what the big file settles was captured. */
export const BOOKED_FROM = '2026-11-19T06:00:00Z';

const FEE = { bps: 60, fixedMinor: 11 };
const INTERCHANGE = { bps: 20, fixedMinor: 0 };

export const AGREED_RATE = '0.92';
const RATE_PERCENT = 92;

export const SETTINGS = {
  merchantAccount: MERCHANT_ACCOUNT,
  fees: [
    { on: 'capture', currency: 'EUR', kind: 'processing', ...FEE },
    { on: 'capture', currency: 'EUR', kind: 'interchange', ...INTERCHANGE },
  ],
  fxRates: { USD: AGREED_RATE },
};

export interface Fees {
  readonly commission: number;
  readonly interchange: number;
}

export function feesOf(settledMinor: number): Fees {
  const share = (bps: number) => Math.floor((settledMinor * bps + 5_000) / 10_000);
  return { commission: share(FEE.bps) + FEE.fixedMinor, interchange: share(INTERCHANGE.bps) };
}

/** In euros, at so many cents for one unit. */
export function exchanged(amountMinor: number, percent: number = RATE_PERCENT): number {
  return Math.floor((amountMinor * percent + 50) / 100);
}

/** What is booked of a payment that nothing is wrong with. */
export function bookedOf(index: number): { readonly amountMinor: number; readonly currency: string } {
  return { amountMinor: amountOf(index), currency: currencyOf(index) };
}
