import { bankInTransit, disputes, providerReceivable, suspense } from '../ledger/chart.ts';
import type { BankComparison, Comparison, FileComparison, LineComparison } from './comparison.ts';
import { comparableBooking, excessMinor, feeFinding, rateFinding, residueMinor } from './facts.ts';
import type { Judged, Parts } from './parts.ts';
import { postingsOfLine } from './postings.ts';
import type { Policy } from './tolerance.ts';

/** How much a break is about, debit positive: what is missing is positive, what came too much negative. */
export interface Stake {
  readonly currency: string;
  readonly amountMinor: bigint;
  /** Where it waits in the books for somebody's decision; absent where nothing waits. */
  readonly account?: string;
}

/** Undefined where there is no amount at all: a file without lines. */
export function stakeOf(
  comparison: Comparison,
  judged: Judged,
  parts: Parts,
  policy: Policy,
): Stake | undefined {
  switch (comparison.compares) {
    case 'line':
      return waitingOf(comparison, judged, parts) ?? differenceOf(comparison, judged, policy);
    case 'booking': {
      const { kind, amountMinor, currency, accountId } = comparison.booking;
      const owedMinor = BigInt(kind === 'capture' ? amountMinor : -amountMinor);
      return { currency, amountMinor: owedMinor, account: providerReceivable(accountId) };
    }
    case 'file':
      return stakeOfFile(comparison);
    case 'payout': {
      const { payout, bank, account } = comparison;
      const credited = bank
        .filter(({ currency }) => currency === payout.currency)
        .reduce((sum, { amountMinor }) => sum + BigInt(amountMinor), 0n);
      const missing = { currency: payout.currency, amountMinor: BigInt(payout.amountMinor) - credited };
      return judged.action === null ? { ...missing, account: bankInTransit(account.accountId) } : missing;
    }
    case 'bank':
      return stakeOfCredit(comparison, judged);
  }
}

function stakeOfCredit({ bank, merchantId }: BankComparison, { action }: Judged): Stake {
  const credit = { currency: bank.currency, amountMinor: BigInt(-bank.amountMinor) };
  return action === null ? { ...credit, account: suspense(merchantId) } : credit;
}

/** What the line's own posting leaves in suspense or disputes, or what it leaves the provider owing. */
function waitingOf(comparison: LineComparison, judged: Judged, parts: Parts): Stake | undefined {
  const { account, line } = comparison;
  const waits = [suspense(account.merchantId), disputes(account.accountId)];
  for (const { currency, postings } of postingsOfLine(comparison, judged, parts)) {
    const found = waits.flatMap((name) => postings.filter((posting) => posting.account === name))[0];
    if (found !== undefined) return { currency, ...found };
  }
  const booking = comparableBooking(comparison);
  if (booking === undefined || judged.action !== null || !OF_AMOUNT.has(judged.verdict)) return undefined;
  const missing = BigInt(booking.amountMinor) - comparison.beside.sumMinor;
  return missing > 0n
    ? {
        currency: line.currency,
        amountMinor: signed(line.grossMinor, missing),
        account: providerReceivable(account.accountId),
      }
    : undefined;
}

const OF_AMOUNT: ReadonlySet<Judged['verdict']> = new Set<Judged['verdict']>([
  'AMOUNT_OVER',
  'AMOUNT_UNDER',
  'PARTIAL_CAPTURE_SPLIT',
  'ROUNDING_EXPONENT',
]);

/** What was explained, or is nobody's to decide: an amount, and no account. */
function differenceOf(comparison: LineComparison, { verdict }: Judged, policy: Policy): Stake {
  const { line } = comparison;
  const settled = (amountMinor: number): Stake => ({
    currency: line.settlementCurrency,
    amountMinor: BigInt(amountMinor),
  });
  const residue = residueMinor(comparison);
  if (verdict === 'FEE_VARIANCE')
    return settled((feeFinding(comparison, policy)?.differenceMinor ?? 0) + residue);
  if (verdict === 'FX_RATE_VARIANCE')
    return settled(-(rateFinding(comparison, policy)?.differenceMinor ?? 0));
  const booking = comparableBooking(comparison);
  if (booking !== undefined && OF_AMOUNT.has(verdict)) {
    const excess = signed(-line.grossMinor, excessMinor(comparison, booking));
    return { currency: line.currency, amountMinor: excess === 0n ? BigInt(residue) : excess };
  }
  // Of a fee or reserve the net is all there is; of the rest the gross amount is what it is about.
  return line.grossMinor === 0
    ? settled(-line.netMinor)
    : { currency: line.currency, amountMinor: BigInt(-line.grossMinor) };
}

function signed(like: number, amountMinor: bigint): bigint {
  return like < 0 ? -amountMinor : amountMinor;
}

/** What the first payout differs by; where none does, all that the file comes to in its first currency. */
function stakeOfFile({ payouts, totals }: FileComparison): Stake | undefined {
  for (const { currency, amountMinor, netMinor } of payouts) {
    if (amountMinor !== undefined && amountMinor !== netMinor) {
      return { currency, amountMinor: amountMinor - netMinor };
    }
  }
  const [first] = totals;
  return first === undefined ? undefined : { currency: first.currency, amountMinor: -first.netMinor };
}
