import type { InboxEvent } from '../../db/inbox/index.ts';
import { type NewsLine, newsEventId } from '../../db/reconciliation/news.ts';
import type { Evidence, OperationOutcome } from '../../domain/payment/outcome.ts';
import type { MismatchType } from '../../domain/reconciliation/names.ts';
import { declineFor } from '../../providers/declines.ts';

/** The verdicts of which a payment or refund has to hear, and what the letter is called. */
const LETTERS: Readonly<Partial<Record<MismatchType, string>>> = {
  LOST_RESPONSE_CAPTURED: 'settlement.settled',
  SETTLED_AFTER_VOID: 'settlement.settled',
  DECLINED_BUT_SETTLED: 'settlement.settled',
  EXTERNAL_REFUND: 'settlement.refunded',
  REFUND_FAILED_REVERSED: 'settlement.refund_reversed',
};

export const NEWS_VERDICTS = Object.keys(LETTERS) as MismatchType[];

/**
 * A line as a letter to its payment, in the form of a webhook's: the same evidence, so that the same rules judge it.
 * Where the provider's webhooks are only hints this one is too, and the provider is asked.
 */
export function letterOf(line: NewsLine): InboxEvent {
  const { fileId, operationReference, providerReference, attemptId, booking } = line;
  const reference = booking?.reference ?? attemptId;
  const evidence = evidenceOf(line, reference);
  // Of a refund the effect's own name, by which it is found; of a payment the payment's.
  const about = line.type === 'capture' ? providerReference : (operationReference ?? providerReference);
  return {
    providerEventId: newsEventId(line),
    eventType: LETTERS[line.verdict] ?? 'settlement.line',
    reference,
    ...(about === undefined ? {} : { providerReference: about }),
    ...(evidence === undefined ? {} : { evidence }),
    summary: {
      file: fileId,
      line: line.line,
      verdict: line.verdict,
      type: line.type,
      amount: line.amountMinor,
      currency: line.currency,
    },
  };
}

/** What the line proves. Of another amount or currency than was booked it proves nothing: then it is a hint. */
function evidenceOf(line: NewsLine, reference: string): Evidence | undefined {
  const { amountMinor, currency, booking, type, operationReference, providerReference } = line;
  const agrees =
    booking === undefined || (booking.amountMinor === amountMinor && booking.currency === currency);
  const outcome = agrees ? outcomeOf(line) : undefined;
  if (outcome === undefined) return undefined;
  if (type === 'capture') {
    // A sale, or an authorization of which the provider settles the whole, is named by its attempt.
    const kind = reference.startsWith('att_') ? 'authorize' : 'capture';
    return providerReference === undefined ? undefined : { kind, reference, amountMinor, currency, outcome };
  }
  return operationReference === undefined
    ? undefined
    : { kind: 'refund', reference, amountMinor, currency, outcome };
}

function outcomeOf({
  type,
  amountMinor,
  currency,
  providerReference = '',
  operationReference = '',
}: NewsLine): OperationOutcome | undefined {
  switch (type) {
    case 'capture':
      return { type: 'captured', providerReference, amountMinor, currency };
    case 'refund':
      return { type: 'refunded', providerReference: operationReference, amountMinor };
    case 'refund_reversed':
      return {
        type: 'declined',
        decline: declineFor('processing_error', { providerCode: 'settlement' }),
        providerReference: operationReference,
      };
    default:
      return undefined;
  }
}
