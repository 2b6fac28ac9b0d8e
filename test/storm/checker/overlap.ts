import { CLAIM_ALLOWANCE_MS } from './allowances.ts';
import { chargeOf } from './charges.ts';
import type { Finding } from './finding.ts';
import type { AttemptRow, AuditRow, OperationRow } from './rows.ts';
import { atMs, type View } from './view.ts';

/**
 * I4: no overlap. The next attempt is sent only after the one before is proven dead. Three questions: did the
 * provider still have the earlier charge when the later one arrived; was the earlier one written down as dead
 * before that; and was what it was declared dead by a proof.
 */
export function checkOverlap(view: View): Finding[] {
  const findings: Finding[] = [];
  for (const paymentId of view.payments.keys()) {
    const attempts = [...view.attemptsOf(paymentId)].sort((a, b) => a.number - b.number);
    for (const later of attempts) {
      const arrivedAtMs = firstArrivalMs(view, later);
      if (arrivedAtMs === undefined) continue;
      for (const earlier of attempts.filter(({ number }) => number < later.number))
        findings.push(...judgePair(view, earlier, later, arrivedAtMs));
    }
  }
  return [...findings, ...view.operations.flatMap((operation) => judgeProof(view, operation))];
}

const found = (subject: string, what: string): Finding => ({ invariant: 'I4', subject, what });

function firstArrivalMs(view: View, attempt: AttemptRow): number | undefined {
  const arrivals = view
    .linesOf(attempt.id)
    .filter((line) => line.kind === 'arrival' && line.operation === 'authorize');
  return arrivals.length === 0 ? undefined : Math.min(...arrivals.map(atMs));
}

function judgePair(view: View, earlier: AttemptRow, later: AttemptRow, arrivedAtMs: number): Finding[] {
  const before = view.linesOf(earlier.id).filter((line) => atMs(line) < arrivedAtMs);
  if (chargeOf(before).standing)
    return [found(later.id, `was sent while ${earlier.provider} had charged ${earlier.id}`)];
  const deadAtMs = writtenDeadAtMs(view, earlier);
  if (deadAtMs === undefined)
    return [found(later.id, `was sent and ${earlier.id} was never written down as dead`)];
  if (deadAtMs > arrivedAtMs)
    return [
      found(later.id, `was sent ${deadAtMs - arrivedAtMs} ms before ${earlier.id} was written down as dead`),
    ];
  return sentAfter(view, earlier, later, arrivedAtMs);
}

const DEAD: ReadonlySet<string> = new Set(['declined', 'errored', 'voided']);

/** When the audit first says so. Its time is that of the workflow task, which is before the writing. */
function writtenDeadAtMs(view: View, attempt: AttemptRow): number | undefined {
  const row = (view.audits.get(attempt.paymentId) ?? []).find((each) =>
    attemptsIn(each).some(({ id, status }) => id === attempt.id && DEAD.has(status)),
  );
  return row?.atMs;
}

/** The attempts that a step changed, as its audit row says. */
export function attemptsIn(row: AuditRow): readonly { readonly id: string; readonly status: string }[] {
  const { attempts } = JSON.parse(row.content) as { attempts?: { id: string; status: string }[] };
  return attempts ?? [];
}

/** A dead attempt's charge may not be sent again once the next one is under way. */
function sentAfter(view: View, earlier: AttemptRow, later: AttemptRow, arrivedAtMs: number): Finding[] {
  const { disturbances } = view.evidence;
  return view
    .linesOf(earlier.id)
    .filter((line) => line.kind === 'arrival' && line.operation === 'authorize' && atMs(line) > arrivedAtMs)
    .filter(
      (line) =>
        !disturbances.some(
          ({ target, fromMs, toMs }) =>
            // What had left long before, a stopped simulator or a slow link may hand over late.
            target.includes(earlier.provider) &&
            fromMs <= atMs(line) &&
            toMs >= arrivedAtMs - CLAIM_ALLOWANCE_MS,
        ),
    )
    .map((line) => found(earlier.id, `was sent again ${atMs(line) - arrivedAtMs} ms after ${later.id} was`));
}

/** What an operation was closed as "not attempted" by, against what the provider saw. */
function judgeProof(view: View, operation: OperationRow): Finding[] {
  const { outcome, closedAtMs } = operation;
  if (outcome?.type !== 'not_attempted' || closedAtMs === undefined) return [];
  const arrivals = view
    .linesOf(operation.attemptId)
    .filter((line) => line.kind === 'arrival' && line.idempotencyKey === operation.providerKey);
  // The provider's own answer: it arrived, and was turned away.
  if (outcome.proof === 'throttled') return [];
  if (outcome.proof !== 'not_found_confirmed')
    return arrivals.length === 0
      ? []
      : [found(operation.id, `was proven not attempted (${outcome.proof}), and arrived`)];
  const sentAtMs = operation.lastSentAtMs ?? 0;
  const countsFromMs =
    sentAtMs + CLAIM_ALLOWANCE_MS + view.evidence.settings.providerDeadlineMs + horizonMs(view, operation);
  if (closedAtMs >= countsFromMs) return [];
  return [found(operation.id, `was believed absent ${countsFromMs - closedAtMs} ms before absence counts`)];
}

function horizonMs(view: View, operation: OperationRow): number {
  const accountId = view.attempts.get(operation.attemptId)?.accountId;
  const route = view.payments.get(operation.paymentId)?.route ?? [];
  return route.find((step) => step.accountId === accountId)?.visibilityHorizonMs ?? 0;
}
