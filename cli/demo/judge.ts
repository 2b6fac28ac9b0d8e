import type { PublicPayment, PublicRefund } from './merchant.ts';
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
  /** What each attempt's authentication came to; left out, it isn't looked at. */
  readonly authentications?: readonly string[];
  /** Every refund, oldest first; none where it is left out. */
  readonly refunds?: readonly ExpectedRefund[];
}

export interface ExpectedRefund {
  readonly amount: number;
  readonly status: string;
}

/** What differs between a payment and its expectation, one sentence each. */
export function differences(
  payment: PublicPayment,
  refunds: readonly PublicRefund[],
  expected: Expectation,
): string[] {
  const said: string[] = [];
  const compare = (what: string, is: unknown, should: unknown) => {
    if (is !== should) said.push(`${what} is ${String(is)}, expected ${String(should)}`);
  };
  const declines = payment.attempts.flatMap(({ decline }) => (decline === null ? [] : [decline.reason]));
  compare('status', payment.status, expected.status);
  compare('amount_captured', payment.amount_captured, expected.captured);
  compare('attempts', describeAttempts(payment), expected.attempts.map((pair) => pair.join(' ')).join(', '));
  compare('decline', declines.at(-1) ?? 'none', expected.decline ?? 'none');
  compare('refunds', describeRefunds(refunds), describeRefunds(expected.refunds ?? []));
  if (expected.authentications !== undefined)
    compare('authentications', describeAuthentications(payment), expected.authentications.join(', '));
  compare('failure', payment.failure?.code ?? 'none', expected.failure ?? 'none');
  return said;
}

export function describeAttempts(payment: PublicPayment): string {
  return payment.attempts.map(({ provider, status }) => `${provider} ${status}`).join(', ');
}

export function describeAuthentications(payment: PublicPayment): string {
  return payment.attempts.map(({ authentication }) => authentication?.status ?? 'none').join(', ');
}

/** By amount: refunds made at once are listed in either order. */
export function describeRefunds(refunds: readonly ExpectedRefund[]): string {
  const each = refunds
    .toSorted((a, b) => a.amount - b.amount || a.status.localeCompare(b.status))
    .map(({ amount, status }) => (status === 'succeeded' ? `${amount}` : `${amount} ${status}`));
  return each.length === 0 ? 'none' : each.join(', ');
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
  const barred = own.filter(
    ({ effect, reference }) => effect === 'authorized' && isBarred(payment, reference),
  );
  const lost = total > known;
  return {
    chargedTwice,
    lost,
    problems: [
      ...(chargedTwice ? [`charged ${charges.length} times, ${total} in all`] : []),
      ...(total === known ? [] : [`the providers' journals say ${total} charged, the API says ${known}`]),
      ...barred.map(({ reference }) => `${reference} was authorized although its authentication was refused`),
      ...foreign.map(({ currency }) => `charged in ${currency} instead of ${payment.currency}`),
    ],
  };
}

/** What the issuer rejected, or the payer didn't pass, is never authorized (EMV 3DS: N and R). */
const BARRED: ReadonlySet<string> = new Set(['failed', 'rejected', 'timed_out']);

function isBarred({ attempts }: PublicPayment, reference: string): boolean {
  const attempt = attempts[Number(reference.slice(reference.lastIndexOf('_') + 1)) - 1];
  return BARRED.has(attempt?.authentication?.status ?? '');
}

/** An attempt's reference contains its payment's stem. */
function effectsOf(paymentId: string, effects: readonly Effect[]): readonly Effect[] {
  const prefix = `att_${stem(paymentId)}_`;
  return effects.filter(({ reference }) => reference.startsWith(prefix));
}

/** How each effect changes what a refund has given back. */
const GIVEN: Readonly<Record<string, 1 | -1>> = { refunded: 1, refund_failed: -1 };

export interface RefundVerdict {
  readonly problems: readonly string[];
  /** Refunds that gave more than their amount. */
  readonly refundedTwice: number;
  /** Money that was given back without the API knowing of it, or that it says was given back and wasn't. */
  readonly lost: boolean;
}

/** Each refund of one payment held against what the journals say was given back in its name. */
export function judgeRefunds(
  payment: PublicPayment,
  refunds: readonly PublicRefund[],
  effects: readonly Effect[],
): RefundVerdict {
  const own = effectsOf(payment.id, effects).filter(({ effect }) => effect in GIVEN);
  const problems: string[] = [];
  let refundedTwice = 0;
  for (const { id, amount, status } of refunds) {
    const prefix = `op_${stem(payment.id)}_${stem(id)}_`;
    const given = sumOf(own.filter(({ operationReference = '' }) => operationReference.startsWith(prefix)));
    if (given > amount) refundedTwice += 1;
    const told = status === 'succeeded' ? amount : 0;
    if (given !== told) problems.push(`${id}: the journals say ${given} refunded, the API says ${told}`);
  }
  const stray = sumOf(own.filter((effect) => !isNamed(effect, payment, refunds)));
  if (stray !== 0) problems.push(`${stray} was refunded in the name of no refund`);
  return { problems, refundedTwice, lost: problems.length > 0 };
}

function sumOf(effects: readonly Effect[]): number {
  return effects.reduce((sum, { effect, amountMinor }) => sum + (GIVEN[effect] ?? 0) * amountMinor, 0);
}

/** A merchant's refund has its own id in the operation's; what gives a late success back has the attempt's number. */
function isNamed(
  { operationReference = '' }: Effect,
  payment: PublicPayment,
  refunds: readonly PublicRefund[],
): boolean {
  const [, paymentStem, owner = ''] = operationReference.split('_');
  return (
    paymentStem === stem(payment.id) && (/^\d+$/.test(owner) || refunds.some(({ id }) => stem(id) === owner))
  );
}

function stem(id: string): string {
  return id.slice(id.indexOf('_') + 1);
}
