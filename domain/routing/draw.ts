import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';

/** The first four bytes of a digest: 0 to 2^32 - 1. */
function numberOf(text: string): number {
  const digest = sha256(utf8ToBytes(text));
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0);
}

/** What a payment's strategies draw from: made from its id, so that whoever evaluates again draws the same. */
export function drawOf(paymentId: string): number {
  return numberOf(paymentId);
}

/** Whether the canary decides a payment. Another digest than the draw's, so that their lucks are not one. */
export function isCanarys(paymentId: string, version: number, percent: number): boolean {
  return numberOf(`canary/${version}/${paymentId}`) % 10_000 < percent * 100;
}
