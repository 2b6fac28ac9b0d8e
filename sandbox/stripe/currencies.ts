// Stripe's amounts on the wire (docs.stripe.com/currencies): mostly ISO 4217 minor units, with exceptions.
import { isoExponent, rescale } from '../currencies.ts';
import { invalid, missing } from './errors.ts';

// MGA has two ISO decimals and none here; ISK and UGX have none in ISO and two here, the last two being 00.
const DEVIATIONS = new Map([
  ['MGA', 0],
  ['ISK', 2],
  ['UGX', 2],
]);
const LARGEST_AMOUNT = 99_999_999;

// Smallest charges that Stripe publishes, in wire units; 1 elsewhere.
const SMALLEST = new Map(
  Object.entries({
    USD: 50,
    AED: 200,
    AUD: 50,
    BGN: 100,
    BRL: 50,
    CAD: 50,
    CHF: 50,
    CZK: 1500,
    DKK: 250,
    EUR: 50,
    GBP: 30,
    HKD: 400,
    HUF: 17500,
    INR: 50,
    JPY: 50,
    MXN: 1000,
    MYR: 200,
    NOK: 300,
    NZD: 50,
    PLN: 200,
    RON: 200,
    SEK: 300,
    SGD: 50,
    THB: 1000,
  }),
);

function wireExponent(currency: string): number | undefined {
  return DEVIATIONS.get(currency) ?? isoExponent(currency);
}

/** ISO 4217 minor units of a wire amount, whatever case the code is in. */
export function toMinor(amount: number, currency: string): number {
  const code = currency.toUpperCase();
  return rescale(amount, wireExponent(code) ?? 2, isoExponent(code) ?? 2) ?? amount;
}

/** The wire amount of ISO 4217 minor units. */
export function fromMinor(amountMinor: number, currency: string): number {
  const code = currency.toUpperCase();
  return rescale(amountMinor, isoExponent(code) ?? 2, wireExponent(code) ?? 2) ?? amountMinor;
}

export function checkCurrency(currency: string | undefined): string {
  if (currency === undefined) throw missing('currency');
  const code = currency.toUpperCase();
  if (wireExponent(code) === undefined) {
    throw invalid(`Invalid currency: ${currency.toLowerCase()}.`, 'currency');
  }
  return code.toLowerCase();
}

/** The integer of an amount parameter, without the rules of a currency. */
export function parseAmount(value: string | undefined, param: string, smallest: number): number | undefined {
  if (value === undefined) return undefined;
  if (!/^-?\d{1,15}$/.test(value))
    throw invalid(`Invalid integer: ${value}`, param, 'parameter_invalid_integer');
  const amount = Number(value);
  if (amount < smallest) {
    const message = `This value must be greater than or equal to ${smallest}.`;
    throw invalid(message, param, 'parameter_invalid_integer');
  }
  return amount;
}

function checkGranularity(amount: number, code: string, param: string): void {
  const step = isoExponent(code) === 3 ? 10 : code === 'ISK' || code === 'UGX' ? 100 : 1;
  if (amount % step === 0) return;
  throw invalid(`Invalid amount: ${code.toLowerCase()} amounts must be divisible by ${step}.`, param);
}

export function checkChargeAmount(value: string | undefined, currency: string): number {
  const amount = parseAmount(value, 'amount', 1);
  if (amount === undefined) throw missing('amount');
  const code = currency.toUpperCase();
  if (amount > LARGEST_AMOUNT) {
    throw invalid('Amount must be no more than 999,999.99', 'amount', 'amount_too_large');
  }
  if (amount < (SMALLEST.get(code) ?? 1)) {
    throw invalid(`Amount must be at least ${SMALLEST.get(code)} ${currency}`, 'amount', 'amount_too_small');
  }
  checkGranularity(amount, code, 'amount');
  return amount;
}

/** An amount of something that exists already: a capture or a refund. */
export function checkPartAmount(value: string | undefined, currency: string, param: string, smallest = 1) {
  const amount = parseAmount(value, param, smallest);
  if (amount !== undefined) checkGranularity(amount, currency.toUpperCase(), param);
  return amount;
}
