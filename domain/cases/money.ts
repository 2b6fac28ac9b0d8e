import {
  bankInTransit,
  fees,
  fx,
  manualDisbursement,
  merchantPayable,
  providerReceivable,
  reserves,
  rounding,
} from '../ledger/chart.ts';
import type { Posting } from '../ledger/postings.ts';
import { FEE_KINDS, type FeeKind } from '../reconciliation/row.ts';
import type { Disposition } from '../reconciliation/terms.ts';
import type { CaseFile, DecisionCommand } from './case.ts';
import { kindEntry } from './kinds.ts';

/** Money that waits for the case's decision, as it stands on its account now: debit positive. */
export interface Stake {
  readonly account: string;
  readonly currency: string;
  readonly amountMinor: number;
}

/** What a disposition's target turned out to be. */
export interface TargetFacts {
  readonly type: 'account' | 'fee_kind' | 'payment' | 'refund' | 'booking' | 'payout' | 'bank_line' | 'other';
  /** The provider account that it belongs to, or is. */
  readonly accountId?: string;
  /** Of a refund of ours: whether its money went back. */
  readonly succeeded?: boolean;
  readonly paymentId?: string;
}

export interface CaseEntry {
  readonly currency: string;
  readonly postings: readonly Posting[];
}

/**
 * What carrying a disposition out means for the books: the stake leaves the account where it waited. Nothing moves where
 * the money is already where it belongs: a claim on what the provider owes anyway, a refund that comes in a file.
 */
export function entriesOf(
  file: CaseFile,
  { disposition, target }: Pick<DecisionCommand, 'disposition' | 'target'>,
  facts: { readonly stakes: readonly Stake[]; readonly target?: TargetFacts },
): readonly CaseEntry[] {
  return facts.stakes.flatMap(({ account, currency, amountMinor }) => {
    const to = accountFor({ account, currency, amountMinor }, disposition, file, target, facts.target);
    if (amountMinor === 0 || to === undefined || to === account) return [];
    const postings = [
      { account, amountMinor: -amountMinor },
      { account: to, amountMinor },
    ];
    return [{ currency, postings }];
  });
}

/** What is accepted is the merchant's, unless it is a cost that it says of itself. */
const ACCEPTED_AS: { readonly [Kind in string]?: (accountId: string) => string } = {
  fee_variance: (accountId) => fees('other', accountId),
  unexpected_fee_type: (accountId) => fees('other', accountId),
  batch_fee_unallocated: (accountId) => fees('other', accountId),
  payout_bank_mismatch: (accountId) => fees('other', accountId),
  fx_rate_variance: fx,
  rounding_exponent: rounding,
  reserve_movement: reserves,
};

function accountFor(
  from: Stake,
  disposition: Disposition,
  file: CaseFile,
  target: string | undefined,
  facts: TargetFacts | undefined,
): string | undefined {
  const { merchantId = 'unknown' } = file;
  const { accountId = merchantId } = file;
  switch (disposition) {
    case 'accept':
      return ACCEPTED_AS[file.kind]?.(accountId) ?? merchantPayable(merchantId);
    case 'write_off':
      return Math.abs(from.amountMinor) === 1 ? rounding(accountId) : fees('other', accountId);
    case 'claim_from_provider':
      return providerReceivable(accountId);
    case 'remap':
      return target !== undefined && isFeeKind(target)
        ? fees(target, accountId)
        : providerReceivable(facts?.accountId ?? accountId);
    case 'link':
      // A dispute stays one, whatever it is about.
      if (from.account.startsWith('disputes/')) return undefined;
      return facts?.type === 'payout'
        ? bankInTransit(facts.accountId ?? accountId)
        : providerReceivable(facts?.accountId ?? accountId);
    case 'refund':
      // Who had refunded through us would have had it back from the payment itself.
      return kindEntry(file.kind).goesBack === true ? manualDisbursement(merchantId) : undefined;
    case 'ignore':
      return undefined;
  }
}

export function isFeeKind(text: string): text is FeeKind {
  return FEE_KINDS.some((kind) => kind === text);
}

/** Whether money of the case lies where nobody owns it: then somebody must say whose it is. */
export function isSuspended(stakes: readonly Stake[]): boolean {
  return stakes.some(({ account, amountMinor }) => account.startsWith('suspense/') && amountMinor !== 0);
}

/** What would be written off: what waits, or where nothing waits the amount that the case is about. */
export function writtenOffMinor(file: CaseFile, stakes: readonly Stake[]): number | undefined {
  const waiting = Math.max(0, ...stakes.map(({ amountMinor }) => Math.abs(amountMinor)));
  return waiting > 0 ? waiting : file.amountMinor;
}
