import type { BankComparison, FileComparison, PayoutCandidate, PayoutComparison } from '../comparison.ts';
import { type Entry, on, onLine } from '../entry.ts';
import { magnitude } from '../exchange.ts';
import { type Policy, toleranceFor } from '../tolerance.ts';

/** Whole files, payouts and what the bank says of them. */
export const WHOLES = {
  DUPLICATE_FILE: {
    number: 9,
    compares: ['file'],
    title: 'A file seen before',
    explanation:
      'Its bytes, or its batch or payout, were in an earlier file of this account. Nothing of it is posted.',
    detect: on('file', ({ sameBytesAs, sameBatch }) => sameBytesAs !== undefined || sameBatch !== undefined),
    priority: 100,
    auto: [
      {
        action: 'ignore_duplicate',
        when: 'its bytes or all its totals are the earlier one’s',
        applies: on(
          'file',
          ({ sameBytesAs, sameBatch }) => sameBytesAs !== undefined || sameBatch?.sameTotals === true,
        ),
        ending: 'at_once',
      },
    ],
    proposed: 'claim_from_provider',
    allowed: ['claim_from_provider', 'accept', 'ignore'],
    slaHours: 24,
    severity: 'medium',
    team: 'operations',
    stops: {
      when: 'always: its lines are posted already, or it replaces some that are',
      applies: on('file', () => true),
    },
  },
  BATCH_TOTAL_BREAK: {
    number: 28,
    compares: ['file'],
    title: 'A file that does not add up',
    explanation:
      'The lines do not come to what the file’s trailer or its payout says, or lines are missing: it was cut, changed or read wrongly.',
    detect: on('file', (comparison, policy) => !addsUp(comparison, policy)),
    priority: 300,
    auto: [],
    proposed: 'claim_from_provider',
    allowed: ['claim_from_provider', 'accept', 'ignore'],
    slaHours: 12,
    severity: 'critical',
    team: 'engineering',
    stops: { when: 'always: no line of it can be trusted', applies: on('file', () => true) },
  },
  PAYOUT_BANK_MISMATCH: {
    number: 29,
    compares: ['payout', 'line'],
    title: 'A payout that the bank does not confirm',
    explanation:
      'The bank’s credit is not the payout’s amount, came back, or did not come in time; or the provider itself says that the payout was returned.',
    detect: (comparison, policy) => isUnconfirmed(comparison, policy) || isReturned(comparison, policy),
    priority: 400,
    auto: [
      {
        action: 'post_bank_fee',
        when: 'what is missing is exactly a fee that the bank is known to keep',
        applies: on('payout', isBankFee),
        ending: 'at_once',
      },
    ],
    proposed: 'claim_from_provider',
    allowed: ['claim_from_provider', 'accept', 'write_off', 'link'],
    slaHours: 48,
    severity: 'high',
    team: 'treasury',
  },
  UNIDENTIFIED_BANK_CREDIT: {
    number: 30,
    compares: ['bank'],
    title: 'A bank credit without a payout',
    explanation: 'Money came in that no announced payout explains. It waits in suspense.',
    detect: on('bank', ({ bank }) => bank.amountMinor > 0),
    priority: 410,
    auto: [
      {
        action: 'link_payout',
        when: 'its text or references name exactly one open payout in its currency',
        applies: on('bank', (comparison) => namedPayout(comparison) !== undefined),
        ending: 'at_once',
      },
    ],
    proposed: 'link',
    allowed: ['link', 'accept', 'claim_from_provider', 'ignore'],
    slaHours: 72,
    severity: 'medium',
    team: 'treasury',
  },
} as const satisfies Record<string, Entry>;

/** Trailers were held against the lines by the parser: only a layout knows which lines they count. */
function addsUp(
  { file, parsedRows, totalWarnings, payouts, account }: FileComparison,
  policy: Policy,
): boolean {
  return (
    file.rows === parsedRows &&
    totalWarnings.length === 0 &&
    payouts.every(({ currency, amountMinor, netMinor }) => {
      const room = toleranceFor(policy, { merchantId: account.merchantId, currency }).batchMinor;
      return amountMinor === undefined || magnitude(amountMinor - netMinor) <= BigInt(room);
    })
  );
}

/** Told a second time it is the same line again: it came back once. */
const isReturned = onLine(({ line, beside }) => line.type === 'payout_reversed' && beside.equalBefore === 0);

/**
 * A payout of nothing is confirmed by no bank, and needs none. What the bank has taken back is missing again, so the sum
 * says whether it was: it may have come once more, or the provider may have said so itself.
 */
const isUnconfirmed = on('payout', (comparison, policy) =>
  comparison.bank.length === 0
    ? comparison.payout.amountMinor !== 0 && comparison.ageMs > policy.payoutSlaMs
    : missingMinor(comparison) !== 0n,
);

/** What the bank's lines come to less than the payout; undefined where they are in another currency. */
function missingMinor({ payout, bank }: PayoutComparison): bigint | undefined {
  if (bank.some(({ currency }) => currency !== payout.currency)) return undefined;
  return bank.reduce((rest, { amountMinor }) => rest - BigInt(amountMinor), BigInt(payout.amountMinor));
}

function isBankFee(comparison: PayoutComparison, policy: Policy): boolean {
  const { bank, payout } = comparison;
  const missing = missingMinor(comparison);
  const fees = policy.bankFeesMinor[payout.currency] ?? [];
  const plain =
    bank.length > 0 && bank.every(({ amountMinor, reversal }) => amountMinor > 0 && reversal !== true);
  return plain && fees.some((fee) => BigInt(fee) === missing);
}

/** The one payout that the bank's own words name; the same sum alone is no name. */
export function namedPayout({ bank, candidates }: BankComparison): PayoutCandidate | undefined {
  const named = candidates.filter(({ by, currency }) => by !== 'amount' && currency === bank.currency);
  const [only, ...others] = named;
  return others.length === 0 ? only : undefined;
}
