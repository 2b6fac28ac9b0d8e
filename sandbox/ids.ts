// Random identifiers in the shapes that providers use.
import { randomBytes } from 'node:crypto';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const PSP_ALPHABET = 'BCDFGHJKLMNPQRSTVWXZ23456789';

function draw(alphabet: string, length: number): string {
  let text = '';
  for (const byte of randomBytes(length)) text += alphabet[byte % alphabet.length];
  return text;
}

/** `pi_3Qk…`: a prefix and 24 characters, as Stripe's ids. */
export function prefixedId(prefix: string): string {
  return `${prefix}_${draw(BASE62, 24)}`;
}

/** 16 upper-case characters, as Adyen's pspReference. */
export function pspReference(): string {
  return draw(PSP_ALPHABET, 16);
}

/** `pay_` and 26 characters of RFC 4648 base32, as Checkout.com's ids. */
export function base32Id(prefix: string): string {
  return `${prefix}_${draw(BASE32, 26)}`;
}

export function digits(length: number): string {
  return draw('0123456789', length);
}
