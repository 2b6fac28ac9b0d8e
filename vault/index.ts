/**
 * vault/: card data at rest. What lives here: sealing and opening of cards, card verification codes, resend
 * parameters and the secrets that sign webhooks, the card's fingerprint, the keys and their rotation, and pure facts
 * about card numbers. What may not: anything that keeps, logs or returns a card number past the call that needed it.
 * The API and the provider activities seal; only the provider activities open, and delivery its secrets. Storage is the caller's: this room turns
 * values into opaque bytes and back.
 */
import { createHmac } from 'node:crypto';
import { type Card, decodeCard, encodeCard, isCardVerificationCode } from './card.ts';
import { keyIdOf, openEnvelope, rewrapEnvelope, sealEnvelope } from './envelope.ts';
import { type KeyRing, loadDigestKeys, loadKeyRing, VaultError } from './keys.ts';
import { takeJson, takeText } from './plaintext.ts';

export type { Card } from './card.ts';
export * from './card-number.ts';
export { type KeyRing, VaultError, type VaultErrorCode } from './keys.ts';

/** The longest a card verification code, or parameters that may hold one, can be opened after sealing. */
export const CVC_LIFETIME_MS = 15 * 60 * 1000;

/** What Prisma's `Bytes` columns take and give. */
export type Sealed = Uint8Array<ArrayBuffer>;

/** What an endpoint's deliveries are signed with (`whsec_…`): while it is rotated, the previous secret signs too. */
export interface WebhookSecrets {
  readonly current: string;
  readonly previous?: string;
  readonly previousUntilMs?: number;
}

/** One account's secrets by name. While the webhook's is rotated, the one before is accepted too. */
export interface ProviderSecrets {
  readonly values: Readonly<Record<string, string>>;
  readonly previousWebhookSecret?: { readonly value: string; readonly untilMs: number };
}

/**
 * All times are epoch milliseconds. Opening throws a `VaultError` when the bytes were altered, belong to
 * another owner or purpose, or name a key that isn't in the ring; it answers `undefined` when they expired.
 */
export interface Vault {
  sealCard(card: Card, paymentMethodId: string): Sealed;
  openCard(sealed: Uint8Array, paymentMethodId: string): Card;
  /** An expiry further away than `CVC_LIFETIME_MS` is drawn in to it. */
  sealCvc(cvc: string, paymentMethodId: string, expiresAtMs: number): Sealed;
  openCvc(sealed: Uint8Array, paymentMethodId: string, nowMs: number): string | undefined;
  /** `parameters` is any JSON value; the expiry is bounded as a card verification code's is. */
  sealParameters(parameters: unknown, operationId: string, expiresAtMs: number): Sealed;
  openParameters(sealed: Uint8Array, operationId: string, nowMs: number): unknown;
  /** A webhook endpoint's secrets, bound to the endpoint's id; they last until they are sealed anew. */
  sealSecret(secrets: WebhookSecrets, endpointId: string): Sealed;
  openSecret(sealed: Uint8Array, endpointId: string): WebhookSecrets;
  /** What a provider account is called and heard with, bound to the account's id; lasts until it is sealed anew. */
  sealProviderSecrets(secrets: ProviderSecrets, accountId: string): Sealed;
  openProviderSecrets(sealed: Uint8Array, accountId: string): ProviderSecrets;
  /** The same card has the same fingerprint at one merchant, and another one at every other merchant. */
  fingerprint(number: string, merchantId: string): string;
  /** HMAC-SHA-256 of a request body in base64url, for comparing bodies that may hold a card number. */
  keyedDigest(text: string): string;
  /** Moves a record of any kind under the active key without decrypting what it holds. */
  rewrap(sealed: Uint8Array): Sealed;
  /** The key a record is wrapped under: what a rotation asks to find the rows still to be moved. */
  keyIdOf(sealed: Uint8Array): string;
}

export interface VaultOptions {
  /** Key-encryption keys, 32 bytes each. */
  readonly keys: KeyRing;
  /** 32 bytes. Never rotated: fingerprints and stored digests would no longer compare. */
  readonly digestKey: Buffer;
  /** Only bounds the expiry at sealing; opening takes its time as an argument. */
  readonly clock?: () => number;
}

export function createVault({ keys, digestKey, clock = Date.now }: VaultOptions): Vault {
  const ring = loadKeyRing(keys);
  const digestKeys = loadDigestKeys(digestKey);

  // Clamped rather than refused: the caller's clock may be a few milliseconds ahead of this one, and a
  // payment must not fail over that, while no skew can buy a code more than its fifteen minutes.
  const boundedExpiry = (expiresAtMs: number) => Math.min(expiresAtMs, clock() + CVC_LIFETIME_MS);

  return {
    sealCard(card, paymentMethodId) {
      return sealEnvelope(ring, { purpose: 'card', ownerId: paymentMethodId }, encodeCard(card));
    },
    openCard(sealed, paymentMethodId) {
      return decodeCard(openEnvelope(ring, { purpose: 'card', ownerId: paymentMethodId }, sealed));
    },
    sealCvc(cvc, paymentMethodId, expiresAtMs) {
      if (!isCardVerificationCode(cvc)) {
        throw new VaultError('invalid_input', 'a card verification code has three or four digits');
      }
      const binding = { purpose: 'cvc', ownerId: paymentMethodId } as const;
      return sealEnvelope(ring, { ...binding, expiresAtMs: boundedExpiry(expiresAtMs) }, Buffer.from(cvc));
    },
    openCvc(sealed, paymentMethodId, nowMs) {
      const plaintext = openEnvelope(ring, { purpose: 'cvc', ownerId: paymentMethodId, nowMs }, sealed);
      return plaintext === undefined ? undefined : takeText(plaintext);
    },
    sealParameters(parameters, operationId, expiresAtMs) {
      const json = JSON.stringify(parameters);
      if (json === undefined) throw new VaultError('invalid_input', 'parameters must be a JSON value');
      const binding = { purpose: 'parameters', ownerId: operationId } as const;
      return sealEnvelope(ring, { ...binding, expiresAtMs: boundedExpiry(expiresAtMs) }, Buffer.from(json));
    },
    openParameters(sealed, operationId, nowMs) {
      const binding = { purpose: 'parameters', ownerId: operationId, nowMs } as const;
      const plaintext = openEnvelope(ring, binding, sealed);
      return plaintext === undefined ? undefined : takeJson(plaintext);
    },
    sealSecret(secrets, endpointId) {
      const plaintext = Buffer.from(JSON.stringify(secrets));
      return sealEnvelope(ring, { purpose: 'secret', ownerId: endpointId }, plaintext);
    },
    openSecret(sealed, endpointId) {
      const plaintext = openEnvelope(ring, { purpose: 'secret', ownerId: endpointId }, sealed);
      return takeJson(plaintext) as WebhookSecrets;
    },
    sealProviderSecrets(secrets, accountId) {
      const plaintext = Buffer.from(JSON.stringify(secrets));
      return sealEnvelope(ring, { purpose: 'provider', ownerId: accountId }, plaintext);
    },
    openProviderSecrets(sealed, accountId) {
      const plaintext = openEnvelope(ring, { purpose: 'provider', ownerId: accountId }, sealed);
      return takeJson(plaintext) as ProviderSecrets;
    },
    fingerprint(number, merchantId) {
      return digestKeys.fingerprint(number, merchantId);
    },
    keyedDigest(text) {
      return createHmac('sha256', digestKeys.text).update(text).digest('base64url');
    },
    rewrap: (sealed) => rewrapEnvelope(ring, sealed),
    keyIdOf,
  };
}
