/**
 * Answers in time. The promise to the caller is `wait` plus 250 ms, split into steps so that each layer can
 * still say what it knows: the workflow answers a little before `wait`, the door gives up at `wait` and asks
 * whether Temporal has the command at all, a hanging door is given up on, and a last look at the row fits
 * before the whole handler is cut off.
 */
export const WORKFLOW_LEAD_MS = 50;
/** A start has to reach Temporal even when the caller doesn't want to wait for anything. */
export const MIN_DOOR_MS = 100;
export const HANGING_DOOR_MS = 130;
export const LAST_LOOK_MS = 40;
export const CUT_OFF_MS = 180;

/** The promise's value, or undefined when the time is up first. A later failure is nobody's any more. */
export async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, timeoutMs), undefined);
  });
  try {
    return await Promise.race([promise, timeUp]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => undefined);
  }
}

const MAX_WAIT_SECONDS = 60;

/** `Prefer: wait=N` of RFC 7240 in milliseconds, at most 60 s; a preference that isn't one is ignored. */
export function preferredWaitMs(prefer: string | undefined): number | undefined {
  const seconds = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:[,;]|$)/i.exec(prefer ?? '')?.[1];
  return seconds === undefined ? undefined : Math.min(Number(seconds), MAX_WAIT_SECONDS) * 1_000;
}
