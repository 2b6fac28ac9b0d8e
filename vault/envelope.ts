/**
 * The envelope: a fresh data key for every record, wrapped by the active key-encryption key (AES-256-GCM
 * both). Rotation rewraps 32 bytes and never touches the content. The binary layout of version 1:
 *
 *   1 version | 1 purpose | 8 expiry (epoch ms, big endian, 0: none) | 1 length of key id | key id
 *   wrapped data key: 12 nonce, 32 ciphertext, 16 tag
 *   content:          12 nonce, n ciphertext, 16 tag
 *
 * The content's associated data is version, purpose, expiry and the owner's id, so a record copied to
 * another row, column or lifetime doesn't open. The wrapping's is everything before it, so rewrapping needs
 * no owner and still refuses an altered header.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { isKeyId, KEY_BYTES, type LoadedKeyRing, VaultError } from './keys.ts';

const VERSION = 1;
const PURPOSE_BYTES = { card: 1, cvc: 2, parameters: 3, secret: 4, provider: 5 } as const;
export type Purpose = keyof typeof PURPOSE_BYTES;

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Version, purpose and expiry: what content and wrapping both authenticate. */
const PREFIX_BYTES = 10;
const WRAPPED_KEY_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES;

/** Cards, webhook secrets and providers' secrets carry no expiry; everything that may hold a card verification code must. */
export type SealBinding =
  | LastingBinding
  | { readonly purpose: 'cvc' | 'parameters'; readonly ownerId: string; readonly expiresAtMs: number };

type LastingBinding = { readonly purpose: 'card' | 'secret' | 'provider'; readonly ownerId: string };
type ExpiringBinding = {
  readonly purpose: 'cvc' | 'parameters';
  readonly ownerId: string;
  readonly nowMs: number;
};

interface Envelope {
  /** Everything before the wrapped key. */
  readonly header: Buffer;
  readonly purposeByte: number;
  readonly expiresAtMs: number;
  readonly keyId: string;
  readonly wrappedKey: Buffer;
  readonly content: Buffer;
}

/** Seals and clears `plaintext`. */
export function sealEnvelope(
  ring: LoadedKeyRing,
  binding: SealBinding,
  plaintext: Buffer,
): Uint8Array<ArrayBuffer> {
  const dataKey = randomBytes(KEY_BYTES);
  try {
    const expiresAtMs = 'expiresAtMs' in binding ? checkedExpiry(binding.expiresAtMs) : 0;
    const header = headerOf(PURPOSE_BYTES[binding.purpose], expiresAtMs, ring.activeId);
    const content = encrypt(createSecretKey(dataKey), plaintext, contentData(header, binding.ownerId));
    return new Uint8Array(Buffer.concat([header, encrypt(ring.active, dataKey, header), content]));
  } finally {
    dataKey.fill(0);
    plaintext.fill(0);
  }
}

/** Answers undefined past the expiry, before any key is touched, however long the row itself remains. */
export function openEnvelope(ring: LoadedKeyRing, binding: LastingBinding, sealed: Uint8Array): Buffer;
export function openEnvelope(
  ring: LoadedKeyRing,
  binding: ExpiringBinding,
  sealed: Uint8Array,
): Buffer | undefined;
export function openEnvelope(
  ring: LoadedKeyRing,
  binding: LastingBinding | ExpiringBinding,
  sealed: Uint8Array,
): Buffer | undefined {
  const envelope = parse(sealed);
  if (envelope.purposeByte !== PURPOSE_BYTES[binding.purpose]) {
    throw new VaultError('malformed', `the record is not a sealed ${binding.purpose}`);
  }
  // Written so that NaN, and a record without an expiry, count as expired.
  if ('nowMs' in binding && !(binding.nowMs < envelope.expiresAtMs)) return undefined;
  const dataKey = unwrap(ring, envelope);
  try {
    const associatedData = contentData(envelope.header, binding.ownerId);
    return decrypt(createSecretKey(dataKey), envelope.content, associatedData);
  } finally {
    dataKey.fill(0);
  }
}

/** Already under the active key: the same bytes, so that a rotation can be run again at no cost. */
export function rewrapEnvelope(ring: LoadedKeyRing, sealed: Uint8Array): Uint8Array<ArrayBuffer> {
  const envelope = parse(sealed);
  if (envelope.keyId === ring.activeId) return new Uint8Array(sealed);
  const dataKey = unwrap(ring, envelope);
  try {
    const header = headerOf(envelope.purposeByte, envelope.expiresAtMs, ring.activeId);
    return new Uint8Array(Buffer.concat([header, encrypt(ring.active, dataKey, header), envelope.content]));
  } finally {
    dataKey.fill(0);
  }
}

export function keyIdOf(sealed: Uint8Array): string {
  return parse(sealed).keyId;
}

function unwrap(ring: LoadedKeyRing, envelope: Envelope): Buffer {
  return decrypt(ring.find(envelope.keyId), envelope.wrappedKey, envelope.header);
}

function checkedExpiry(expiresAtMs: number): number {
  if (!Number.isSafeInteger(expiresAtMs) || expiresAtMs <= 0) {
    throw new VaultError('invalid_input', 'an expiry is a positive whole number of epoch milliseconds');
  }
  return expiresAtMs;
}

function headerOf(purposeByte: number, expiresAtMs: number, keyId: string): Buffer {
  const header = Buffer.alloc(PREFIX_BYTES + 1 + keyId.length);
  header.writeUInt8(VERSION, 0);
  header.writeUInt8(purposeByte, 1);
  header.writeBigUInt64BE(BigInt(expiresAtMs), 2);
  header.writeUInt8(keyId.length, PREFIX_BYTES);
  header.write(keyId, PREFIX_BYTES + 1, 'latin1');
  return header;
}

/** The prefix has a fixed length, so an owner's id can't be shifted into it. */
function contentData(header: Buffer, ownerId: string): Buffer {
  if (ownerId === '') throw new VaultError('invalid_input', 'a record needs an owner');
  return Buffer.concat([header.subarray(0, PREFIX_BYTES), Buffer.from(ownerId)]);
}

function parse(sealed: Uint8Array): Envelope {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const headerBytes = PREFIX_BYTES + 1 + (bytes[PREFIX_BYTES] ?? 0);
  const contentAt = headerBytes + WRAPPED_KEY_BYTES;
  if (bytes.length < contentAt + NONCE_BYTES + TAG_BYTES) {
    throw new VaultError('malformed', `the record is too short (${bytes.length} bytes)`);
  }
  if (bytes.readUInt8(0) !== VERSION) {
    throw new VaultError('malformed', `the record has version ${bytes.readUInt8(0)}, not ${VERSION}`);
  }
  const keyId = bytes.toString('latin1', PREFIX_BYTES + 1, headerBytes);
  // Checked before it can reach an error message: an altered record must not write into our logs.
  if (!isKeyId(keyId)) throw new VaultError('malformed', 'the record names no valid key');
  return {
    header: bytes.subarray(0, headerBytes),
    purposeByte: bytes.readUInt8(1),
    expiresAtMs: Number(bytes.readBigUInt64BE(2)),
    keyId,
    wrappedKey: bytes.subarray(headerBytes, contentAt),
    content: bytes.subarray(contentAt),
  };
}

function encrypt(key: KeyObject, plaintext: Buffer, associatedData: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES }).setAAD(associatedData);
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: KeyObject, box: Buffer, associatedData: Buffer): Buffer {
  const tagAt = box.length - TAG_BYTES;
  const decipher = createDecipheriv(ALGORITHM, key, box.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(associatedData).setAuthTag(box.subarray(tagAt));
  const unverified = decipher.update(box.subarray(NONCE_BYTES, tagAt));
  try {
    return Buffer.concat([unverified, decipher.final()]);
  } catch {
    throw new VaultError('not_authentic', 'the record was altered, or belongs to another owner or key');
  } finally {
    unverified.fill(0);
  }
}
