import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Attempt, Operation, Payment } from '../../domain/payment/payment.ts';
import { askAboutClosed, type NewsFact, type Reading, readLetters } from './letters.ts';
import type { PaymentRun } from './payment-run.ts';
import type { Letter } from './shared-rows.ts';
import type { Script } from './timeline.ts';

/** The twin of workflows/payment/mail.ts. */
export function readPaymentMail(run: PaymentRun): Script<void> {
  return readLetters(run, (fact) => act(run, fact));
}

function* act(run: PaymentRun, fact: NewsFact): Script<Reading> {
  if (fact.type === 'observed') {
    yield* conclude(run, fact.operationId, fact.outcome);
    return 'understood';
  }
  const { letter } = fact;
  if (letter.believed && letter.evidence !== undefined) {
    const { kind, reference, outcome } = letter.evidence;
    const operation = operationOf(run.current, kind, reference);
    if (operation === undefined && kind === 'refund') return yield* recordExternal(run, letter);
    if (operation === undefined || !matches(run, operation, letter)) return 'unmatched';
    yield* conclude(run, operation.id, outcome);
    return 'understood';
  }
  if (letter.evidence?.kind === 'refund' && letter.reference?.startsWith('op_') !== true)
    return yield* askForRefunds(run, letter);
  run.lanes.wake();
  if (isBeingSent(run)) return 'unanswered';
  if (isInDoubt(run.current, letter)) return 'unanswered';
  const suspect = deadAuthorization(run.current, letter);
  return suspect === undefined ? 'understood' : yield* ask(run, suspect);
}

function* conclude(run: PaymentRun, operationId: string, outcome: OperationOutcome): Script<void> {
  yield* run.conclude(operationId, outcome, 'news');
}

function operationOf(payment: Payment, kind: string, reference: string): Operation | undefined {
  for (const attempt of payment.attempts) {
    if (attempt.id === reference) {
      const ofKind = attempt.operations.filter((each) =>
        kind === 'authorize' ? each.kind === 'authorize' || each.kind === 'sale' : each.kind === kind,
      );
      return ofKind.find((each) => !each.closed) ?? ofKind.at(-1);
    }
    const named = attempt.operations.find((each) => each.id === reference);
    if (named !== undefined) return named;
  }
  return undefined;
}

function matches(run: PaymentRun, operation: Operation, { evidence }: Letter): boolean {
  if (evidence?.currency !== undefined && evidence.currency !== run.current.currency) return false;
  const success = evidence?.outcome.type === 'authorized' || evidence?.outcome.type === 'captured';
  return !success || evidence.amountMinor === undefined || evidence.amountMinor === operation.amountMinor;
}

function isInDoubt(payment: Payment, letter: Letter): boolean {
  return payment.attempts.some(
    (attempt) =>
      isNamed(attempt, letter) &&
      attempt.operations.some((each) => !each.closed && each.status === 'unknown'),
  );
}

/**
 * What is being sent answers after the letter, and says less. Production puts the letter away; until it doesn't,
 * schedules that withhold the hardship leave it in the box.
 */
function isBeingSent(run: PaymentRun): boolean {
  const { aboutRefunds, weather } = run.world;
  if (!aboutRefunds || weather.hardships.has('hintsWhileOpen')) return false;
  return run.openOperations().some((operation) => operation.status === 'created');
}

function isNamed(attempt: Attempt, letter: Letter): boolean {
  return (
    attempt.id === letter.reference ||
    attempt.operations.some((each) => each.id === letter.reference) ||
    (letter.providerReference !== undefined && attempt.providerReference === letter.providerReference)
  );
}

function deadAuthorization(payment: Payment, letter: Letter): Operation | undefined {
  const dead = payment.attempts.find(
    (attempt) =>
      isNamed(attempt, letter) &&
      !attempt.undoing &&
      ['declined', 'errored', 'voided'].includes(attempt.status),
  );
  return dead?.operations.findLast((each) => each.kind === 'authorize' || each.kind === 'sale');
}

function* ask(run: PaymentRun, operation: Operation): Script<Reading> {
  const outcome = yield* askAboutClosed(run, operation.id);
  if (outcome === undefined) return 'unanswered';
  yield* conclude(run, operation.id, outcome);
  return 'understood';
}

/** A hint that more was refunded than we know of: the provider lists its refunds, and what isn't ours is recorded. */
function* askForRefunds(run: PaymentRun, letter: Letter): Script<Reading> {
  const attempt = run.current.attempts.find((each) => isNamed(each, letter) && each.capturedMinor > 0);
  if (attempt === undefined || attempt.undoing) return attempt === undefined ? 'unmatched' : 'understood';
  const { activities, rules } = run.world;
  const outside = (yield (resume) => activities.inquireRefunds(attempt, resume)) as
    | ReadonlyMap<string, number>
    | undefined;
  if (outside === undefined) return 'unanswered';
  for (const [providerReference, amountMinor] of outside) {
    const refund = { providerReference, amountMinor };
    yield* run.apply((payment) => rules.decideExternalRefund(payment, attempt.id, refund), {
      type: 'external_refund',
      actor: 'news',
    });
  }
  return 'understood';
}

/** A refund that is none of ours. While one of ours is on its way and unnamed, nobody can tell, so the letter waits. */
function* recordExternal(run: PaymentRun, { evidence }: Letter): Script<Reading> {
  const { database, rules } = run.world;
  if (evidence?.outcome.type !== 'refunded' || evidence.currency !== run.current.currency) return 'unmatched';
  if (!evidence.reference.startsWith('op_') && database.hasUnnamedRefund()) return 'unanswered';
  const { providerReference, amountMinor } = evidence.outcome;
  yield* run.apply(
    (payment) => rules.decideExternalRefund(payment, evidence.reference, { providerReference, amountMinor }),
    { type: 'external_refund', actor: 'news' },
  );
  return 'understood';
}
