import { type Edges, terminalStates } from '../machine.ts';

/**
 * What a payment, an attempt and an operation can be, and where each may go next. The same words stand
 * in the database (whose trigger refuses an edge that is not listed here), the API and the console.
 * Next to read: outcome.ts (what a provider can answer), then decide.ts (what follows from it).
 */
export type PaymentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'processing'
  | 'requires_capture'
  | 'partially_captured'
  | 'requires_review'
  | 'succeeded'
  | 'failed'
  | 'canceled'
  | 'expired';

export const PAYMENT_EDGES: Edges<PaymentStatus> = {
  requires_payment_method: ['requires_confirmation', 'processing', 'requires_review', 'canceled'],
  requires_confirmation: ['processing', 'requires_review', 'canceled'],
  requires_action: ['processing', 'requires_capture', 'requires_review', 'succeeded', 'failed', 'canceled'],
  // `processing` is also where a payment waits while a capture or a void is pending or unknown.
  processing: [
    'requires_action',
    'requires_capture',
    'partially_captured',
    'requires_review',
    'succeeded',
    'failed',
    'canceled',
    'expired',
  ],
  requires_capture: [
    'processing',
    'partially_captured',
    'requires_review',
    'succeeded',
    'canceled',
    'expired',
  ],
  partially_captured: ['processing', 'requires_review', 'succeeded'],
  requires_review: [
    'processing',
    'requires_capture',
    'partially_captured',
    'succeeded',
    'failed',
    'canceled',
    'expired',
  ],
  succeeded: [],
  failed: [],
  canceled: [],
  expired: [],
};

export const PAYMENT_STATUSES = Object.keys(PAYMENT_EDGES) as readonly PaymentStatus[];
export const FINAL_STATUSES = terminalStates(PAYMENT_EDGES);

/** The merchant has the money, or the right to take it. */
export const PAID_STATUSES = [
  'succeeded',
  'requires_capture',
  'partially_captured',
] as const satisfies readonly PaymentStatus[];

export type AttemptStatus =
  | 'created'
  | 'pending'
  | 'requires_action'
  | 'unknown'
  | 'authorized'
  | 'captured'
  | 'declined'
  | 'errored'
  | 'voided'
  | 'refunded'
  | 'expired';

/**
 * `declined`, `errored` and `voided` are proven uncharged, yet keep a way out: a provider may still
 * report a success for them (a late success), which is then undone and never ignored.
 */
export const ATTEMPT_EDGES: Edges<AttemptStatus> = {
  created: [
    'pending',
    'requires_action',
    'unknown',
    'authorized',
    'captured',
    'declined',
    'errored',
    'voided',
  ],
  pending: ['requires_action', 'unknown', 'authorized', 'captured', 'declined', 'errored', 'voided'],
  requires_action: ['pending', 'unknown', 'authorized', 'captured', 'declined', 'errored', 'voided'],
  unknown: ['pending', 'requires_action', 'authorized', 'captured', 'declined', 'errored', 'voided'],
  authorized: ['captured', 'voided', 'expired'],
  captured: ['refunded'],
  declined: ['authorized', 'captured'],
  errored: ['authorized', 'captured'],
  voided: ['authorized', 'captured'],
  refunded: [],
  expired: ['captured'],
};

/** An operation is one provider effect. It closes once, and a closed one is never sent again. */
export type OperationStatus =
  | 'created'
  | 'pending'
  | 'unknown'
  | 'succeeded'
  | 'declined'
  | 'rejected'
  | 'not_attempted';

export const OPERATION_EDGES: Edges<OperationStatus> = {
  created: ['pending', 'unknown', 'succeeded', 'declined', 'rejected', 'not_attempted'],
  pending: ['unknown', 'succeeded', 'declined', 'rejected'],
  unknown: ['pending', 'succeeded', 'declined', 'rejected', 'not_attempted'],
  succeeded: [],
  declined: [],
  rejected: [],
  not_attempted: [],
};
