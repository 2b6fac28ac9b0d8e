import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { Mode, OperationKind } from './names.ts';

export * from './names.ts';

/**
 * Every identifier that must be the same on a second try is derived here, from what caused it, and
 * nowhere else. Nothing is random: a repeated request, a re-executed activity or a reset workflow
 * computes the same names and so meets the rows that the first one left.
 */

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** RFC 4648 base32 in lower case, unpadded, cut to `length` characters (5 bits each). */
function base32(bytes: Uint8Array, length: number): string {
  let out = '';
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5 && out.length < length) {
      bits -= 5;
      out += BASE32.charAt((buffer >>> bits) & 31);
    }
  }
  return out;
}

/** Parts are length-prefixed, so ('ab','c') and ('a','bc') never meet. */
function digest(parts: readonly (string | number)[], length: number): string {
  const text = parts.map((part) => `${String(part).length}:${part}`).join('|');
  return base32(sha256(utf8ToBytes(text)), length);
}

/** 130 bits: as hard to hit by accident as a UUID, and still one double-clickable word. */
const ID_LENGTH = 26;

export function paymentIdFor(merchantId: string, mode: Mode, idempotencyKey: string): string {
  return `pay_${digest(['payment', merchantId, mode, idempotencyKey], ID_LENGTH)}`;
}

export function paymentMethodIdFor(merchantId: string, mode: Mode, idempotencyKey: string): string {
  return `pm_${digest(['payment_method', merchantId, mode, idempotencyKey], ID_LENGTH)}`;
}

export function customerIdFor(merchantId: string, mode: Mode, idempotencyKey: string): string {
  return `cus_${digest(['customer', merchantId, mode, idempotencyKey], ID_LENGTH)}`;
}

export function refundIdFor(paymentId: string, idempotencyKey: string): string {
  return `ref_${digest(['refund', paymentId, idempotencyKey], ID_LENGTH)}`;
}

/** An operator's proposal: one for one request, so that a repeat proposes nothing more. */
export function resolutionIdFor(requestId: string): string {
  return `res_${digest(['resolution', requestId], ID_LENGTH)}`;
}

/** One merchant request: `path` is the method and the concrete path, e.g. `POST /v1/payments/pay_x/capture`. */
export function requestIdFor(merchantId: string, mode: Mode, path: string, idempotencyKey: string): string {
  return `req_${digest(['request', merchantId, mode, path, idempotencyKey], ID_LENGTH)}`;
}

/**
 * The idempotency key a provider sees: 52 base32 characters (all 256 bits), within Adyen's 64 and
 * Stripe's 255. A key belongs to one operation row, so a new row is a new charge by construction.
 */
export function providerKeyFor(operation: {
  /** The payment or refund that owns it. */
  readonly ownerId: string;
  readonly attemptNumber: number;
  readonly kind: OperationKind;
  readonly number: number;
}): string {
  const { ownerId, attemptNumber, kind, number } = operation;
  return digest(['provider-key', ownerId, attemptNumber, kind, number], 52);
}
