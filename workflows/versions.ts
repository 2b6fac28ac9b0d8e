/**
 * Every change to what a workflow does is a line here: its patch id, and when it may be deprecated (when no open
 * workflow predates it) and removed. Code asks `patched(PATCHES.name)` on the path that changed, so that a history
 * which never took it carries no marker.
 */
export const PATCHES = {
  /** Only `nothing_to_void` counts as absence; before, any refusal of a void by reference did. */
  absenceByName: 'absence-by-name',
  /** A hint about an operation in doubt stays in the box until the doubt is resolved; before, it was put away. */
  hintsWait: 'hints-wait',
  /** A pending operation has its whole time before a person is told, also after it was unknown. */
  pendingWaits: 'pending-waits',
  /** A timer that nothing follows from is not set again at once. */
  expiryRests: 'expiry-rests',
  /** A hint about what is being sent stays in the box, too: the answer says less, and may be older. */
  hintsWaitForSends: 'hints-wait-for-sends',
  /** A hint about the refund that undid a late success makes us ask whether it was taken back. */
  undoAskedAbout: 'undo-asked-about',
  /** A refund of a late success that is made after it was refused, or proven not made, is recorded. */
  undoMadeLate: 'undo-made-late',
  /** A refund that is named by its charge is ours only under the provider's name of ours, and of the amount of ours. */
  refundsByName: 'refunds-by-name',
  /** Refunds from outside are recorded of every attempt: before its capture is known, and while it is undone. */
  refundsOfAll: 'refunds-of-all',
  /** A void whose doubt is resolved is parked without moving the payment. */
  straysRest: 'strays-rest',
  /** What was not found before a resend does not count after it. */
  absenceAfterResend: 'absence-after-resend',
  /** A command is answered within its time also while its operation is being sent, or waits to be sent again. */
  answersInTime: 'answers-in-time',
  /** A hint about a refund waits while a try of it is being sent, and one about a closed try is asked about at once. */
  refundHintsWait: 'refund-hints-wait',
  /** A retry waits by a timer also where its time has come: whether it has is not asked of the clock. */
  backoffByTimer: 'backoff-by-timer',
  /** A capture of what was voided, or had lapsed, is a late success and goes back; a hint about it makes us ask. */
  capturedAfterAll: 'captured-after-all',
  /** News that came while a later try was routed is read before that is made. */
  lettersBeforeRetry: 'letters-before-retry',
  /** What is released from a review is routed anew. */
  releaseRoutesAnew: 'release-routes-anew',
  /** What is authorized while it is being canceled is not captured before the void has ended. */
  voidDecides: 'void-decides',
  /** A day's run asks the provider about what its files don't have. */
  providerAsked: 'provider-asked',
  /** A void by reference is sent also where the ladder of questions began anew, and waited for where one is open. */
  voidsNumbered: 'voids-numbered',
  /** A hint about an authorization that rests makes us ask: somebody may have captured or canceled it at the provider. */
  restAskedAbout: 'rest-asked-about',
  /** A capture that we did not expect, of what counts, is recorded, or told to a person. */
  capturesAdopted: 'captures-adopted',
} as const;
