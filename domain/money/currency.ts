import currencyCodes from 'currency-codes';

/**
 * ISO 4217 as the API and the adapters need it: which codes exist, and how many decimals each has.
 * Funds codes and test codes (XTS, XXX, metals) are not currencies that a card can be charged in.
 */
const NOT_MONEY = new Set([
  'XAU',
  'XAG',
  'XPD',
  'XPT',
  'XTS',
  'XXX',
  'XDR',
  'XUA',
  'XSU',
  'XBA',
  'XBB',
  'XBC',
  'XBD',
]);

const EXPONENTS: ReadonlyMap<string, number> = new Map(
  currencyCodes.data
    .filter((currency) => !NOT_MONEY.has(currency.code))
    .map((currency) => [currency.code, currency.digits] as const),
);

export function isCurrency(code: string): boolean {
  return EXPONENTS.has(code);
}

/** Decimals of the minor unit: JPY 0, EUR 2, KWD 3. Undefined for a code that is not a currency. */
export function exponentOf(code: string): number | undefined {
  return EXPONENTS.get(code);
}

export function currencies(): readonly string[] {
  return [...EXPONENTS.keys()];
}
