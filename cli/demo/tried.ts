import type { Expectation } from './judge.ts';
import { eventually, type Merchant, type PublicPayment } from './merchant.ts';

/** One payment that was tried. */
export interface Tried {
  readonly name: string;
  readonly expected: Expectation;
  readonly payment: PublicPayment;
  readonly elapsedMs: number;
  /** What went differently on the way, e.g. an HTTP status; the end is compared by the judge. */
  readonly problems: readonly string[];
}

/** How long a payment may take to come to its end; the sandboxes' waits are scaled, a real provider's not. */
export const PATIENCE_MS = 20_000;

/** A payer who never comes is waited for 20 minutes, which the demo's stack scales to 24 seconds. */
export const CHALLENGE_PATIENCE_MS = 60_000;

export function shown(
  payment: PublicPayment | undefined,
  name: string,
  code: string | undefined,
): PublicPayment {
  if (payment === undefined) throw new Error(`"${name}": the API showed no payment (${code ?? 'no error'})`);
  return payment;
}

export async function settled(
  merchant: Merchant,
  payment: PublicPayment,
  status: string,
  patienceMs = PATIENCE_MS,
): Promise<PublicPayment> {
  if (payment.status === status) return payment;
  return eventually(
    () => merchant.payment(payment.id),
    (each) => each.status === status || TERMINAL.has(each.status),
    patienceMs,
  );
}

const TERMINAL = new Set(['succeeded', 'failed', 'canceled', 'expired']);
