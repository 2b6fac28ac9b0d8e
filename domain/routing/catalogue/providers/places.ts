/** Countries and currencies that more than one provider's entry names. */
import { REFERENCE_RATES } from './reference-rates.ts';

/** The European Economic Area: the Interchange Fee Regulation's "regional". */
export const EEA = [
  'AT',
  'BE',
  'BG',
  'CY',
  'CZ',
  'DE',
  'DK',
  'EE',
  'ES',
  'FI',
  'FR',
  'GR',
  'HR',
  'HU',
  'IE',
  'IS',
  'IT',
  'LI',
  'LT',
  'LU',
  'LV',
  'MT',
  'NL',
  'NO',
  'PL',
  'PT',
  'RO',
  'SE',
  'SI',
  'SK',
] as const;

/** Under comprehensive sanctions of the United States; providers that have a US entity refuse them. */
export const SANCTIONED = ['CU', 'IR', 'KP', 'SY'] as const;

/**
 * What all three charge in, as far as we know: the currencies that a fee can be estimated for. A provider takes more; an account that
 * needs one adds it to its overrides.
 */
export const COMMON_CURRENCIES = Object.keys(REFERENCE_RATES.perBasePpm);

/** Merchant categories that providers' lists of restricted businesses name: quasi-cash, gambling, drugs. */
export const RESTRICTED_CATEGORIES = ['6051', '7995', '7801', '7802', '5993', '5122'] as const;
