import type { InboxEvent } from '../../db/inbox/index.ts';
import type { Heard, Question } from '../../db/reconciliation/asks.ts';
import type { SendFacts } from '../../db/sends.ts';
import type { Evidence, OperationOutcome, UnknownCause } from '../../domain/payment/outcome.ts';
import type { LookupResult } from '../../providers/provider.ts';

/** What an operation's question is asked by, and its letter is addressed with. */
export type Asked = Pick<
  SendFacts,
  | 'operationId'
  | 'attemptId'
  | 'kind'
  | 'amountMinor'
  | 'currency'
  | 'providerReference'
  | 'operationReference'
>;

/** What a provider's answer means for the case that it was asked about. */
export type Answer =
  /** The provider has it as we have it: the settlement is owed. */
  | { readonly type: 'as_booked'; readonly outcome: OperationOutcome }
  | { readonly type: 'otherwise'; readonly outcome: OperationOutcome }
  /** Once is no proof: a search lags. Only the resolver concludes from absence. */
  | { readonly type: 'not_found' }
  /** It answered of something else than we asked for (another amount, another reference), or in words that we don't know. */
  | { readonly type: 'unclear'; readonly outcome: OperationOutcome }
  | { readonly type: 'failed'; readonly detail: string };

/** Of an `unknown` outcome: the provider has answered, as opposed to its answer being lost. */
const ANSWERED: readonly UnknownCause[] = ['mismatch', 'unmapped_response'];

export function answerOf(question: Question, result: LookupResult): Answer {
  if (result.type === 'failed') return { type: 'failed', detail: result.detail };
  if (result.type === 'not_found') return { type: 'not_found' };
  const { outcome } = result;
  if (outcome.type === 'unknown')
    return ANSWERED.includes(outcome.cause)
      ? { type: 'unclear', outcome }
      : { type: 'failed', detail: outcome.cause };
  return { type: isAsBooked(question, outcome) ? 'as_booked' : 'otherwise', outcome };
}

function isAsBooked(question: Question, outcome: OperationOutcome): boolean {
  const { amountMinor, currency } = question;
  if (question.about === 'operation' && question.expects === 'refund')
    return outcome.type === 'refunded' && outcome.amountMinor === amountMinor;
  return outcome.type === 'captured' && outcome.amountMinor === amountMinor && outcome.currency === currency;
}

/** The entry that the case keeps of an answer. */
export function entryOf(
  provider: string,
  question: Question,
  answer: Exclude<Answer, { type: 'failed' }>,
): Heard {
  const { exceptionId } = question;
  const names =
    question.about === 'operation'
      ? { operation: question.operationId }
      : { reference: question.merchantReference, provider_reference: question.providerReference };
  const said = answer.type === 'not_found' ? { outcome: 'not_found' } : saidOf(answer.outcome);
  return {
    exceptionId,
    reason: sentenceOf(provider, question, answer),
    content: { provider, ...names, answer: answer.type, said },
  };
}

function sentenceOf(
  provider: string,
  question: Question,
  answer: Exclude<Answer, { type: 'failed' }>,
): string {
  const money = `${question.amountMinor} ${question.currency}`;
  const asked = question.about === 'line' ? 'settled' : 'booked';
  switch (answer.type) {
    case 'as_booked':
      return question.about === 'line'
        ? `${provider} says that it captured ${money} under this name`
        : `${provider} says ${answer.outcome.type}, ${money}, as booked: it owes the settlement`;
    case 'otherwise':
      return `${provider} says ${answer.outcome.type}, where ${money} is ${asked}`;
    case 'not_found':
      return `${provider} does not find what ${money} is ${asked} for; asked once, which proves nothing`;
    case 'unclear':
      return `${provider} speaks of something else than the ${money} that is ${asked}`;
  }
}

/** Of an outcome what a person needs; whatever else providers tell stays out of cases. */
function saidOf(outcome: OperationOutcome): Readonly<Record<string, unknown>> {
  return {
    outcome: outcome.type,
    ...('amountMinor' in outcome ? { amount: outcome.amountMinor } : {}),
    ...('currency' in outcome ? { currency: outcome.currency } : {}),
    ...('providerReference' in outcome && outcome.providerReference !== undefined
      ? { provider_reference: outcome.providerReference }
      : {}),
    ...(outcome.type === 'declined'
      ? { reason: outcome.decline.reason, provider_code: outcome.decline.providerCode }
      : {}),
    ...(outcome.type === 'rejected' ? { provider_code: outcome.code } : {}),
    ...(outcome.type === 'unknown' ? { cause: outcome.cause } : {}),
  };
}

/** What a provider may say against a booking that its payment or refund has to hear of. */
const NEWS: readonly OperationOutcome['type'][] = ['declined', 'rejected', 'voided'];

/**
 * An answer that contradicts what is booked, as a letter in the form of a webhook's, so that the payment's own rules
 * judge it. One a case and business day. A line of nobody's payment has nobody to write to.
 */
export function letterOfAnswer(
  question: Question,
  businessDate: string,
  asked: Asked,
  answer: Answer,
): InboxEvent | undefined {
  if (question.about === 'line' || answer.type !== 'otherwise' || !NEWS.includes(answer.outcome.type))
    return undefined;
  const { exceptionId } = question;
  const { outcome } = answer;
  const { kind, amountMinor, currency } = asked;
  const charging = kind === 'authorize' || kind === 'sale';
  const reference = charging ? asked.attemptId : asked.operationId;
  const own = 'providerReference' in outcome ? outcome.providerReference : undefined;
  // Of a refund the effect's own name, by which it is found; of a payment the payment's.
  const about = kind === 'refund' ? (own ?? asked.operationReference) : (asked.providerReference ?? own);
  const evidence: Evidence = {
    kind: charging ? 'authorize' : kind,
    reference,
    amountMinor,
    currency,
    outcome,
  };
  return {
    providerEventId: `settlement:asked:${exceptionId}:${businessDate}`,
    eventType: 'settlement.asked',
    reference,
    ...(about === undefined ? {} : { providerReference: about }),
    evidence,
    summary: { case: exceptionId, outcome: outcome.type, amount: amountMinor, currency },
  };
}
