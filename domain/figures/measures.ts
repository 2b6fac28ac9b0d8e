/**
 * What is counted and added up in each cell. docs/analytics.md says what each means, exactly; db/rollups/facts.ts says it
 * in SQL. All of a payment, its attempts and its money stand in the hour in which the payment was made, however late they
 * came: a rate is one of the same payments above and below its line.
 */

/** How many payments, and how many ended how. */
export const PAYMENT_OUTCOME_COUNTS = [
  'payments',
  'payments_succeeded',
  'payments_failed',
  'payments_canceled',
] as const;

/** One of each payment, in the cell of the account that took it, else of the one that was asked last. */
export const PAYMENT_COUNTS = [
  ...PAYMENT_OUTCOME_COUNTS,
  'failed_over',
  'recovered_by_failover',
  'retried',
  'recovered_by_retry',
  'fee_payments',
  'fee_settled',
  'fee_compared',
  'routed',
  'routed_best',
] as const;

export const PAYMENT_SUMS = [
  'amount_minor',
  'authorized_minor',
  'captured_minor',
  'refunded_minor',
  'charged_back_minor',
  'fee_minor',
  'fee_captured_minor',
  'fee_paid_minor',
  'fee_estimated_minor',
  'fee_best_minor',
  'fee_blind_minor',
  'chosen_rate_ppm',
  'best_rate_ppm',
] as const;

/** How many attempts, and what came of them. */
export const ATTEMPT_OUTCOME_COUNTS = [
  'attempts',
  'approved',
  'soft_declined',
  'hard_declined',
  'unknown',
  'not_attempted',
  'rejected',
] as const;

/** Of the attempts, those whose payer was to be authenticated, and what came of it. */
export const AUTHENTICATION_COUNTS = [
  'authentications',
  'auth_exempted',
  'auth_not_performed',
  'auth_frictionless',
  'auth_challenged',
  'auth_challenge_succeeded',
  'auth_abandoned',
  'auth_failed',
] as const;

/** One of each attempt, in the cell of the account that was asked. */
export const ATTEMPT_COUNTS = [...ATTEMPT_OUTCOME_COUNTS, ...AUTHENTICATION_COUNTS] as const;

/** Of each reason for which an attempt was declined. */
export const DECLINE_COUNTS = ['declined', 'hard', 'followed', 'recovered'] as const;

export type PaymentMeasure = (typeof PAYMENT_COUNTS)[number] | (typeof PAYMENT_SUMS)[number];
export type AttemptMeasure = (typeof ATTEMPT_COUNTS)[number];
export type CellMeasure = PaymentMeasure | AttemptMeasure;
export type DeclineMeasure = (typeof DECLINE_COUNTS)[number];

export const CELL_COUNTS = [...PAYMENT_COUNTS, ...ATTEMPT_COUNTS] as const;
/** Minor units, or sums of millionths: they may pass 2^53. */
export const CELL_SUMS = PAYMENT_SUMS;
