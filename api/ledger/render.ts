import type { LedgerAccount, StatementLine } from '../../db/read/ledger.ts';
import type { Mode } from '../../domain/ids.ts';
import { kindEntry } from '../../domain/ledger/chart.ts';
import { type Balance, balanceMinor, type PostedTransaction } from '../../domain/ledger/entry.ts';
import type {
  PublicLedgerAccount,
  PublicLedgerBalance,
  PublicLedgerTransaction,
  PublicStatementLine,
} from './schema.ts';

/** Typed against the schemas that the OpenAPI document is made from. */
export function renderAccount({ name, account }: LedgerAccount, mode: Mode): PublicLedgerAccount {
  const { title, explanation, normalSide, holder, class: accountClass } = kindEntry(account.kind);
  return {
    object: 'ledger_account',
    account: name,
    kind: account.kind,
    title,
    explanation,
    class: accountClass,
    normal_side: normalSide,
    provider_account: holder === 'provider_account' ? account.holder : null,
    fee_kind: account.kind === 'fees' ? account.feeKind : null,
    livemode: mode === 'live',
  };
}

export function renderBalance(balance: Balance, mode: Mode): PublicLedgerBalance {
  const { account, currency, debitMinor, creditMinor } = balance;
  return {
    object: 'ledger_balance',
    account,
    currency,
    debit: String(debitMinor),
    credit: String(creditMinor),
    balance: String(balanceMinor(balance)),
    livemode: mode === 'live',
  };
}

export function renderLine(line: StatementLine, mode: Mode): PublicStatementLine {
  const { id, account, currency, amountMinor, transactionId, kind, description, postedAtMs } = line;
  return {
    id,
    object: 'ledger_posting',
    account,
    currency,
    amount: String(amountMinor),
    transaction: transactionId,
    kind,
    description: description ?? null,
    ...postedAt(postedAtMs),
    livemode: mode === 'live',
  };
}

export function renderTransaction(transaction: PostedTransaction, mode: Mode): PublicLedgerTransaction {
  const { id, kind, belongsTo, description, postings, postedAtMs } = transaction;
  return {
    id,
    object: 'ledger_transaction',
    kind,
    payment: belongsTo.paymentId ?? null,
    refund: belongsTo.refundId ?? null,
    settlement_file: belongsTo.settlementFileId ?? null,
    description: description ?? null,
    postings: postings.map((posting) => ({
      id: posting.id,
      object: 'ledger_posting' as const,
      account: posting.account,
      currency: posting.currency,
      amount: String(posting.amountMinor),
    })),
    ...postedAt(postedAtMs),
    livemode: mode === 'live',
  };
}

function postedAt(ms: number): { readonly created: number; readonly posted_at: string } {
  return { created: Math.floor(ms / 1_000), posted_at: new Date(ms).toISOString() };
}
