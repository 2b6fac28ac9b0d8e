import type { LineComparison } from '../comparison.ts';
import { always, type Entry, on, onLine } from '../entry.ts';
import {
  comparableBooking,
  excessMinor,
  hasReference,
  isAgainstItsType,
  isExpected,
  providerNames,
  settledBooking,
} from '../facts.ts';

/** Whether both sides have a row at all: one is missing, there is one too many, or ours says that nothing moved. */
export const EXISTENCE = {
  MISSING_IN_FILE_TIMING: {
    number: 1,
    compares: ['booking'],
    title: 'Booked, not yet settled',
    explanation:
      'A capture or refund is booked and no file has it, within the time that the provider may take. It is counted, and ages.',
    detect: on(
      'booking',
      ({ booking, ageMs }, policy) => isExpected(booking) && ageMs <= slaMs(booking.kind, policy),
    ),
    priority: 800,
    auto: [{ action: 'wait', when: 'always: a later file brings it', applies: always, ending: 'nothing' }],
    proposed: 'ignore',
    allowed: ['ignore'],
    slaHours: 120,
    severity: 'low',
    team: 'operations',
  },
  MISSING_IN_FILE_OVERDUE: {
    number: 2,
    compares: ['booking'],
    title: 'Booked, settlement overdue',
    explanation:
      'A capture is booked and no file has it, longer than the provider may take. Either it never happened there, or the provider owes it.',
    detect: on(
      'booking',
      ({ booking, ageMs }, policy) =>
        isExpected(booking) && booking.kind === 'capture' && ageMs > slaMs('capture', policy),
    ),
    priority: 801,
    auto: [askProvider()],
    proposed: 'claim_from_provider',
    allowed: ['claim_from_provider', 'write_off', 'link', 'ignore'],
    slaHours: 72,
    severity: 'high',
    team: 'treasury',
  },
  MISSING_IN_LEDGER: {
    number: 3,
    compares: ['line'],
    title: 'Settled, unknown to us',
    explanation:
      'The file settles a payment (or charges a fee for one) whose references nobody here knows. Its money waits in suspense.',
    detect: onLine(
      (comparison) =>
        (comparison.line.type === 'capture' &&
          !isAgainstItsType(comparison) &&
          settledBooking(comparison) === undefined) ||
        (comparison.line.type === 'fee' && comparison.booking === undefined && namesPayment(comparison)),
    ),
    priority: 704,
    auto: [
      {
        action: 'ask_provider',
        when: 'the line names a payment at the provider: it is explained once a booking of ours has that name',
        applies: onLine(({ line }) => line.providerReference !== undefined),
        ending: 'by_itself',
      },
    ],
    proposed: 'link',
    allowed: ['link', 'accept', 'refund', 'claim_from_provider', 'ignore'],
    slaHours: 48,
    severity: 'high',
    team: 'operations',
  },
  LOST_RESPONSE_CAPTURED: {
    number: 4,
    compares: ['line'],
    title: 'Outcome unknown, settled',
    explanation:
      'We never learned what became of it, or gave it up without a proof, and the file settles it: the answer was lost, the money moved.',
    detect: onLine((comparison) => settledBooking(comparison)?.status === 'unknown'),
    priority: 700,
    auto: [
      {
        action: 'bring_news',
        when: 'always: the line is evidence, the payment records it (captured, or given back where its merchant was told that it failed)',
        applies: always,
        ending: 'by_itself',
      },
    ],
    proposed: 'refund',
    allowed: ['refund', 'accept', 'ignore'],
    slaHours: 24,
    severity: 'high',
    team: 'operations',
  },
  SETTLED_AFTER_VOID: {
    number: 5,
    compares: ['line'],
    title: 'Voided, settled',
    explanation:
      'The provider confirmed that the authorization was given up, and settles it all the same. The payer is owed.',
    detect: onLine(
      (comparison) => comparison.line.type === 'capture' && settledBooking(comparison)?.status === 'void',
    ),
    priority: 701,
    auto: [tellPayment()],
    proposed: 'refund',
    allowed: ['refund', 'accept', 'claim_from_provider'],
    slaHours: 24,
    severity: 'critical',
    team: 'operations',
  },
  DECLINED_BUT_SETTLED: {
    number: 6,
    compares: ['line'],
    title: 'Declined, settled',
    explanation:
      'We have the provider’s decline on record and the file settles the payment. The payer was told no and has paid: an incident.',
    detect: onLine(
      (comparison) => comparison.line.type === 'capture' && settledBooking(comparison)?.status === 'declined',
    ),
    priority: 702,
    auto: [tellPayment()],
    proposed: 'refund',
    allowed: ['refund', 'accept', 'claim_from_provider'],
    slaHours: 12,
    severity: 'critical',
    team: 'operations',
  },
  DUPLICATE_LINE: {
    number: 7,
    compares: ['line'],
    title: 'The same line again',
    explanation:
      'A line before has the same references, type and amount, and what is booked has no room for both.',
    detect: onLine(isRepeated),
    priority: 500,
    auto: [
      {
        action: 'ignore_duplicate',
        when: 'an earlier file has the very same record, column by column: it was delivered twice and paid once',
        applies: onLine(({ beside }) => beside.deliveredBefore),
        ending: 'at_once',
      },
    ],
    proposed: 'claim_from_provider',
    allowed: ['claim_from_provider', 'accept', 'write_off', 'link', 'ignore'],
    slaHours: 72,
    severity: 'high',
    team: 'treasury',
  },
  DUPLICATE_CHARGE: {
    number: 8,
    compares: ['line'],
    title: 'Charged twice',
    explanation:
      'One payment of ours has been charged under two names at its providers. The payer is owed one of them.',
    detect: onLine(isSecondCharge),
    priority: 600,
    auto: [],
    proposed: 'refund',
    allowed: ['refund', 'accept', 'link', 'claim_from_provider'],
    slaHours: 24,
    severity: 'critical',
    team: 'operations',
  },
  EXTERNAL_REFUND: {
    number: 19,
    compares: ['line'],
    title: 'Refunded by others',
    explanation:
      'The file has a refund that nobody asked us for (made in the provider’s own dashboard, say), or one that we recorded as refused.',
    detect: onLine((comparison) => {
      const booking = settledBooking(comparison);
      const known = booking !== undefined && (isExpected(booking) || booking.status === 'unknown');
      return comparison.line.type === 'refund' && !known && !isAgainstItsType(comparison);
    }),
    priority: 703,
    auto: [
      {
        action: 'bring_news',
        when: 'the payment is ours: its balance records the refund',
        applies: onLine(({ paymentId, booking }) => paymentId !== undefined || booking !== undefined),
        ending: 'by_itself',
      },
    ],
    proposed: 'accept',
    allowed: ['accept', 'link', 'claim_from_provider', 'ignore'],
    slaHours: 48,
    severity: 'medium',
    team: 'operations',
  },
  REFUND_NOT_SETTLED: {
    number: 20,
    compares: ['booking'],
    title: 'Refund not settled',
    explanation:
      'A refund is booked and no file has it, longer than the provider may take: the payer may still wait.',
    detect: on(
      'booking',
      ({ booking, ageMs }, policy) =>
        isExpected(booking) && booking.kind === 'refund' && ageMs > slaMs('refund', policy),
    ),
    priority: 802,
    auto: [askProvider()],
    proposed: 'claim_from_provider',
    allowed: ['claim_from_provider', 'refund', 'write_off', 'link', 'ignore'],
    slaHours: 72,
    severity: 'high',
    team: 'operations',
  },
} as const satisfies Record<string, Entry>;

/** The payment learns it, so that its money goes back; people look all the same, for it must not happen. */
function tellPayment(): Entry['auto'][number] {
  return {
    action: 'bring_news',
    when: 'always: the payment records it and gives it back; people look why',
    applies: always,
    ending: 'by_people',
  };
}

function slaMs(kind: 'capture' | 'refund', policy: Parameters<Entry['detect']>[1]): number {
  return kind === 'capture' ? policy.captureSlaMs : policy.refundSlaMs;
}

function namesPayment({ line }: LineComparison): boolean {
  return line.providerReference !== undefined || line.merchantReference !== undefined;
}

/**
 * Equal halves of one capture are no repetition, so what was booked decides. Of a payment there may be several fees of one
 * amount, unless each has a name of its own: only the very same record is one of them again.
 */
function isRepeated(comparison: LineComparison): boolean {
  const { beside, line } = comparison;
  if (beside.equalBefore === 0 || !hasReference(comparison)) return false;
  if (line.type === 'fee' && line.operationReference === undefined) return beside.deliveredBefore;
  const booking = comparableBooking(comparison);
  return beside.deliveredBefore || booking === undefined || excessMinor(comparison, booking) > 0n;
}

function isSecondCharge(comparison: LineComparison): boolean {
  const { line, matchedBy, beside } = comparison;
  if (line.type !== 'capture' || isAgainstItsType(comparison)) return false;
  const names = providerNames(comparison);
  const others = beside.otherCaptures.filter((name) => !names.includes(name));
  const booking = settledBooking(comparison);
  if (booking === undefined) return others.length > 0;
  // Found by a name of the provider's: it is that very charge, whatever else there is.
  if (matchedBy !== 'merchant' || names.length === 0) return false;
  const booked = booking.providerReference ?? booking.operationReference;
  if (isExpected(booking) && booked !== undefined) return !names.includes(booked);
  // An attempt whose outcome is not known is no second charge of its own: its first line is the news.
  return others.length > 0 && (isExpected(booking) || beside.countSoFar > 1);
}

/** Either it never happened there, or the provider owes it: whatever it says, somebody learns which. */
function askProvider(): Entry['auto'][number] {
  return {
    action: 'ask_provider',
    when: 'always: its answer, or a later file, explains it',
    applies: always,
    ending: 'by_itself',
  };
}
