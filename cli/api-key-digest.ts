import { createHmac } from 'node:crypto';

/**
 * The digest under which the API looks a bearer key up: the vault's keyed digest of text, whose key is derived
 * from INTERLOCK_DIGEST_KEY. The rooms' arrows keep the vault out of the command line's reach, so the two
 * lines are written again here, and a test compares them with the vault's.
 */
export function apiKeyDigest(apiKey: string, digestKey: Buffer): string {
  const textKey = createHmac('sha256', digestKey).update('interlock/vault/text/v1').digest();
  return createHmac('sha256', textKey).update(apiKey).digest('base64url');
}
