import type { JournalLine } from '../evidence-types.ts';
import { chargesOf, refundedBy } from './charges.ts';
import type { Finding } from './finding.ts';
import { CAPTURES } from './lost.ts';
import type { OperationRow, PaymentRow, PostingRow } from './rows.ts';
import { atMs, grouped, subjectsOf, type View } from './view.ts';

/**
 * I5: the ledger. Every transaction sums to zero in every currency; nothing is left in suspense unless a
 * person has it; the balance that bounds our refunds says what the postings and reservations say; and we never
 * give back, hold reserved or so much as ask for more than was taken.
 */
export function checkLedger(view: View): Finding[] {
  return [
    ...unbalanced(view),
    ...[...view.payments.values()].flatMap((payment) => [
      ...inSuspense(view, payment),
      ...balanceOf(view, payment),
      ...refundBound(view, payment),
      ...askedBound(view, payment),
    ]),
  ];
}

const found = (subject: string, what: string): Finding => ({ invariant: 'I5', subject, what });
const sum = (amounts: readonly bigint[]) => amounts.reduce((total, each) => total + each, 0n);

function unbalanced(view: View): Finding[] {
  const byTransaction = grouped(
    view.postings,
    ({ transactionId, currency }) => `${transactionId} ${currency}`,
  );
  return [...byTransaction].flatMap(([name, postings]) => {
    const total = sum(postings.map(({ amountMinor }) => amountMinor));
    return total === 0n ? [] : [found(name, `sums to ${total}`)];
  });
}

function subjectsOfPayment(view: View, { id }: PaymentRow): readonly string[] {
  const attempts = view.attemptsOf(id).flatMap((attempt) => subjectsOf(view, attempt));
  return [id, ...attempts, ...view.refundsOf(id).map((refund) => refund.id)];
}

function inSuspense(view: View, payment: PaymentRow): Finding[] {
  const left = sum(
    view
      .postingsOf(payment.id)
      .filter(({ book }) => book === 'suspense')
      .map(({ amountMinor }) => amountMinor),
  );
  if (left === 0n || view.isParked(subjectsOfPayment(view, payment))) return [];
  return [found(payment.id, `leaves ${left} in suspense, and nobody is told`)];
}

const REFUNDS: ReadonlySet<string> = new Set([
  'refund',
  'refund_reversed',
  'external_refund',
  'refund_excess',
]);
/** Where the money comes from and goes to: a provider, or people who paid back by themselves. */
const SOURCES: ReadonlySet<string> = new Set(['provider_receivable', 'manual_disbursement']);

function moved(postings: readonly PostingRow[], kinds: ReadonlySet<string>): bigint {
  return sum(
    postings
      .filter(({ kind, book }) => kinds.has(kind) && SOURCES.has(book))
      .map(({ amountMinor }) => amountMinor),
  );
}

function balanceOf(view: View, payment: PaymentRow): Finding[] {
  const balance = view.balances.get(payment.id);
  if (balance === undefined) return [found(payment.id, 'has no balance')];
  const postings = view.postingsOf(payment.id);
  const reserved = sum(
    view.reservations
      .filter(({ paymentId, released }) => paymentId === payment.id && !released)
      .map(({ amountMinor }) => amountMinor),
  );
  const expected: readonly (readonly [string, bigint, bigint])[] = [
    ['captured', balance.capturedMinor, moved(postings, CAPTURES)],
    ['refunded', balance.refundedMinor + balance.externalMinor, -moved(postings, REFUNDS)],
    ['reserved', balance.reservedMinor, reserved],
  ];
  const wrong = expected.filter(([, is, should]) => is !== should);
  const findings = wrong.map(([name, is, should]) =>
    found(payment.id, `has ${is} ${name} in its balance; its rows say ${should}`),
  );
  if (balance.reservedMinor < 0n || balance.reservedMinor > balance.capturedMinor)
    findings.push(
      found(payment.id, `reserves ${balance.reservedMinor} of ${balance.capturedMinor} captured`),
    );
  return findings;
}

/** What our own refunds gave back, by the journals, against what was taken. */
function refundBound(view: View, payment: PaymentRow): Finding[] {
  const charges = chargesOf(view, payment.id);
  const ours = view.operations.filter(({ paymentId, kind }) => paymentId === payment.id && kind === 'refund');
  const given = sum(
    charges.map(({ attempt }) =>
      refundedBy(
        view.linesOf(attempt.id),
        ours.map(({ id }) => id),
      ),
    ),
  );
  const captured = sum(charges.map(({ charge }) => charge.capturedMinor));
  return given > captured ? [found(payment.id, `was refunded ${given} by us of ${captured} captured`)] : [];
}

/**
 * A provider refuses a refund too many, so a missing bound rarely moves money; it shows in what is asked for.
 * What has arrived and was not yet proven without effect may never exceed what was captured.
 */
function askedBound(view: View, payment: PaymentRow): Finding[] {
  const refunds = view.operations.filter(
    ({ paymentId, ownerId, kind }) =>
      paymentId === payment.id && kind === 'refund' && ownerId.startsWith('ref_'),
  );
  if (refunds.length < 2) return [];
  const lines = view.attemptsOf(payment.id).flatMap((attempt) => view.linesOf(attempt.id));
  const asked = refunds.flatMap((operation) => askOf(operation, lines));
  for (const { fromMs } of asked) {
    const atOnce = sum(
      asked
        .filter((ask) => ask.fromMs <= fromMs && ask.untilMs > fromMs)
        .map(({ amountMinor }) => amountMinor),
    );
    const captured = sum(
      lines
        .filter((line) => line.effect === 'captured' && atMs(line) <= fromMs)
        .map((line) => BigInt(line.amountMinor)),
    );
    if (atOnce > captured)
      return [found(payment.id, `had ${atOnce} asked for in refunds at once, of ${captured} captured`)];
  }
  return [];
}

interface Ask {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly amountMinor: bigint;
}

const WITHOUT_EFFECT: ReadonlySet<string> = new Set(['rejected', 'declined', 'not_attempted']);

function askOf(operation: OperationRow, lines: readonly JournalLine[]): Ask[] {
  const arrivals = lines.filter(
    (line) => line.kind === 'arrival' && line.idempotencyKey === operation.providerKey,
  );
  if (arrivals.length === 0) return [];
  const failedAtMs = WITHOUT_EFFECT.has(operation.status) ? operation.closedAtMs : undefined;
  const reversedAtMs = lines
    .filter((line) => line.effect === 'refund_failed' && line.operationReference === operation.id)
    .map(atMs);
  return [
    {
      fromMs: Math.min(...arrivals.map(atMs)),
      untilMs: Math.min(failedAtMs ?? Number.POSITIVE_INFINITY, ...reversedAtMs),
      amountMinor: operation.amountMinor,
    },
  ];
}
