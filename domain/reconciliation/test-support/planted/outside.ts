import type { Comparison } from '../../comparison.ts';
import type { OUTSIDE } from '../../types/outside.ts';
import { captureLine, disputeLine, looseLine, otherLine, refundLine, wholeFile } from '../fixtures.ts';
import { near, type Plants, shows } from './plant.ts';

/** Fees, disputes, reserves, other accounts. */

const reserve = (type: 'reserve_held' | 'reserve_released', netMinor: number, heldMinor: bigint) =>
  looseLine(
    { type, providerType: 'reserve', grossMinor: netMinor, netMinor },
    { beside: { reserveHeldMinor: heldMinor } },
  );

function takenBack({ booking }: { booking: { reversed?: boolean } | null }): Comparison {
  const line = {
    type: 'refund_reversed',
    providerType: 'refund_failure',
    grossMinor: 4_000,
    netMinor: 4_000,
  } as const;
  return refundLine({ line, booking });
}

export const OUTSIDE_PLANTED: Readonly<Record<keyof typeof OUTSIDE, Plants>> = {
  UNEXPECTED_FEE_TYPE: {
    positive: [
      shows(
        'a type that no layout knows',
        looseLine({
          type: 'unknown',
          providerType: 'TerminalSurcharge',
          grossMinor: -175,
          netMinor: -175,
        }),
        null,
        'by_people',
      ),
      shows(
        'an adjustment that says nothing',
        looseLine({
          type: 'adjustment',
          providerType: 'DepositCorrection',
          grossMinor: 900,
          netMinor: 900,
        }),
        null,
        'by_people',
      ),
    ],
    negative: [
      near('a fee', looseLine({ type: 'fee', grossMinor: -175, netMinor: -175 }), 'BATCH_FEE_UNALLOCATED'),
      near(
        'an operator has mapped it',
        looseLine({
          type: 'unknown',
          providerType: 'MappedFee',
          grossMinor: -175,
          netMinor: -175,
        }),
        'BATCH_FEE_UNALLOCATED',
      ),
    ],
  },
  BATCH_FEE_UNALLOCATED: {
    positive: [
      shows(
        'the month’s fee',
        looseLine({ type: 'fee', providerType: 'Fee', feeMinor: 180, netMinor: -180 }),
        'allocate_to_batch',
        'at_once',
      ),
    ],
    negative: [
      near(
        'a fee of a payment of ours',
        otherLine({ type: 'fee', feeMinor: 30, netMinor: -30 }, { booking: {} }),
        'clean',
      ),
      near(
        'a fee of one that nobody knows',
        otherLine({ type: 'fee', feeMinor: 30, netMinor: -30 }),
        'MISSING_IN_LEDGER',
      ),
    ],
  },
  REFUND_FAILED_REVERSED: {
    positive: [
      shows('a refund of ours', takenBack({ booking: {} }), 'bring_news', 'by_itself'),
      shows('one that we know of', takenBack({ booking: { reversed: true } }), 'bring_news', 'at_once'),
      shows('one that nobody knows', takenBack({ booking: null }), null, 'by_people'),
    ],
    negative: [near('the refund itself', refundLine(), 'clean')],
  },
  CHARGEBACK_NEW: {
    positive: [shows('a chargeback', disputeLine('chargeback'), 'book_dispute', 'by_people')],
    negative: [near('it was given back', disputeLine('chargeback_reversed', 1), 'CHARGEBACK_REVERSED')],
  },
  CHARGEBACK_REVERSED: {
    positive: [
      shows(
        'of a chargeback that is open',
        disputeLine('chargeback_reversed', 1),
        'close_dispute',
        'at_once',
      ),
      shows('of none that we know', disputeLine('chargeback_reversed'), null, 'by_people'),
    ],
    negative: [near('it is taken again', disputeLine('second_chargeback', 0), 'SECOND_CHARGEBACK')],
  },
  SECOND_CHARGEBACK: {
    positive: [shows('after a reversal', disputeLine('second_chargeback'), 'book_dispute', 'by_people')],
    negative: [near('the first', disputeLine('chargeback'), 'CHARGEBACK_NEW')],
  },
  RESERVE_MOVEMENT: {
    positive: [
      shows('held', reserve('reserve_held', -500, 0n), 'post_reserve', 'at_once'),
      shows('all of it released', reserve('reserve_released', 500, 500n), 'post_reserve', 'at_once'),
      shows('more released than was held', reserve('reserve_released', 501, 500n), null, 'by_people'),
    ],
    negative: [near('a payout', looseLine({ type: 'payout', grossMinor: -500, netMinor: -500 }), 'clean')],
  },
  WRONG_MERCHANT_ACCOUNT: {
    positive: [
      shows(
        'a line of another account',
        captureLine({ line: { merchantAccount: 'ShopOther' } }),
        null,
        'by_people',
      ),
      shows(
        'a booking of another account',
        captureLine({ booking: { accountId: 'acct_2' } }),
        null,
        'by_people',
      ),
      shows(
        'a file of another account',
        wholeFile({ merchantAccounts: ['ShopOther'] }),
        null,
        'by_people',
        'stops',
      ),
    ],
    negative: [
      near('one line among ours', wholeFile({ merchantAccounts: ['ShopCOM', 'ShopOther'] }), 'clean'),
      near(
        'nobody said what the account is called',
        captureLine({
          account: { accountId: 'acct_1', merchantId: 'mer_1' },
          line: { merchantAccount: 'ShopOther' },
        }),
        'clean',
      ),
    ],
  },
};
