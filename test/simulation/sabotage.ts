import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import { findOperation } from '../../domain/payment/payment.ts';
import { REAL_RULES, type Rules } from './rules.ts';
import type { Invariant } from './violation.ts';

/** One part of the rules broken on purpose, and the invariants of which at least one must notice. */
export interface Sabotage {
  readonly name: string;
  readonly rules: Rules;
  readonly caughtBy: readonly Invariant[];
}

export function broken(name: string, caughtBy: readonly Invariant[], part: Partial<Rules>): Sabotage {
  return { name, caughtBy, rules: { ...REAL_RULES, ...part } };
}

export const SOFT_DECLINE: OperationOutcome = {
  type: 'declined',
  decline: { reason: 'processing_error', providerCode: '5xx', message: 'server error' },
};

/** Of the rules of payments. */
export const PAYMENT_SABOTAGES: readonly Sabotage[] = [
  broken('an unknown outcome is read as a decline', ['I4', 'I1', 'I2'], {
    decideOutcome: (payment, operationId, outcome, nowMs) =>
      REAL_RULES.decideOutcome(
        payment,
        operationId,
        outcome.type === 'unknown' ? SOFT_DECLINE : outcome,
        nowMs,
      ),
  }),
  broken('one look that finds nothing is believed at once', ['I4', 'I1', 'I2'], {
    countNotFound: (inquiry, _step, _settings, nowMs) => ({
      ...inquiry,
      notFoundAtMs: [...inquiry.notFoundAtMs, nowMs],
    }),
    isProvenAbsent: (inquiry) => inquiry.notFoundAtMs.length > 0,
  }),
  broken('the permit is not asked', ['I1', 'I4'], {
    claimFirstSend: (row, claim, databaseMs) => {
      REAL_RULES.claimFirstSend(row, claim, databaseMs);
      return { type: 'claimed' };
    },
  }),
  broken('a request is sent again although its key has expired', ['I1'], {
    claimResend: (row, generation, totalDeadlineMs, databaseMs) => {
      row.keyExpiresAtMs = Number.POSITIVE_INFINITY;
      const permitted = REAL_RULES.claimResend(row, generation, totalDeadlineMs, databaseMs);
      row.keyExpiresAtMs = (row.firstSentAtMs ?? 0) + 1;
      return permitted;
    },
  }),
  broken('a late success is ignored', ['I2', 'I4'], {
    decideOutcome: (payment, operationId, outcome, nowMs) =>
      findOperation(payment, operationId)?.closed === true
        ? undefined
        : REAL_RULES.decideOutcome(payment, operationId, outcome, nowMs),
  }),
  broken('what is undone reserves nothing', ['I5'], {
    transitionOf: (before, decision, trigger, atMs) => ({
      ...REAL_RULES.transitionOf(before, decision, trigger, atMs),
      reservations: [],
    }),
  }),
  broken('a capture is posted twice', ['I5'], {
    transitionOf: (before, decision, trigger, atMs) => {
      const transition = REAL_RULES.transitionOf(before, decision, trigger, atMs);
      return { ...transition, ledger: [...transition.ledger, ...transition.ledger] };
    },
  }),
  broken('an unknown operation is given up in silence', ['I9'], {
    decidePark: (payment) => ({ after: payment, reason: 'given up' }),
  }),
  broken('letters are put away unread', ['I2', 'I4', 'I9'], { saysNothingNew: () => true }),
];
