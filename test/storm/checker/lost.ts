import { chargesOf } from './charges.ts';
import type { Finding } from './finding.ts';
import type { AttemptRow, PostingRow } from './rows.ts';
import { grouped, subjectsOf, type View } from './view.ts';

/**
 * I2: no lost charge. What a provider holds or has taken is in the ledger, or an open exception says that it
 * isn't. Compared for each payment and account, captures and refunds apart, so that two errors can't hide
 * each other.
 */
export function checkLost(view: View): Finding[] {
  return [...strangers(view), ...unposted(view), ...heldUnnoticed(view), ...toldUncharged(view)];
}

const found = (subject: string, what: string): Finding => ({ invariant: 'I2', subject, what });

const MONEY: ReadonlySet<string> = new Set(['authorized', 'captured', 'refunded']);

function strangers(view: View): Finding[] {
  return view.lines
    .filter((line) => line.kind === 'effect' && MONEY.has(line.effect ?? ''))
    .filter((line) => !view.attempts.has(line.reference ?? '') && !view.isParked([line.reference ?? '']))
    .map((line) =>
      found(
        line.reference ?? `${line.provider} line ${line.seq}`,
        `${line.provider} ${line.effect} ${line.amountMinor} for what no attempt is known of`,
      ),
    );
}

/** What a payment moved at one account, as the provider has it and as the ledger has it. */
export interface Books {
  readonly paymentId: string;
  readonly accountId: string;
  readonly attempts: readonly AttemptRow[];
  readonly provider: { readonly capturedMinor: bigint; readonly refundedMinor: bigint };
  readonly ledger: { readonly capturedMinor: bigint; readonly refundedMinor: bigint };
}

/** Kinds of transactions that post what a provider took; all others post what it gave back. */
export const CAPTURES: ReadonlySet<string> = new Set(['capture', 'late_success']);

export function booksOf(view: View, paymentId: string): readonly Books[] {
  const byAccount = grouped(view.attemptsOf(paymentId), ({ accountId }) => accountId);
  return [...byAccount].map(([accountId, attempts]) => {
    const charges = chargesOf(view, paymentId).filter(({ attempt }) => attempt.accountId === accountId);
    const sum = (amounts: readonly bigint[]) => amounts.reduce((total, each) => total + each, 0n);
    const receivable = view
      .postingsOf(paymentId)
      .filter(({ book, holder }) => book === 'provider_receivable' && holder === accountId);
    const posted = (which: (posting: PostingRow) => boolean) =>
      sum(receivable.filter(which).map(({ amountMinor }) => amountMinor));
    return {
      paymentId,
      accountId,
      attempts,
      provider: {
        capturedMinor: sum(charges.map(({ charge }) => charge.capturedMinor)),
        refundedMinor: sum(charges.map(({ charge }) => charge.refundedMinor)),
      },
      ledger: {
        capturedMinor: posted(({ kind }) => CAPTURES.has(kind)),
        refundedMinor: -posted(({ kind }) => !CAPTURES.has(kind)),
      },
    };
  });
}

export function isExplained(view: View, books: Books): boolean {
  return view.isParked(books.attempts.flatMap((attempt) => subjectsOf(view, attempt)));
}

function unposted(view: View): Finding[] {
  return [...view.payments.keys()].flatMap((paymentId) =>
    booksOf(view, paymentId).flatMap((books) => {
      const { provider, ledger, accountId } = books;
      const captured = provider.capturedMinor - ledger.capturedMinor;
      const refunded = provider.refundedMinor - ledger.refundedMinor;
      if ((captured <= 0n && refunded <= 0n) || isExplained(view, books)) return [];
      const what = [
        ...(captured > 0n ? [`took ${captured} that the ledger doesn't have`] : []),
        ...(refunded > 0n ? [`gave back ${refunded} that the ledger doesn't have`] : []),
      ];
      return [found(paymentId, `${accountId} ${what.join(' and ')}`)];
    }),
  );
}

/** The states in which a payment says that it holds an authorization, or is about to resolve one. */
const MAY_HOLD: ReadonlySet<string> = new Set([
  'authorized',
  'unknown',
  'pending',
  'requires_action',
  'created',
]);

function heldUnnoticed(view: View): Finding[] {
  return [...view.payments.keys()].flatMap((paymentId) =>
    chargesOf(view, paymentId)
      .filter(({ charge, attempt }) => charge.held && !MAY_HOLD.has(attempt.status))
      .filter(({ attempt }) => !view.isParked(subjectsOf(view, attempt)))
      .map(({ attempt }) =>
        found(
          attempt.id,
          `${attempt.provider} holds an authorization of an attempt that is ${attempt.status}`,
        ),
      ),
  );
}

const UNCHARGED: ReadonlySet<string> = new Set(['failed', 'canceled', 'expired']);

function toldUncharged(view: View): Finding[] {
  return [...view.payments.values()]
    .filter(({ status }) => UNCHARGED.has(status))
    .flatMap(({ id, status }) =>
      chargesOf(view, id)
        .filter(({ charge, attempt }) => charge.standing && !view.isParked(subjectsOf(view, attempt)))
        .map(({ attempt }) => found(id, `is ${status}, and ${attempt.provider} charged ${attempt.id}`)),
    );
}
