import type { Edges } from '../machine.ts';

/**
 * What an authentication can be, and where it may go next. The same words stand in the database, the API,
 * the console, and in the diagram of docs/authentication.md, which is drawn from this table.
 */
export type AuthenticationStatus =
  /** The authorization has been sent with it, and nothing is known yet. */
  | 'requested'
  /** The issuer wants the payer to act; the API tells the browser where to go. */
  | 'challenge_required'
  /** The browser came back. What the issuer said is asked of the provider, not of the browser. */
  | 'returned'
  /** The payer's time is over: the intent is being canceled at the provider, and may be completed meanwhile. */
  | 'unknown'
  | 'frictionless'
  | 'exempted'
  | 'not_performed'
  | 'challenged'
  | 'completed_without_return'
  | 'failed'
  | 'rejected'
  | 'timed_out'
  | 'abandoned';

export const AUTHENTICATION_EDGES: Edges<AuthenticationStatus> = {
  requested: [
    'challenge_required',
    'frictionless',
    'exempted',
    'not_performed',
    'failed',
    'rejected',
    'timed_out',
    // Authorized after a challenge that we never heard of, because the answer that told of it was lost.
    'completed_without_return',
  ],
  challenge_required: [
    'returned',
    'unknown',
    // The browser had come back before, too early.
    'challenged',
    'completed_without_return',
    'frictionless',
    'failed',
    'rejected',
    'timed_out',
    'abandoned',
  ],
  returned: [
    // The provider says that it still waits: the browser came back too early, or from somewhere else.
    'challenge_required',
    'unknown',
    'challenged',
    'frictionless',
    'failed',
    'rejected',
    'timed_out',
    'abandoned',
  ],
  unknown: [
    'challenged',
    'completed_without_return',
    'frictionless',
    'failed',
    'rejected',
    'timed_out',
    'abandoned',
  ],
  frictionless: [],
  exempted: [],
  not_performed: [],
  challenged: [],
  completed_without_return: [],
  failed: [],
  rejected: [],
  timed_out: [],
  // A completion that turns up after the cancellation was proven is a late success: undone, and told as it was.
  abandoned: [],
};

export const AUTHENTICATION_STATUSES = Object.keys(AUTHENTICATION_EDGES) as readonly AuthenticationStatus[];

/** While it is so, the payer may still complete the challenge, and the authorization may still succeed. */
export function isWaiting(status: AuthenticationStatus): boolean {
  return status === 'challenge_required' || status === 'returned' || status === 'unknown';
}
