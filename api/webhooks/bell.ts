import type { NewsDoor } from '../../domain/door.ts';

/**
 * Wakes payments for letters that came. A hint only repeats an answer that is on its way, nearly always: it
 * may wait a moment, so that the two or three events of one call are looked at once, after the answer.
 * Evidence settles what is pending, and is told at once. A bell that is lost is rung again by the sweeper.
 */
export interface Bell {
  ring(paymentId: string): Promise<void>;
  ringLater(paymentId: string): void;
}

const LATER_MS = 1_000;

export function createBell(door: NewsDoor, failed: (error: unknown, paymentId: string) => void): Bell {
  const waiting = new Set<string>();
  const ring = async (paymentId: string) => {
    try {
      await door.news(paymentId);
    } catch (error) {
      failed(error, paymentId);
    }
  };
  return {
    ring,
    ringLater(paymentId) {
      if (waiting.has(paymentId)) return;
      waiting.add(paymentId);
      setTimeout(() => {
        waiting.delete(paymentId);
        void ring(paymentId);
      }, LATER_MS).unref();
    },
  };
}
