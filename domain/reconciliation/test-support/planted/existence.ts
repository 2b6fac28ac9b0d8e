import type { EXISTENCE } from '../../types/existence.ts';
import {
  captureLine,
  disputeLine,
  looseLine,
  otherLine,
  partLine,
  refundLine,
  unsettled,
} from '../fixtures.ts';
import { near, type Plants, shows } from './plant.ts';

/** Rows that are missing, or one too many. */

const second = { count: 2, sumMinor: 20_000n, countSoFar: 2, sumSoFarMinor: 20_000n } as const;

/** As a second one of its amount. */
function feeLine(names: { readonly providerReference: string }): ReturnType<typeof looseLine> {
  const made = looseLine({ type: 'fee', netMinor: -10, feeMinor: 10 }, { booking: {} });
  return { ...made, line: { ...made.line, ...names }, beside: { ...made.beside, equalBefore: 1 } };
}

const repeated = { ...second, equalBefore: 1, distinctSumMinor: 10_000n };

export const EXISTENCE_PLANTED: Readonly<Record<keyof typeof EXISTENCE, Plants>> = {
  MISSING_IN_FILE_TIMING: {
    positive: [
      shows('a capture of yesterday', unsettled({}, 1), 'wait', 'nothing'),
      shows('a refund of a week ago', unsettled({ kind: 'refund' }, 7), 'wait', 'nothing'),
    ],
    negative: [
      near('a void is not expected', unsettled({ status: 'void' }, 1), 'clean'),
      near('the time is over', unsettled({}, 5.01), 'MISSING_IN_FILE_OVERDUE'),
    ],
  },
  MISSING_IN_FILE_OVERDUE: {
    positive: [shows('a capture of last week', unsettled({}, 7), 'ask_provider', 'by_itself')],
    negative: [
      near('just in time', unsettled({}, 5), 'MISSING_IN_FILE_TIMING'),
      near('nobody knows whether it happened', unsettled({ status: 'unknown' }, 7), 'clean'),
    ],
  },
  MISSING_IN_LEDGER: {
    positive: [
      shows('a charge that nobody knows', captureLine({ booking: null }), 'ask_provider', 'by_itself'),
      shows(
        'a fee of a payment that nobody knows',
        otherLine({ type: 'fee', netMinor: -30, feeMinor: 30 }),
        'ask_provider',
        'by_itself',
      ),
      shows(
        'a charge under our reference alone',
        looseLine({ type: 'capture', grossMinor: 500, netMinor: 500 }),
        null,
        'by_people',
      ),
    ],
    negative: [near('its booking is there', captureLine(), 'clean')],
  },
  LOST_RESPONSE_CAPTURED: {
    positive: [
      shows('an unknown capture', captureLine({ booking: { status: 'unknown' } }), 'bring_news', 'by_itself'),
      shows('an unknown refund', refundLine({ booking: { status: 'unknown' } }), 'bring_news', 'by_itself'),
      shows(
        'an unknown attempt, and another one that succeeded',
        captureLine({
          booking: { status: 'unknown' },
          beside: { otherCaptures: ['psp_9'] },
          more: { matchedBy: 'merchant' },
        }),
        'bring_news',
        'by_itself',
      ),
    ],
    negative: [near('the answer came', captureLine({ booking: { status: 'expected' } }), 'clean')],
  },
  SETTLED_AFTER_VOID: {
    positive: [
      shows('a voided charge', captureLine({ booking: { status: 'void' } }), 'bring_news', 'by_people'),
    ],
    negative: [
      near(
        'a refund of ours that was given up',
        refundLine({ booking: { status: 'void' } }),
        'EXTERNAL_REFUND',
      ),
    ],
  },
  DECLINED_BUT_SETTLED: {
    positive: [
      shows('a declined charge', captureLine({ booking: { status: 'declined' } }), 'bring_news', 'by_people'),
    ],
    negative: [
      near(
        'failed without a proof',
        captureLine({ booking: { status: 'unknown' } }),
        'LOST_RESPONSE_CAPTURED',
      ),
    ],
  },
  DUPLICATE_LINE: {
    positive: [
      shows('a charge twice in a file', captureLine({ beside: repeated }), null, 'by_people'),
      shows(
        'a record that an earlier file had',
        captureLine({ beside: { ...repeated, deliveredBefore: true } }),
        'ignore_duplicate',
        'at_once',
      ),
      shows(
        'a chargeback twice',
        { ...disputeLine('chargeback'), beside: { ...disputeLine('chargeback').beside, equalBefore: 1 } },
        null,
        'by_people',
      ),
    ],
    negative: [
      near(
        'two fees of one payment, neither of which has a name',
        feeLine({ providerReference: 'pi_1' }),
        'clean',
      ),
      near(
        'the first of the two',
        captureLine({
          beside: { ...repeated, equalBefore: 0, countSoFar: 1, sumSoFarMinor: 10_000n },
        }),
        'clean',
      ),
      near(
        'equal halves of one capture',
        partLine(5_000, 10_000, { equalBefore: 1, distinctSumMinor: 5_000n }),
        'PARTIAL_CAPTURE_SPLIT',
      ),
      near(
        'two batch fees of the same amount',
        looseLine({ type: 'fee', netMinor: -180, grossMinor: -180 }, { beside: { equalBefore: 1 } }),
        'BATCH_FEE_UNALLOCATED',
      ),
    ],
  },
  DUPLICATE_CHARGE: {
    positive: [
      shows(
        'our reference under another charge',
        captureLine({
          line: { providerReference: 'pi_2', operationReference: 'ch_2' },
          beside: { ...second, distinctSumMinor: 20_000n, otherCaptures: ['pi_1'] },
          more: { matchedBy: 'merchant' },
        }),
        null,
        'by_people',
      ),
      shows(
        'a second charge of an unknown attempt',
        captureLine({
          line: { providerReference: 'pi_3', operationReference: 'ch_3' },
          booking: { status: 'unknown' },
          beside: { ...second, distinctSumMinor: 20_000n, otherCaptures: ['pi_2'] },
          more: { matchedBy: 'merchant' },
        }),
        null,
        'by_people',
      ),
      shows(
        'a payment of ours, captured elsewhere, and no booking here',
        captureLine({
          booking: null,
          beside: { otherCaptures: ['psp_9'] },
          more: { paymentId: 'pay_1' },
        }),
        null,
        'by_people',
      ),
    ],
    negative: [
      near(
        'the same charge under its other name',
        captureLine({
          line: { providerReference: 'ch_1', operationReference: 'txn_1', alternativeReference: 'pi_1' },
          beside: { otherCaptures: ['pi_1'] },
          more: { matchedBy: 'merchant' },
        }),
        'clean',
      ),
      near('the charge that was booked', captureLine({ beside: { otherCaptures: ['pi_1'] } }), 'clean'),
      near('no other charge of the payment', captureLine({ booking: null }), 'MISSING_IN_LEDGER'),
    ],
  },
  EXTERNAL_REFUND: {
    positive: [
      shows(
        'a refund of a payment of ours that nobody asked for',
        refundLine({ booking: null, more: { paymentId: 'pay_1' } }),
        'bring_news',
        'by_itself',
      ),
      shows('a refund of whatever', refundLine({ booking: null }), null, 'by_people'),
      shows(
        'a refund that was refused',
        refundLine({ booking: { status: 'declined' } }),
        'bring_news',
        'by_itself',
      ),
    ],
    negative: [
      near('a refund of ours', refundLine(), 'clean'),
      near(
        'one of ours that came back since',
        refundLine({ booking: { status: 'declined', reversed: true } }),
        'clean',
      ),
    ],
  },
  REFUND_NOT_SETTLED: {
    positive: [
      shows('a refund of two weeks ago', unsettled({ kind: 'refund' }, 14), 'ask_provider', 'by_itself'),
    ],
    negative: [near('just in time', unsettled({ kind: 'refund' }, 10), 'MISSING_IN_FILE_TIMING')],
  },
};
