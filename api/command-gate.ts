import type { CommandResult } from '../client/contract.ts';
import { HANGING_DOOR_MS, within } from './deadline.ts';

/** Temporal admits ten updates of one workflow at once; two are left to others. */
const MAX_IN_FLIGHT = 8;
/** With less than this left there is no point in asking again. */
const MIN_RETRY_MS = 50;

export interface GatedCommand {
  readonly paymentId: string;
  /** Equal for requests that must get the same answer: request id and body digest. */
  readonly identity: string;
  readonly timeoutMs: number;
  send(timeoutMs: number): Promise<CommandResult>;
}

export interface CommandGate {
  run(command: GatedCommand): Promise<CommandResult>;
}

interface Lane {
  running: number;
  readonly waiting: (() => void)[];
}

/**
 * Stands before the door. Identical requests that meet in this process share one call, and at most eight
 * calls are under way for one payment; the rest wait for their turn within their own time. Every result
 * comes within `timeoutMs` and a little, even from a door that hangs.
 */
export function createCommandGate(): CommandGate {
  const lanes = new Map<string, Lane>();
  const shared = new Map<string, Promise<CommandResult>>();

  const enter = (paymentId: string): Promise<void> => {
    const lane = lanes.get(paymentId) ?? { running: 0, waiting: [] };
    lanes.set(paymentId, lane);
    if (lane.running < MAX_IN_FLIGHT) {
      lane.running += 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => lane.waiting.push(resolve));
  };

  const leave = (paymentId: string): void => {
    const lane = lanes.get(paymentId);
    if (lane === undefined) return;
    const next = lane.waiting.shift();
    // A place is handed on without being given up, so nobody can slip in between.
    if (next !== undefined) next();
    else if (lane.running === 1) lanes.delete(paymentId);
    else lane.running -= 1;
  };

  const sendInTurn = async (command: GatedCommand, timeoutMs: number): Promise<CommandResult> => {
    const startedMs = performance.now();
    const turn = enter(command.paymentId).then(() => true as const);
    if ((await within(turn, timeoutMs)) === undefined) {
      // The place will still come; it is passed on at once.
      void turn.then(() => leave(command.paymentId));
      return { type: 'unreachable', detail: 'too many requests for this payment are under way' };
    }
    try {
      const leftMs = Math.max(1, timeoutMs - (performance.now() - startedMs));
      const result = await within(command.send(leftMs), leftMs + HANGING_DOOR_MS);
      return result ?? { type: 'unreachable', detail: 'no answer from Temporal in time' };
    } finally {
      leave(command.paymentId);
    }
  };

  return {
    async run(command) {
      const startedMs = performance.now();
      const leftMs = () => command.timeoutMs - (performance.now() - startedMs);
      for (;;) {
        const running = shared.get(command.identity);
        if (running === undefined) break;
        const result = await within(running, leftMs());
        if (result === undefined) return { type: 'unreachable', detail: 'no answer from Temporal in time' };
        // `accepted` only says that the other caller's time was up; ours may not be.
        if (result.type !== 'accepted' || leftMs() < MIN_RETRY_MS) return result;
      }
      const own = sendInTurn(command, leftMs());
      shared.set(command.identity, own);
      try {
        return await own;
      } finally {
        if (shared.get(command.identity) === own) shared.delete(command.identity);
      }
    },
  };
}
