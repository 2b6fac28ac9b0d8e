/**
 * Waits between attempts of one delivery, unscaled: close together for a day, as Hyperswitch has them, then daily
 * until the third day is over. After the last one the delivery is dead, and only its merchant wakes it.
 */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const DELIVERY_LADDER: readonly { readonly times: number; readonly waitMs: number }[] = [
  { times: 1, waitMs: MINUTE },
  { times: 2, waitMs: 5 * MINUTE },
  { times: 5, waitMs: 10 * MINUTE },
  { times: 5, waitMs: HOUR },
  { times: 3, waitMs: 6 * HOUR },
  { times: 2, waitMs: 24 * HOUR },
];

const WAITS_MS = DELIVERY_LADDER.flatMap(({ times, waitMs }) => Array<number>(times).fill(waitMs));

/** The first attempt, and one after each wait. */
export const MAX_ATTEMPTS = WAITS_MS.length + 1;

/** What is to be tried once more than that waits as long as before its last attempt. */
export const LAST_WAIT_MS = WAITS_MS.at(-1) ?? HOUR;

/** How long to wait after so many failed attempts; undefined: there is no further one. */
export function waitAfterMs(attempts: number): number | undefined {
  return WAITS_MS[attempts - 1];
}
