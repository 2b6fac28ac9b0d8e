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
} as const;
