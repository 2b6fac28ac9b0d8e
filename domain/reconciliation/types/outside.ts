import type { LineComparison } from '../comparison.ts';
import { type AutoRule, always, type Entry, on, onLine } from '../entry.ts';
import { isAgainstItsType } from '../facts.ts';
import type { RowType } from '../row.ts';
import type { Policy } from '../tolerance.ts';

/** What providers, banks and schemes do by themselves: fees, disputes, reserves, accounts. Most have no booking of ours. */
export const OUTSIDE = {
  UNEXPECTED_FEE_TYPE: {
    number: 17,
    compares: ['line'],
    title: 'A record of a kind that nobody mapped',
    explanation:
      'The file has a record (mostly a fee or an adjustment) of a kind that no layout and no mapping explains. Its money waits in suspense.',
    detect: onLine(
      ({ line }, policy) => isUnmapped(line.type) && policy.feeTypes[line.providerType] === undefined,
    ),
    priority: 710,
    auto: [],
    proposed: 'remap',
    allowed: ['remap', 'accept', 'claim_from_provider', 'write_off'],
    slaHours: 72,
    severity: 'medium',
    team: 'treasury',
  },
  BATCH_FEE_UNALLOCATED: {
    number: 18,
    compares: ['line'],
    title: 'A fee of the whole batch',
    explanation:
      'A fee without a payment: of a batch, a month or the account. It is posted to the account’s fees.',
    detect: onLine(isBatchFee),
    priority: 711,
    auto: [
      {
        action: 'allocate_to_batch',
        when: 'always: it is the batch’s, and its account’s cost',
        applies: always,
        ending: 'at_once',
      },
    ],
    proposed: 'accept',
    allowed: ['accept', 'remap', 'claim_from_provider'],
    slaHours: 120,
    severity: 'low',
    team: 'treasury',
  },
  REFUND_FAILED_REVERSED: {
    number: 21,
    compares: ['line'],
    title: 'A refund came back',
    explanation:
      'The payer’s bank did not take the refund, and the provider gives its money back. The payer is still owed.',
    detect: onLine(
      (comparison) => comparison.line.type === 'refund_reversed' && !isAgainstItsType(comparison),
    ),
    priority: 720,
    auto: [
      {
        action: 'bring_news',
        when: 'the refund is already recorded as reversed: the line confirms it',
        applies: onLine(({ booking }) => booking?.reversed === true),
        ending: 'at_once',
      },
      {
        action: 'bring_news',
        when: 'the refund is ours: it is reopened, and people reach the payer',
        applies: onLine(({ booking }) => booking !== undefined),
        ending: 'by_itself',
      },
    ],
    proposed: 'refund',
    allowed: ['refund', 'accept', 'link'],
    slaHours: 48,
    severity: 'high',
    team: 'operations',
  },
  CHARGEBACK_NEW: {
    number: 22,
    compares: ['line'],
    title: 'A chargeback',
    explanation:
      'The payer’s bank took the money back. It is posted to disputes and counts in the payment’s balance, so that it is not refunded as well; there is a time to answer.',
    detect: onLine(({ line }) => line.type === 'chargeback'),
    priority: 721,
    auto: [bookDispute()],
    proposed: 'accept',
    allowed: ['accept', 'claim_from_provider', 'link'],
    slaHours: 72,
    severity: 'high',
    team: 'disputes',
  },
  CHARGEBACK_REVERSED: {
    number: 23,
    compares: ['line'],
    title: 'A chargeback won',
    explanation: 'The bank gives back what it took. It is posted against disputes and the payment’s balance.',
    detect: onLine(({ line }) => line.type === 'chargeback_reversed'),
    priority: 722,
    auto: [
      {
        action: 'close_dispute',
        when: 'a chargeback of that payment is open',
        applies: onLine(({ beside }) => beside.openChargebacks > 0),
        ending: 'at_once',
      },
    ],
    proposed: 'link',
    allowed: ['link', 'accept'],
    slaHours: 120,
    severity: 'medium',
    team: 'disputes',
  },
  SECOND_CHARGEBACK: {
    number: 24,
    compares: ['line'],
    title: 'A second chargeback',
    explanation:
      'After a reversal the bank takes the money again (pre-arbitration or arbitration). Little time is left.',
    detect: onLine(({ line }) => line.type === 'second_chargeback'),
    priority: 723,
    auto: [bookDispute()],
    proposed: 'accept',
    allowed: ['accept', 'claim_from_provider', 'link'],
    slaHours: 48,
    severity: 'high',
    team: 'disputes',
  },
  RESERVE_MOVEMENT: {
    number: 25,
    compares: ['line'],
    title: 'A reserve held or released',
    explanation: 'The provider keeps part of the money as a security, or gives it back.',
    detect: onLine(({ line }) => line.type === 'reserve_held' || line.type === 'reserve_released'),
    priority: 724,
    auto: [
      {
        action: 'post_reserve',
        when: 'it is held, or no more is released than was held',
        applies: onLine(
          ({ line, beside }) =>
            line.type === 'reserve_held' || BigInt(line.netMinor) <= (beside.reserveHeldMinor ?? 0n),
        ),
        ending: 'at_once',
      },
    ],
    proposed: 'accept',
    allowed: ['accept', 'claim_from_provider', 'link'],
    slaHours: 120,
    severity: 'low',
    team: 'treasury',
  },
  WRONG_MERCHANT_ACCOUNT: {
    number: 27,
    compares: ['line', 'file'],
    title: 'Another account’s',
    explanation:
      'The line (or every line of the file) names an account of the provider that is not this one, or settles a booking of another account.',
    detect: (comparison, policy) => isOthersLine(comparison, policy) || isOthersFile(comparison, policy),
    priority: 200,
    auto: [],
    proposed: 'remap',
    allowed: ['remap', 'claim_from_provider', 'link', 'ignore'],
    slaHours: 24,
    severity: 'high',
    team: 'engineering',
    stops: { when: 'no line of the file names this account', applies: on('file', always) },
  },
} as const satisfies Record<string, Entry>;

/** Disputes are booked at once, and stay somebody's until they end. */
function bookDispute(): AutoRule {
  return {
    action: 'book_dispute',
    when: 'always: posted to disputes and the payment’s balance; the case is the dispute’s',
    applies: always,
    ending: 'by_people',
  };
}

function isUnmapped(type: RowType): boolean {
  return type === 'unknown' || type === 'adjustment';
}

function isBatchFee({ line, booking }: LineComparison, policy: Policy): boolean {
  if (isUnmapped(line.type)) return policy.feeTypes[line.providerType] !== undefined;
  const named = line.providerReference !== undefined || line.merchantReference !== undefined;
  return line.type === 'fee' && booking === undefined && !named;
}

const isOthersLine = onLine(({ account, line, booking }) => {
  const names = account.merchantAccounts;
  const other =
    names !== undefined && line.merchantAccount !== undefined && !names.includes(line.merchantAccount);
  return other || (booking !== undefined && booking.accountId !== account.accountId);
});

const isOthersFile = on('file', ({ account, merchantAccounts }) => {
  const names = account.merchantAccounts;
  return (
    names !== undefined &&
    merchantAccounts.length > 0 &&
    !merchantAccounts.some((name) => names.includes(name))
  );
});
