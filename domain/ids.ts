import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * Every identifier that must be the same on a second try is derived here, from what caused it, and
 * nowhere else. Nothing is random: a repeated request, a re-executed activity or a reset workflow
 * computes the same names and so meets the rows that the first one left.
 */
export type Mode = 'test' | 'live';
export type OperationKind = 'authorize' | 'sale' | 'capture' | 'void' | 'refund';

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

/** One merchant request: `path` is the method and the concrete path, e.g. `POST /v1/payments/pay_x/capture`. */
export function requestIdFor(merchantId: string, mode: Mode, path: string, idempotencyKey: string): string {
  return `req_${digest(['request', merchantId, mode, path, idempotencyKey], ID_LENGTH)}`;
}

function stem(paymentId: string): string {
  return paymentId.slice('pay_'.length);
}

export function attemptIdFor(paymentId: string, attemptNumber: number): string {
  return `att_${stem(paymentId)}_${attemptNumber}`;
}

/** `number` is fixed by the operation's cause when its row is made, never counted when it is sent. */
export function operationIdFor(
  paymentId: string,
  attemptNumber: number,
  kind: OperationKind,
  number: number,
): string {
  return `op_${stem(paymentId)}_${attemptNumber}_${kind}_${number}`;
}

export function eventIdFor(paymentId: string, sequence: number, ordinal: number): string {
  return `evt_${stem(paymentId)}_${sequence}_${ordinal}`;
}

/**
 * Our references travel to the provider and come back in webhooks and settlement files. Both an
 * attempt's and an operation's contain the payment's stem, so a stray reference finds its payment
 * without a look-up. Answers undefined for a reference that is not ours.
 */
export function paymentIdOfReference(reference: string): string | undefined {
  const match = /^(?:att|op)_([a-z2-7]{26})_/.exec(reference);
  return match?.[1] === undefined ? undefined : `pay_${match[1]}`;
}

/**
 * The idempotency key a provider sees: 52 base32 characters (all 256 bits), within Adyen's 64 and
 * Stripe's 255. A key belongs to one operation row, so a new row is a new charge by construction.
 */
export function providerKeyFor(operation: {
  readonly paymentId: string;
  readonly attemptNumber: number;
  readonly kind: OperationKind;
  readonly number: number;
}): string {
  const { paymentId, attemptNumber, kind, number } = operation;
  return digest(['provider-key', paymentId, attemptNumber, kind, number], 52);
}

/** The workflow of one generation of a payment. */
export function paymentWorkflowId(paymentId: string, generation: number): string {
  return `payment/${paymentId}/g${generation}`;
}
