import { exponentOf } from './currency.ts';

/** Exact, as the currency writes it: 1250 USD is 12.50, 1250 JPY is 1250. */
export function decimalOf(amountMinor: bigint, currency: string): string {
  const exponent = exponentOf(currency) ?? 0;
  const digits = String(amountMinor < 0n ? -amountMinor : amountMinor).padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent);
  const text = exponent === 0 ? whole : `${whole}.${digits.slice(-exponent)}`;
  return amountMinor < 0n ? `-${text}` : text;
}

/** The same with its currency: `12.50 USD`. */
export function moneyOf(amountMinor: number | bigint, currency: string): string {
  return `${decimalOf(BigInt(amountMinor), currency)} ${currency}`;
}
