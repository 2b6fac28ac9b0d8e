/**
 * Reading decrypted bytes. The buffer is cleared as soon as it was read; a string can't be, and lives as
 * long as its user keeps it.
 */
import { VaultError } from './keys.ts';

export function takeText(plaintext: Buffer): string {
  const text = plaintext.toString('utf8');
  plaintext.fill(0);
  return text;
}

/** The parser's own error would quote its input, which may be a card: it is replaced, not wrapped. */
export function takeJson(plaintext: Buffer): unknown {
  try {
    return JSON.parse(takeText(plaintext));
  } catch {
    throw new VaultError('malformed', 'what the record holds is not readable');
  }
}
