/** Times that the design grants, and that a judge from outside must grant as well. Milliseconds, never scaled. */

/** From a permit's claim to the request's first byte. */
export const CLAIM_ALLOWANCE_MS = 2_000;

/** From the first byte to the journal's time stamp: a busy machine's simulator comes to it late. */
export const ARRIVAL_ALLOWANCE_MS = 1_500;
