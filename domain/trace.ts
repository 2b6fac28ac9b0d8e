import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { paymentIdOfReference } from './names.ts';

/**
 * A payment's trace has an id that follows from the payment's own. So whatever is done about the payment, by whichever
 * process, a minute or a month later, lands in one trace without anybody having stored or handed on anything, and
 * the trace of any payment can be named by whoever knows the payment.
 */

const TRACE_ID_BYTES = 16;

/** As W3C Trace Context writes it: 32 digits of lower-case hex. */
export function traceIdOf(paymentId: string): string {
  return bytesToHex(sha256(utf8ToBytes(`interlock/trace/${paymentId}`)).subarray(0, TRACE_ID_BYTES));
}

/**
 * The payment that an id is about, where the id itself says so: a payment's own, its attempts' and operations', and the
 * workflows' of payments and challenges. A refund's doesn't: it is a digest, and only its row knows the payment.
 */
export function paymentIdIn(id: string): string | undefined {
  return /^(?:(?:payment|challenge)\/)?(pay_[a-z2-7]{26})(?:\/|$)/.exec(id)?.[1] ?? paymentIdOfReference(id);
}

/** Where people look at a trace: the template's `{traceId}` filled in. Absent where no such place is configured. */
export function traceUrlOf(traceId: string, template: string | undefined): string | undefined {
  return template?.replaceAll('{traceId}', traceId);
}
