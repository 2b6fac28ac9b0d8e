import { isDead } from '../../domain/payment/decide.ts';
import { isGivenUp } from '../../domain/payment/late-capture.ts';
import type { Evidence, OperationOutcome } from '../../domain/payment/outcome.ts';
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
    const { kind, outcome } = letter.evidence;
    const operation = run.world.rules.operationNamed(run.current, letter.evidence);
    if (operation === undefined && kind === 'refund') return yield* recordExternal(run, letter);
    if (operation === undefined || !matches(run, operation, letter.evidence)) return 'unmatched';
    yield* conclude(run, operation.id, outcome);
    return 'understood';
  }
  if (letter.evidence?.kind === 'refund' && letter.reference?.startsWith('op_') !== true)
    return yield* askForRefunds(run, letter);
  run.lanes.wake();
  if (isInDoubt(run.current, letter)) return 'unanswered';
  const named = run.current.attempts.filter((each) => isNamed(each, letter));
  const dead = named.find(isDead) ?? named.find(isGivenUp);
  if (dead !== undefined) return yield* askWhetherAlive(run, dead);
  const undo = undoneBy(run.current, letter);
  return undo === undefined ? 'understood' : yield* ask(run, undo);
}

function* conclude(run: PaymentRun, operationId: string, outcome: OperationOutcome): Script<void> {
  yield* run.conclude(operationId, outcome, 'news');
}

function matches(run: PaymentRun, operation: Operation, evidence: Evidence): boolean {
  const { amountMinor, currency, outcome } = evidence;
  if (currency !== undefined && currency !== run.current.currency) return false;
  const success = ['authorized', 'captured', 'refunded'].includes(outcome.type);
  return !success || amountMinor === undefined || amountMinor === operation.amountMinor;
}

function isInDoubt(payment: Payment, letter: Letter): boolean {
  return payment.attempts.some(
    (attempt) =>
      isNamed(attempt, letter) &&
      attempt.operations.some(
        (each) => !each.closed && (each.status === 'unknown' || each.status === 'created'),
      ),
  );
}

function isNamed(attempt: Attempt, letter: Letter): boolean {
  return (
    attempt.id === letter.reference ||
    attempt.operations.some((each) => each.id === letter.reference) ||
    (letter.providerReference !== undefined && attempt.providerReference === letter.providerReference)
  );
}

/** A hint about a refund of a late success that rests: the provider may have taken it back, or made it after all. */
function undoneBy(payment: Payment, { reference, providerReference }: Letter): Operation | undefined {
  const refunds = payment.attempts
    .flatMap((attempt) => attempt.operations)
    .filter((each) => each.kind === 'refund' && each.closed);
  return refunds.find(
    (each) =>
      each.id === reference ||
      (providerReference !== undefined && each.providerReference === providerReference),
  );
}

function* askWhetherAlive(run: PaymentRun, attempt: Attempt): Script<Reading> {
  const charge = attempt.operations.findLast((each) => each.kind === 'authorize' || each.kind === 'sale');
  return charge === undefined ? 'understood' : yield* ask(run, charge);
}

function* ask(run: PaymentRun, operation: Operation): Script<Reading> {
  const outcome = yield* askAboutClosed(run, operation.id);
  if (outcome === undefined) return 'unanswered';
  yield* conclude(run, operation.id, outcome);
  return 'understood';
}

/** A hint that more was refunded than we know of: the provider lists its refunds, and what isn't ours is recorded. */
function* askForRefunds(run: PaymentRun, letter: Letter): Script<Reading> {
  const named = run.current.attempts.find((each) => isNamed(each, letter));
  if (named === undefined) return 'unmatched';
  if (isDead(named)) {
    const alive = yield* askWhetherAlive(run, named);
    const attempt = run.current.attempts.find((each) => each.id === named.id);
    if (alive === 'unanswered' || attempt === undefined || isDead(attempt)) return alive;
  }
  return yield* listRefunds(run, named);
}

function* listRefunds(run: PaymentRun, attempt: Attempt): Script<Reading> {
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
  const attempt = run.current.attempts.find((each) => each.id === evidence.reference);
  if (attempt !== undefined && isDead(attempt)) return 'unanswered';
  const { providerReference, amountMinor } = evidence.outcome;
  yield* run.apply(
    (payment) => rules.decideExternalRefund(payment, evidence.reference, { providerReference, amountMinor }),
    { type: 'external_refund', actor: 'news' },
  );
  return 'understood';
}
