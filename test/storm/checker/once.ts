import { chargeOf, chargesOf, refundedBy } from './charges.ts';
import type { Finding } from './finding.ts';
import type { OperationRow } from './rows.ts';
import { grouped, type View } from './view.ts';

/**
 * I1: once. Whatever was repeated, reset or resent, a payment is charged at most once, a capture that was
 * asked for takes money at most once, and a refund gives it back at most once. Judged by the effects in the
 * journals; sends.ts judges the arrivals.
 */
export function checkOnce(view: View): Finding[] {
  return [...chargedOnce(view), ...capturedOnce(view), ...refundedOnce(view)];
}

const found = (subject: string, what: string): Finding => ({ invariant: 'I1', subject, what });

function chargedOnce(view: View): Finding[] {
  const findings: Finding[] = [];
  for (const paymentId of view.payments.keys()) {
    const standing = chargesOf(view, paymentId).filter(({ charge }) => charge.standing);
    if (standing.length > 1) {
      const where = standing.map(({ attempt }) => `${attempt.id} at ${attempt.provider}`).join(' and ');
      findings.push(found(paymentId, `is charged ${standing.length} times: ${where}`));
    }
  }
  for (const attempt of view.attempts.values()) {
    const { authorizations } = chargeOf(view.linesOf(attempt.id));
    // A second authorization is a second charge, whatever became of the first.
    if (authorizations > 1)
      findings.push(found(attempt.id, `was authorized ${authorizations} times at ${attempt.provider}`));
  }
  return findings;
}

/** A retry of a capture is an operation of its own; what was asked for is its cause, without the try's number. */
function capturedOnce(view: View): Finding[] {
  const charging = view.operations.filter(({ kind }) => kind === 'sale' || kind === 'capture');
  const asked = grouped(charging, ({ attemptId, kind, cause }) => `${attemptId} ${kind} ${rootOf(cause)}`);
  return [...asked.values()].flatMap((tries) => {
    const effects = tries.reduce((count, operation) => count + captures(view, operation), 0);
    const [first] = tries;
    if (effects <= 1 || first === undefined) return [];
    return [found(first.id, `was captured ${effects} times (${tries.length} tries)`)];
  });
}

function captures(view: View, operation: OperationRow): number {
  const ours = view
    .linesOf(operation.attemptId)
    .filter((line) => line.kind === 'effect' && line.idempotencyKey === operation.providerKey);
  const count = (name: string) => ours.filter((line) => line.effect === name).length;
  return count('captured') - count('capture_failed');
}

function refundedOnce(view: View): Finding[] {
  const refunds = view.operations.filter(({ kind }) => kind === 'refund');
  // A merchant's refund is one effect over all its tries; the undoing of a late success is one an attempt.
  const asked = grouped(refunds, ({ ownerId, attemptId }) =>
    ownerId.startsWith('ref_') ? ownerId : attemptId,
  );
  return [...asked].flatMap(([subject, tries]) => {
    const [first] = tries;
    if (first === undefined) return [];
    const ids = tries.map(({ id }) => id);
    const given = refundedBy(view.linesOf(first.attemptId), ids);
    if (given <= first.amountMinor) return [];
    return [found(subject, `gave back ${given} where ${first.amountMinor} was asked for`)];
  });
}

export function rootOf(cause: string): string {
  return cause.replace(/#\d+$/, '');
}
