/**
 * Money as it is read and typed, by digits throughout: no floating point touches it. How many decimals a currency has is
 * ISO 4217's to say, as everywhere in Interlock, and not the browser's: Intl follows the CLDR, which rounds the everyday
 * use of some currencies (HUF, COP, IQD) to other units than those that the API and the providers count in.
 */
const DECIMALS: Readonly<Record<number, readonly string[]>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' '),
  3: 'BHD IQD JOD KWD LYD OMR TND'.split(' '),
  4: 'CLF UYW'.split(' '),
};
const USUAL_DECIMALS = 2;
const EXPONENTS: ReadonlyMap<string, number> = new Map(
  Object.entries(DECIMALS).flatMap(([decimals, codes]) =>
    codes.map((code) => [code, Number(decimals)] as const),
  ),
);

/** What the API takes at most, as card networks do: twelve digits. */
const MAX_AMOUNT_MINOR = 999_999_999_999;

/** How many decimals a currency's minor unit has: 2 for EUR, 0 for JPY, 3 for BHD. */
export function exponentOf(currency: string): number {
  return EXPONENTS.get(currency) ?? USUAL_DECIMALS;
}

/** `1234567` EUR as `12,345.67`: a sum may be larger than a double can hold. */
export function formatMoney(minor: number | string, currency: string): string {
  const { sign, whole, fraction } = partsOf(minor, currency);
  return `${sign}${BigInt(whole).toLocaleString('en-US')}${fraction}`;
}

/** `1234567` EUR as `12345.67`: what a field for an amount begins with. */
export function decimalOf(minor: number | string, currency: string): string {
  const { sign, whole, fraction } = partsOf(minor, currency);
  return `${sign}${whole}${fraction}`;
}

function partsOf(minor: number | string, currency: string) {
  const value = BigInt(minor);
  const exponent = exponentOf(currency);
  const digits = (value < 0n ? -value : value).toString().padStart(exponent + 1, '0');
  return {
    sign: value < 0n ? '-' : '',
    whole: digits.slice(0, digits.length - exponent),
    fraction: exponent === 0 ? '' : `.${digits.slice(-exponent)}`,
  };
}

/**
 * The minor units of an amount that somebody typed, or nothing where it is not exactly an amount of that currency: more
 * decimals than the currency has are refused, not rounded. A comma before three digits may part thousands or begin
 * decimals, and is refused as well.
 */
export function minorOf(text: string, currency: string): number | undefined {
  const [, whole = '', point = '', comma = ''] =
    /^(\d{1,12})(?:\.(\d*)|,(\d{0,2}))?$/.exec(text.trim()) ?? [];
  const decimals = point + comma;
  const exponent = exponentOf(currency);
  if (whole === '' || decimals.length > exponent) return undefined;
  const minor = BigInt(`${whole}${decimals.padEnd(exponent, '0')}`);
  return minor > BigInt(MAX_AMOUNT_MINOR) ? undefined : Number(minor);
}
