/** The card as it is sealed: JSON, because a record must still open after fields were added. */
import { VaultError } from './keys.ts';
import { takeJson } from './plaintext.ts';

export interface Card {
  /** 12 to 19 digits, nothing between them. */
  readonly number: string;
  /** 1 to 12. */
  readonly expMonth: number;
  /** Four digits, such as 2030. */
  readonly expYear: number;
  readonly holderName?: string;
}

/** Whether the three or four digits have the form of a code; only the issuer knows more. */
export function isCardVerificationCode(text: string): boolean {
  return /^\d{3,4}$/.test(text);
}

/** The API has validated the card already; this guards the vault against everything else that may seal. */
export function encodeCard(card: Card): Buffer {
  const { number, expMonth, expYear, holderName } = card;
  if (!/^\d{12,19}$/.test(number)) {
    throw new VaultError('invalid_input', 'a card number has 12 to 19 digits');
  }
  if (!Number.isInteger(expMonth) || expMonth < 1 || expMonth > 12) {
    throw new VaultError('invalid_input', 'an expiry month is 1 to 12');
  }
  if (!Number.isInteger(expYear) || expYear < 2000 || expYear > 9999) {
    throw new VaultError('invalid_input', 'an expiry year has four digits');
  }
  return Buffer.from(JSON.stringify({ number, expMonth, expYear, holderName }));
}

/** Only authenticated bytes come here, so their shape is the one that `encodeCard` gave them. */
export function decodeCard(plaintext: Buffer): Card {
  return takeJson(plaintext) as Card;
}
