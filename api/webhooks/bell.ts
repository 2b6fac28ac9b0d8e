import type { NewsDoor } from '../../domain/door.ts';

/**
 * Wakes payments and refunds for letters that came. A hint only repeats an answer that is on its way, nearly always: it
 * may wait a moment, so that the two or three events of one call are looked at once, after the answer.
 * Evidence settles what is pending, and is told at once. A bell that is lost is rung again by the sweeper.
 */
export interface Bell {
  ring(ownerId: string): Promise<void>;
  ringLater(ownerId: string): void;
}

const LATER_MS = 1_000;

export function createBell(door: NewsDoor, failed: (error: unknown, ownerId: string) => void): Bell {
  const waiting = new Set<string>();
  const ring = async (ownerId: string) => {
    try {
      await door.news(ownerId);
    } catch (error) {
      failed(error, ownerId);
    }
  };
  return {
    ring,
    ringLater(ownerId) {
      if (waiting.has(ownerId)) return;
      waiting.add(ownerId);
      setTimeout(() => {
        waiting.delete(ownerId);
        void ring(ownerId);
      }, LATER_MS).unref();
    },
  };
}
