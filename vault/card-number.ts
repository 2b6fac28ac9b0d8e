/**
 * What a card number says by itself: pure, and public knowledge. Ranges after ISO/IEC 7812 and the schemes'
 * published lists; a number outside all of them has no brand, which routing must take as it is.
 */
export type CardBrand = 'visa' | 'mastercard' | 'amex' | 'discover' | 'diners' | 'jcb' | 'unionpay';

export type CardNumberProblem = 'not_digits' | 'wrong_length' | 'wrong_checksum';

interface BrandRange {
  readonly brand: CardBrand;
  /** Inclusive, as prefixes of equal length. */
  readonly from: string;
  readonly to: string;
}

/** Disjoint, so their order carries no meaning. */
const RANGES: readonly BrandRange[] = [
  { brand: 'visa', from: '4', to: '4' },
  { brand: 'mastercard', from: '51', to: '55' },
  { brand: 'mastercard', from: '2221', to: '2720' },
  { brand: 'amex', from: '34', to: '34' },
  { brand: 'amex', from: '37', to: '37' },
  { brand: 'discover', from: '6011', to: '6011' },
  { brand: 'discover', from: '644', to: '649' },
  { brand: 'discover', from: '65', to: '65' },
  { brand: 'diners', from: '300', to: '305' },
  { brand: 'diners', from: '3095', to: '3095' },
  { brand: 'diners', from: '36', to: '36' },
  { brand: 'diners', from: '38', to: '39' },
  { brand: 'jcb', from: '3528', to: '3589' },
  { brand: 'unionpay', from: '62', to: '62' },
  { brand: 'unionpay', from: '8100', to: '8171' },
];

const LENGTHS: Readonly<Record<CardBrand, readonly number[]>> = {
  visa: [13, 16, 19],
  mastercard: [16],
  amex: [15],
  discover: [16, 17, 18, 19],
  diners: [14, 15, 16, 17, 18, 19],
  jcb: [16, 17, 18, 19],
  unionpay: [16, 17, 18, 19],
};

/** By prefix only, so it answers for a BIN as well as for a whole number. */
export function detectBrand(number: string): CardBrand | undefined {
  return RANGES.find(({ from, to }) => {
    const prefix = number.slice(0, from.length);
    return prefix.length === from.length && prefix >= from && prefix <= to;
  })?.brand;
}

/** The check digit of ISO/IEC 7812-1 annex B (Luhn). */
export function isLuhnValid(number: string): boolean {
  if (!/^\d+$/.test(number)) return false;
  let sum = 0;
  for (let fromRight = 0; fromRight < number.length; fromRight += 1) {
    const digit = Number(number.charAt(number.length - 1 - fromRight));
    const doubled = fromRight % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** What is wrong with a number as typed in, or undefined. An unknown brand alone is nothing wrong. */
export function cardNumberProblem(number: string): CardNumberProblem | undefined {
  if (!/^\d+$/.test(number)) return 'not_digits';
  const brand = detectBrand(number);
  const lengthFits =
    brand === undefined ? number.length >= 12 && number.length <= 19 : LENGTHS[brand].includes(number.length);
  if (!lengthFits) return 'wrong_length';
  return isLuhnValid(number) ? undefined : 'wrong_checksum';
}

export function last4(number: string): string {
  return number.slice(-4);
}

/** What PCI DSS lets stand beside the last four: eight digits of a 16-digit number, six of any other. */
export function bin(number: string): string {
  return number.slice(0, number.length === 16 ? 8 : 6);
}
