import { FEE_KINDS, type FeeKind } from '../reconciliation/row.ts';

/**
 * The chart of accounts: every account that the ledger may have, as one table. An account is a string,
 * `<kind>/<holder>`, or `fees/<fee kind>/<holder>`; its holder is a merchant or a provider account. Debits are positive
 * and credits negative, and each currency of an account is a balance of its own. docs/ledger.md prints this table.
 */
export interface AccountKindEntry {
  readonly title: string;
  readonly class: 'asset' | 'liability' | 'expense' | 'clearing';
  /** The side that its balance is on when all is well; a clearing account is meant to come back to nothing. */
  readonly normalSide: 'debit' | 'credit' | 'either';
  readonly holder: 'merchant' | 'provider_account';
  readonly explanation: string;
}

export const CHART = {
  provider_receivable: {
    title: 'Provider receivable',
    class: 'asset',
    normalSide: 'debit',
    holder: 'provider_account',
    explanation:
      'What the provider took from payers and has not settled: captures debit it, refunds and settled lines credit it.',
  },
  payout_clearing: {
    title: 'Payout clearing',
    class: 'asset',
    normalSide: 'debit',
    holder: 'provider_account',
    explanation: 'Settled by the provider and not yet paid out. Over a file it moves by the sum of its nets.',
  },
  bank_in_transit: {
    title: 'Bank in transit',
    class: 'asset',
    normalSide: 'debit',
    holder: 'provider_account',
    explanation: 'Paid out by the provider, and not yet seen on a bank statement.',
  },
  bank: {
    title: 'Bank',
    class: 'asset',
    normalSide: 'debit',
    holder: 'merchant',
    explanation: "What arrived on the merchant's bank accounts, as their statements say.",
  },
  reserves: {
    title: 'Reserves',
    class: 'asset',
    normalSide: 'debit',
    holder: 'provider_account',
    explanation: 'What the provider holds back, until it releases it.',
  },
  disputes: {
    title: 'Disputes',
    class: 'asset',
    normalSide: 'debit',
    holder: 'provider_account',
    explanation: 'What chargebacks took back; a reversal credits it.',
  },
  fees: {
    title: 'Fees',
    class: 'expense',
    normalSide: 'debit',
    holder: 'provider_account',
    explanation: 'What the provider charges, by the kind of fee.',
  },
  fx: {
    title: 'Foreign exchange',
    class: 'clearing',
    normalSide: 'either',
    holder: 'provider_account',
    explanation:
      'Where one currency turns into another: each side balances in its own, and what is left is gain or loss.',
  },
  rounding: {
    title: 'Rounding',
    class: 'clearing',
    normalSide: 'either',
    holder: 'provider_account',
    explanation: 'Differences of a minor unit that are accepted.',
  },
  suspense: {
    title: 'Suspense',
    class: 'clearing',
    normalSide: 'either',
    holder: 'merchant',
    explanation:
      'Money that nobody can explain yet, or that goes back to its payer. What stays here is open.',
  },
  merchant_payable: {
    title: 'Merchant payable',
    class: 'liability',
    normalSide: 'credit',
    holder: 'merchant',
    explanation: "What payers' payments owe the merchant: captures credit it, refunds debit it.",
  },
  manual_disbursement: {
    title: 'Manual disbursement',
    class: 'liability',
    normalSide: 'credit',
    holder: 'merchant',
    explanation: 'Refunds that people paid out by themselves, because the provider could not.',
  },
} as const satisfies Readonly<Record<string, AccountKindEntry>>;

export type AccountKind = keyof typeof CHART;

export const ACCOUNT_KINDS = Object.keys(CHART) as readonly AccountKind[];

/** The chart's own entry, with its widest type. */
export function kindEntry(kind: AccountKind): AccountKindEntry {
  return CHART[kind];
}

export type Account =
  | { readonly kind: Exclude<AccountKind, 'fees'>; readonly holder: string }
  | { readonly kind: 'fees'; readonly feeKind: FeeKind; readonly holder: string };

export function printAccount(account: Account): string {
  return account.kind === 'fees'
    ? `fees/${account.feeKind}/${account.holder}`
    : `${account.kind}/${account.holder}`;
}

/** Undefined: no account of the chart. A holder's id may hold slashes; a kind never does. */
export function parseAccount(text: string): Account | undefined {
  const [kind, rest] = cut(text);
  if (rest === '' || !isAccountKind(kind)) return undefined;
  if (kind !== 'fees') return { kind, holder: rest };
  const [feeKind, holder] = cut(rest);
  return isFeeKind(feeKind) && holder !== '' ? { kind, feeKind, holder } : undefined;
}

/** Whether accounts of the chart can begin so: a kind, a fee kind, a whole account, each to a slash or its end. */
export function isAccountPrefix(text: string): boolean {
  const [kind, rest] = cut(text);
  if (!isAccountKind(kind)) return false;
  return kind !== 'fees' || rest === '' || isFeeKind(cut(rest)[0]);
}

/** `fees` is the beginning of `fees/scheme/a`, and `fees/sch` is not. */
export function beginsWith(account: string, prefix: string): boolean {
  return account === prefix || account.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}

/** Every account that a merchant can have in one mode, given its provider accounts of that mode. */
export function accountsOf(merchantId: string, providerAccountIds: readonly string[]): readonly string[] {
  return ACCOUNT_KINDS.flatMap((kind) => {
    if (CHART[kind].holder === 'merchant') return [`${kind}/${merchantId}`];
    if (kind !== 'fees') return providerAccountIds.map((id) => `${kind}/${id}`);
    return providerAccountIds.flatMap((id) => FEE_KINDS.map((feeKind) => fees(feeKind, id)));
  });
}

function cut(text: string): readonly [string, string] {
  const at = text.indexOf('/');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function isAccountKind(text: string): text is AccountKind {
  return Object.hasOwn(CHART, text);
}

function isFeeKind(text: string): text is FeeKind {
  return FEE_KINDS.some((each) => each === text);
}

export const providerReceivable = (accountId: string): string => `provider_receivable/${accountId}`;
export const payoutClearing = (accountId: string): string => `payout_clearing/${accountId}`;
export const bankInTransit = (accountId: string): string => `bank_in_transit/${accountId}`;
export const reserves = (accountId: string): string => `reserves/${accountId}`;
export const disputes = (accountId: string): string => `disputes/${accountId}`;
export const fees = (feeKind: FeeKind, accountId: string): string => `fees/${feeKind}/${accountId}`;
export const fx = (accountId: string): string => `fx/${accountId}`;
export const rounding = (accountId: string): string => `rounding/${accountId}`;
export const bank = (merchantId: string): string => `bank/${merchantId}`;
export const suspense = (merchantId: string): string => `suspense/${merchantId}`;
export const merchantPayable = (merchantId: string): string => `merchant_payable/${merchantId}`;
export const manualDisbursement = (merchantId: string): string => `manual_disbursement/${merchantId}`;
