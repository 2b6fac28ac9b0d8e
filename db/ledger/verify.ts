import { kindEntry, parseAccount } from '../../domain/ledger/chart.ts';
import { kindsThatCount } from '../../domain/ledger/kinds.ts';
import type { Db } from '../client.ts';

/** What is wrong with the books, and with whose. */
export interface LedgerProblem {
  readonly subject: string;
  readonly problem: string;
}

export interface CurrencySum {
  readonly currency: string;
  readonly debitMinor: bigint;
  readonly creditMinor: bigint;
}

export interface LedgerVerdict {
  readonly transactions: number;
  readonly postings: number;
  readonly payments: number;
  readonly refunds: number;
  readonly currencies: readonly CurrencySum[];
  readonly problems: readonly LedgerProblem[];
}

/** As many of each sort are told; a thousandth says nothing that the first didn't. */
const TOLD = 100;

/**
 * Reads the whole ledger, and holds payments, refunds and the chart against it. Each check is one statement and sees one
 * moment, so what is recorded meanwhile makes no false alarm.
 */
export async function verifyLedger(db: Db): Promise<LedgerVerdict> {
  const currencies = await sums(db);
  const problems = [
    ...(await unbalanced(db)),
    ...currencies
      .filter(({ debitMinor, creditMinor }) => debitMinor !== creditMinor)
      .map(({ currency, debitMinor, creditMinor }) => ({
        subject: currency,
        problem: `debits are ${debitMinor}, credits ${creditMinor}`,
      })),
    ...(await empty(db)),
    ...(await strayAccounts(db)),
    ...(await paymentsThatDiffer(db)),
    ...(await refundsThatDiffer(db)),
  ];
  const [counts] = await db.$queryRaw<
    {
      readonly transactions: bigint;
      readonly postings: bigint;
      readonly payments: bigint;
      readonly refunds: bigint;
    }[]
  >`SELECT (SELECT count(*) FROM ledger_transaction) AS transactions, (SELECT count(*) FROM ledger_posting) AS postings,
      (SELECT count(*) FROM payment_balance) AS payments, (SELECT count(*) FROM refund) AS refunds`;
  return {
    transactions: Number(counts?.transactions ?? 0n),
    postings: Number(counts?.postings ?? 0n),
    payments: Number(counts?.payments ?? 0n),
    refunds: Number(counts?.refunds ?? 0n),
    currencies,
    problems,
  };
}

async function sums(db: Db): Promise<readonly CurrencySum[]> {
  const rows = await db.$queryRaw<
    { readonly currency: string; readonly debit: string; readonly credit: string }[]
  >`
    SELECT currency, coalesce(sum(amount_minor) FILTER (WHERE amount_minor > 0), 0)::text AS debit,
      coalesce(-sum(amount_minor) FILTER (WHERE amount_minor < 0), 0)::text AS credit
    FROM ledger_posting GROUP BY currency ORDER BY currency COLLATE "C"`;
  return rows.map(({ currency, debit, credit }) => ({
    currency,
    debitMinor: BigInt(debit),
    creditMinor: BigInt(credit),
  }));
}

async function unbalanced(db: Db): Promise<LedgerProblem[]> {
  const rows = await db.$queryRaw<{ readonly id: string; readonly currency: string; readonly sum: string }[]>`
    SELECT transaction_id AS id, currency, sum(amount_minor)::text AS sum FROM ledger_posting
    GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0
    ORDER BY transaction_id, currency LIMIT ${TOLD}`;
  return rows.map(({ id, currency, sum }) => ({ subject: id, problem: `its ${currency} sums to ${sum}` }));
}

async function empty(db: Db): Promise<LedgerProblem[]> {
  const rows = await db.$queryRaw<{ readonly id: string }[]>`
    SELECT t.id FROM ledger_transaction t
    WHERE NOT EXISTS (SELECT 1 FROM ledger_posting p WHERE p.transaction_id = t.id) ORDER BY t.id LIMIT ${TOLD}`;
  return rows.map(({ id }) => ({ subject: id, problem: 'has no postings' }));
}

interface Holding {
  readonly account: string;
  readonly merchantId: string | null;
  readonly mode: string | null;
  readonly example: string;
}

/** Accounts that the chart doesn't have, and money booked to one merchant's account by a transaction of another's. */
async function strayAccounts(db: Db): Promise<LedgerProblem[]> {
  const [holdings, merchants, held] = await Promise.all([
    db.$queryRaw<Holding[]>`
      SELECT p.account, t.merchant_id AS "merchantId", t.mode, min(t.id) AS example
      FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
      GROUP BY p.account, t.merchant_id, t.mode ORDER BY p.account COLLATE "C"`,
    db.merchant.findMany({ select: { id: true } }),
    db.providerAccount.findMany({ select: { id: true, merchantId: true, mode: true } }),
  ]);
  const known = new Set(merchants.map(({ id }) => id));
  const owners = new Map(held.map((account) => [account.id, account]));
  return holdings
    .flatMap(({ account, merchantId, mode, example }) => {
      const problem = strayness(account, { merchantId, mode });
      return problem === undefined ? [] : [{ subject: account, problem: `${problem} (as in ${example})` }];
    })
    .slice(0, TOLD);

  function strayness(text: string, owner: Pick<Holding, 'merchantId' | 'mode'>): string | undefined {
    const account = parseAccount(text);
    if (account === undefined) return 'is no account of the chart';
    if (owner.merchantId === null || owner.mode === null) return 'has postings that are no merchant’s';
    if (kindEntry(account.kind).holder === 'merchant') {
      if (!known.has(account.holder)) return 'is of a merchant that there is not';
      return account.holder === owner.merchantId ? undefined : `has postings of ${owner.merchantId}`;
    }
    const holder = owners.get(account.holder);
    if (holder === undefined) return 'is of a provider account that there is not';
    return holder.merchantId === owner.merchantId && holder.mode === owner.mode
      ? undefined
      : `has postings of ${owner.merchantId} in ${owner.mode} mode`;
  }
}

interface Difference {
  readonly id: string;
  readonly captured: string;
  readonly refunded: string;
  readonly capturedPosted: string;
  readonly refundedPosted: string;
}

/** What a payment's balance says, against what was posted for it, at providers and by hand. */
async function paymentsThatDiffer(db: Db): Promise<LedgerProblem[]> {
  const rows = await db.$queryRaw<Difference[]>`
    WITH posted AS (
      SELECT t.payment_id,
        coalesce(sum(p.amount_minor) FILTER (WHERE t.kind = ANY(${[...kindsThatCount('captured')]}::text[])), 0) AS captured,
        coalesce(-sum(p.amount_minor) FILTER (WHERE t.kind = ANY(${[...kindsThatCount('refunded')]}::text[])), 0) AS refunded
      FROM ledger_transaction t JOIN ledger_posting p ON p.transaction_id = t.id
      WHERE t.payment_id IS NOT NULL
        AND (starts_with(p.account, 'provider_receivable/') OR starts_with(p.account, 'manual_disbursement/'))
      GROUP BY t.payment_id)
    SELECT coalesce(b.payment_id, posted.payment_id) AS id, coalesce(b.captured_minor, 0)::text AS captured,
      (coalesce(b.refunded_minor, 0) + coalesce(b.external_refunded_minor, 0))::text AS refunded,
      coalesce(posted.captured, 0)::text AS "capturedPosted", coalesce(posted.refunded, 0)::text AS "refundedPosted"
    FROM payment_balance b FULL JOIN posted ON posted.payment_id = b.payment_id
    WHERE coalesce(b.captured_minor, 0) <> coalesce(posted.captured, 0)
      OR coalesce(b.refunded_minor, 0) + coalesce(b.external_refunded_minor, 0) <> coalesce(posted.refunded, 0)
    ORDER BY 1 LIMIT ${TOLD}`;
  return rows.map(({ id, captured, refunded, capturedPosted, refundedPosted }) => ({
    subject: id,
    problem: `has ${captured} captured and ${refunded} refunded; its postings say ${capturedPosted} and ${refundedPosted}`,
  }));
}

/** A refund that counts is posted once, whole; one that doesn't is not posted, or was taken back. */
async function refundsThatDiffer(db: Db): Promise<LedgerProblem[]> {
  const rows = await db.$queryRaw<
    { readonly id: string; readonly counts: string; readonly posted: string }[]
  >`
    WITH posted AS (
      SELECT t.owner_id, -sum(p.amount_minor) AS amount
      FROM ledger_transaction t JOIN ledger_posting p ON p.transaction_id = t.id
      WHERE starts_with(t.owner_id, 'ref_') AND t.kind = ANY(${[...kindsThatCount('refunded')]}::text[])
        AND (starts_with(p.account, 'provider_receivable/') OR starts_with(p.account, 'manual_disbursement/'))
      GROUP BY t.owner_id),
    due AS (
      SELECT id, CASE WHEN counted_operation_id IS NULL THEN 0 ELSE amount_minor END + excess_minor AS amount FROM refund)
    SELECT coalesce(due.id, posted.owner_id) AS id, coalesce(due.amount, 0)::text AS counts,
      coalesce(posted.amount, 0)::text AS posted
    FROM due FULL JOIN posted ON posted.owner_id = due.id
    WHERE coalesce(due.amount, 0) <> coalesce(posted.amount, 0) ORDER BY 1 LIMIT ${TOLD}`;
  return rows.map(({ id, counts, posted }) => ({
    subject: id,
    problem: `gave back ${counts}; its postings say ${posted}`,
  }));
}
