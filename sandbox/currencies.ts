// ISO 4217 minor units, and moving an amount between two exponents without floats.
// Each provider has its own deviations; they live in its folder.

const ZERO_DECIMAL = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF';
const THREE_DECIMAL = 'BHD IQD JOD KWD LYD OMR TND';
const TWO_DECIMAL = `
  AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
  CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
  HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP
  MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD
  SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS
  VES WST XCD YER ZAR ZMW ZWG`;

const exponents = new Map<string, number>([
  ...ZERO_DECIMAL.split(' ').map((code): [string, number] => [code, 0]),
  ...TWO_DECIMAL.trim()
    .split(/\s+/)
    .map((code): [string, number] => [code, 2]),
  ...THREE_DECIMAL.split(' ').map((code): [string, number] => [code, 3]),
]);

/** The ISO 4217 exponent of an upper-case code, or undefined for a code that isn't a currency. */
export function isoExponent(currency: string): number | undefined {
  return exponents.get(currency);
}

/** Restates an integer amount in another exponent; undefined when that isn't a whole number. */
export function rescale(amount: number, from: number, to: number): number | undefined {
  if (to >= from) return amount * 10 ** (to - from);
  const divisor = 10 ** (from - to);
  return amount % divisor === 0 ? amount / divisor : undefined;
}
