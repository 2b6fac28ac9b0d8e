import type { PublicPayment } from './merchant.ts';
import type { Effect } from './sandboxes.ts';

/** What a payment should come to, in the API's words. */
export interface Expectation {
  readonly status: string;
  /** What is captured in the end, in minor units. */
  readonly captured: number;
  /** Every attempt in order: provider and status. */
  readonly attempts: readonly (readonly [provider: string, status: string])[];
  /** The reason of the decline that ended it, or of the one that made it fail over. */
  readonly decline?: string;
  readonly failure?: string;
}

/** What differs between a payment and its expectation, one sentence each. */
export function differences(payment: PublicPayment, expected: Expectation): string[] {
  const said: string[] = [];
  const compare = (what: string, is: unknown, should: unknown) => {
    if (is !== should) said.push(`${what} is ${String(is)}, expected ${String(should)}`);
  };
  const declines = payment.attempts.flatMap(({ decline }) => (decline === null ? [] : [decline.reason]));
  compare('status', payment.status, expected.status);
  compare('amount_captured', payment.amount_captured, expected.captured);
  compare('attempts', describeAttempts(payment), expected.attempts.map((pair) => pair.join(' ')).join(', '));
  compare('decline', declines.at(-1) ?? 'none', expected.decline ?? 'none');
  compare('failure', payment.failure?.code ?? 'none', expected.failure ?? 'none');
  return said;
}

export function describeAttempts(payment: PublicPayment): string {
  return payment.attempts.map(({ provider, status }) => `${provider} ${status}`).join(', ');
}

/** What the providers' journals say of one payment, held against what the API says. */
export interface Verdict {
  readonly problems: readonly string[];
  readonly chargedTwice: boolean;
  /** Money moved that the API doesn't know of. */
  readonly lost: boolean;
}

/** How each effect changes what the cardholder has paid. What isn't listed moves nothing. */
const SIGN: Readonly<Record<string, 1 | -1>> = {
  captured: 1,
  refund_failed: 1,
  refunded: -1,
  capture_failed: -1,
};

export function judgeByJournals(payment: PublicPayment, effects: readonly Effect[]): Verdict {
  const own = effectsOf(payment.id, effects);
  const paid = new Map<string, number>();
  for (const { provider, reference, effect, amountMinor } of own) {
    const attempt = `${provider} ${reference}`;
    paid.set(attempt, (paid.get(attempt) ?? 0) + (SIGN[effect] ?? 0) * amountMinor);
  }
  const charges = [...paid.values()].filter((amount) => amount > 0);
  const total = [...paid.values()].reduce((sum, amount) => sum + amount, 0);
  const known = payment.amount_captured - payment.amount_refunded;
  const foreign = own.filter(({ effect, currency }) => effect in SIGN && currency !== payment.currency);
  const chargedTwice = charges.length > 1 || total > payment.amount;
  const lost = total > known;
  return {
    chargedTwice,
    lost,
    problems: [
      ...(chargedTwice ? [`charged ${charges.length} times, ${total} in all`] : []),
      ...(total === known ? [] : [`the providers' journals say ${total} charged, the API says ${known}`]),
      ...foreign.map(({ currency }) => `charged in ${currency} instead of ${payment.currency}`),
    ],
  };
}

/** An attempt's reference contains its payment's stem. */
function effectsOf(paymentId: string, effects: readonly Effect[]): readonly Effect[] {
  const prefix = `att_${paymentId.replace(/^pay_/, '')}_`;
  return effects.filter(({ reference }) => reference.startsWith(prefix));
}
