import type { WHOLES } from '../../types/wholes.ts';
import { bankCredit, bankLine, looseLine, otherLine, paidOut, wholeFile } from '../fixtures.ts';
import { near, type Plants, shows } from './plant.ts';

/** Files, payouts and the bank. */

function candidate(by: 'text' | 'amount') {
  return {
    payoutId: 'pyo_1',
    reference: 'po_1',
    accountId: 'acct_1',
    currency: 'EUR',
    amountMinor: 5_680,
    by,
  } as const;
}

export const WHOLES_PLANTED: Readonly<Record<keyof typeof WHOLES, Plants>> = {
  DUPLICATE_FILE: {
    positive: [
      shows('the same bytes', wholeFile({ sameBytesAs: 'fil_0' }), 'ignore_duplicate', 'at_once', 'stops'),
      shows(
        'the same batch in other bytes, which does not add up either',
        wholeFile({ sameBatch: { fileId: 'fil_0', name: '7', sameTotals: true }, parsedRows: 4 }),
        'ignore_duplicate',
        'at_once',
        'stops',
      ),
      shows(
        'the same batch with other sums',
        wholeFile({ sameBatch: { fileId: 'fil_0', name: '7', sameTotals: false } }),
        null,
        'by_people',
        'stops',
      ),
    ],
    negative: [near('a file of its own', wholeFile(), 'clean')],
  },
  BATCH_TOTAL_BREAK: {
    positive: [
      shows(
        'a payout of less than its lines',
        wholeFile({
          payouts: [{ reference: 'po_1', currency: 'EUR', amountMinor: 5_000n, netMinor: 5_680n, lines: 2 }],
        }),
        null,
        'by_people',
        'stops',
      ),
      shows('a line less than were parsed', wholeFile({ parsedRows: 4 }), null, 'by_people', 'stops'),
      shows(
        'a trailer of a cent more',
        wholeFile({ totalWarnings: ['SF EUR: credits 10001, its lines 10000'] }),
        null,
        'by_people',
        'stops',
      ),
    ],
    negative: [
      near(
        'a trailer of one of its sections',
        wholeFile({ trailers: [{ currency: 'EUR', creditMinor: 1_000n }] }),
        'clean',
      ),
      near(
        'a payout that the file does not have',
        wholeFile({
          payouts: [{ reference: 'po_1', currency: 'EUR', netMinor: 5_680n, lines: 2 }],
        }),
        'clean',
      ),
    ],
  },
  PAYOUT_BANK_MISMATCH: {
    positive: [
      shows('2.50 less', paidOut({ bank: [bankLine(5_430)] }), null, 'by_people'),
      shows(
        'less a fee that the bank keeps',
        paidOut({ bank: [bankLine(5_180)] }),
        'post_bank_fee',
        'at_once',
      ),
      shows(
        'sent back',
        paidOut({ bank: [bankLine(5_680), bankLine(-5_680, { id: 'bnk_2', reversal: true })] }),
        null,
        'by_people',
      ),
      shows('never came', paidOut({ bank: [], ageMs: 6 * 24 * 3_600_000 }), null, 'by_people'),
      shows(
        'the provider says that it came back',
        looseLine({ type: 'payout_reversed', grossMinor: 5_680, netMinor: 5_680 }),
        null,
        'by_people',
      ),
      shows(
        'in another currency',
        paidOut({ bank: [bankLine(5_680, { currency: 'USD' })] }),
        null,
        'by_people',
      ),
    ],
    negative: [
      near('it came', paidOut(), 'clean'),
      near('it is under way', paidOut({ bank: [] }), 'clean'),
      near(
        'it was sent back, and came again',
        paidOut({
          bank: [
            bankLine(5_680),
            bankLine(-5_680, { id: 'bnk_2', reversal: true }),
            bankLine(5_680, { id: 'bnk_3' }),
          ],
        }),
        'clean',
      ),
      near(
        'the provider says once more that it came back',
        otherLine(
          { type: 'payout_reversed', grossMinor: 5_680, netMinor: 5_680 },
          { beside: { equalBefore: 1 } },
        ),
        'DUPLICATE_LINE',
      ),
      near(
        'there was nothing to come',
        paidOut({ payout: { ...paidOut().payout, amountMinor: 0 }, bank: [], ageMs: 6 * 24 * 3_600_000 }),
        'clean',
      ),
    ],
  },
  UNIDENTIFIED_BANK_CREDIT: {
    positive: [
      shows('a credit of whomever', bankCredit(), null, 'by_people'),
      shows(
        'the text names a payout',
        bankCredit({ candidates: [candidate('text')] }),
        'link_payout',
        'at_once',
      ),
      shows(
        'only the sum is a payout’s',
        bankCredit({ candidates: [candidate('amount')] }),
        null,
        'by_people',
      ),
      shows(
        'the text names two',
        bankCredit({
          candidates: [candidate('text'), { ...candidate('text'), payoutId: 'pyo_2' }],
        }),
        null,
        'by_people',
      ),
    ],
    negative: [near('money that went out', bankCredit({ bank: bankLine(-5_680) }), 'clean')],
  },
};
