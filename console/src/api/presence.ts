/**
 * Whether somebody is at this tab. Pages read again by themselves, by the clock and as the stream tells them to, and a session that
 * this kept alive would never end; so what is read while nobody touched anything is marked, and the API counts it as no use.
 */
export interface Presence {
  isSomebodyHere(): boolean;
  /** Listens until the returned function is called. */
  watch(page: EventTarget): () => void;
}

/** Pages read by the clock at least as often, so whoever goes on doing something stays signed in. */
const AWAY_AFTER_MS = 60_000;
/** No movement of the pointer: browsers tell of one, too, where the page moves under a pointer that rests. */
const SIGNS = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const;

export function createPresence(now: () => number): Presence {
  // That the page was opened is something that somebody did.
  let actedAtMs = now();
  const notice = () => {
    actedAtMs = now();
  };
  return {
    isSomebodyHere: () => now() - actedAtMs < AWAY_AFTER_MS,
    watch(page) {
      const how = { capture: true, passive: true };
      for (const sign of SIGNS) page.addEventListener(sign, notice, how);
      return () => {
        for (const sign of SIGNS) page.removeEventListener(sign, notice, how);
      };
    },
  };
}

export const presence = createPresence(Date.now);
