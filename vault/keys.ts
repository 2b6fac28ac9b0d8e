/** Key material: checked once, kept as KeyObjects, which neither print nor serialise. */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** Keys by id, 32 bytes each. Records are sealed under `activeId`; the others open until they are retired. */
export type KeyRing = { activeId: string; keys: Record<string, Buffer> };

export type VaultErrorCode =
  /** The record names a key that isn't in the ring: it opens again once that key is back. */
  | 'unknown_key'
  /** Altered bytes, another owner, or a wrong key under the right id. */
  | 'not_authentic'
  /** Not a record of this vault, or of another purpose. */
  | 'malformed'
  | 'invalid_input'
  | 'invalid_keys';

/** Messages name keys, lengths and rules; never what was or was to be sealed. */
export class VaultError extends Error {
  readonly code: VaultErrorCode;
  /** Set for `unknown_key` only. */
  readonly keyId: string | undefined;

  constructor(code: VaultErrorCode, message: string, keyId?: string) {
    super(`vault: ${message}`);
    this.name = 'VaultError';
    this.code = code;
    this.keyId = keyId;
  }
}

export interface LoadedKeyRing {
  readonly activeId: string;
  readonly active: KeyObject;
  /** Throws `unknown_key` naming the id. */
  find(keyId: string): KeyObject;
}

export const KEY_BYTES = 32;
const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/;

export function isKeyId(text: string): boolean {
  return KEY_ID.test(text);
}

export function loadKeyRing(ring: KeyRing): LoadedKeyRing {
  const keys = new Map<string, KeyObject>();
  for (const [id, key] of Object.entries(ring.keys)) {
    if (!isKeyId(id)) throw new VaultError('invalid_keys', 'a key id has 1 to 64 of A-Z a-z 0-9 . _ -');
    if (key.length !== KEY_BYTES) {
      throw new VaultError('invalid_keys', `key ${id} has ${key.length} bytes instead of ${KEY_BYTES}`);
    }
    keys.set(id, createSecretKey(key));
  }
  const find = (keyId: string) => {
    const key = keys.get(keyId);
    if (key === undefined) throw new VaultError('unknown_key', `key ${keyId} is not in the ring`, keyId);
    return key;
  };
  return { activeId: ring.activeId, active: find(ring.activeId), find };
}

export interface DigestKeys {
  readonly text: KeyObject;
  fingerprint(number: string, merchantId: string): string;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** 130 bits, as the ids of domain/ids.ts have. */
const FINGERPRINT_LENGTH = 26;

/**
 * One configured key, one derived key a use, so that no digest of a body can ever be read as a fingerprint.
 * A card number has so little entropy that only the key keeps a fingerprint from being guessed back.
 */
export function loadDigestKeys(digestKey: Buffer): DigestKeys {
  if (digestKey.length !== KEY_BYTES) {
    throw new VaultError(
      'invalid_keys',
      `the digest key has ${digestKey.length} bytes instead of ${KEY_BYTES}`,
    );
  }
  const root = createSecretKey(digestKey);
  const derive = (use: string) => createSecretKey(createHmac('sha256', root).update(use).digest());
  const fingerprintKey = derive('interlock/vault/fingerprint/v1');
  return {
    text: derive('interlock/vault/text/v1'),
    fingerprint(number, merchantId) {
      // The number is digits only, so the separator cannot occur in it and the two parts cannot run together.
      if (!/^\d{12,19}$/.test(number)) {
        throw new VaultError('invalid_input', 'a card number has 12 to 19 digits');
      }
      const digest = createHmac('sha256', fingerprintKey).update(`${number}|${merchantId}`).digest();
      return `fp_${base32(digest, FINGERPRINT_LENGTH)}`;
    },
  };
}

/** RFC 4648 in lower case, unpadded, cut to `length` characters. */
function base32(bytes: Uint8Array, length: number): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  let out = '';
  for (let at = 0; out.length < length; at += 5) {
    out += BASE32.charAt(Number.parseInt(bits.slice(at, at + 5), 2));
  }
  return out;
}
