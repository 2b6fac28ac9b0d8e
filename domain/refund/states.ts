import type { Edges } from '../machine.ts';

/**
 * What a merchant's refund can be. `succeeded` and `failed` are where it rests, yet both keep a way out:
 * a provider may take a refund back after it said yes, or make one after it said no.
 */
export type RefundStatus = 'pending' | 'requires_review' | 'succeeded' | 'failed' | 'canceled';

export const REFUND_EDGES: Edges<RefundStatus> = {
  pending: ['succeeded', 'failed', 'requires_review', 'canceled'],
  requires_review: ['pending', 'succeeded', 'failed', 'canceled'],
  // The provider reversed it: the money is with the merchant again, and a person says what follows.
  succeeded: ['requires_review'],
  // A success reported after the refund was given up: recorded, because it happened.
  failed: ['succeeded', 'requires_review'],
  canceled: [],
};

export const REFUND_STATUSES = Object.keys(REFUND_EDGES) as readonly RefundStatus[];

/** Nothing is being done and nobody is waited for; the workflow closes until there is news. */
export const RESTING: Readonly<Record<RefundStatus, boolean>> = {
  pending: false,
  requires_review: false,
  succeeded: true,
  failed: true,
  canceled: true,
};

export const RESTING_STATUSES = REFUND_STATUSES.filter((status) => RESTING[status]);
