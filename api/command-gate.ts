import type { Result } from '../client/contract.ts';
import { HANGING_DOOR_MS, within } from './deadline.ts';

/** Temporal admits ten updates of one workflow at once; two are left to others. */
const MAX_IN_FLIGHT = 8;
/** With less than this left there is no point in asking again. */
const MIN_RETRY_MS = 50;

export interface GatedCommand<Answer> {
  /** The payment or refund that it is about. */
  readonly subjectId: string;
  /** Equal for requests that must get the same answer: request id and body digest. */
  readonly identity: string;
  readonly timeoutMs: number;
  send(timeoutMs: number): Promise<Result<Answer>>;
}

export interface CommandGate {
  run<Answer>(command: GatedCommand<Answer>): Promise<Result<Answer>>;
}

interface Lane {
  running: number;
  readonly waiting: (() => void)[];
}

/**
 * Stands before the door. Identical requests that meet in this process share one call, and at most eight
 * calls are under way for one payment or refund; the rest wait for their turn within their own time. Every result
 * comes within `timeoutMs` and a little, even from a door that hangs.
 */
export function createCommandGate(): CommandGate {
  const lanes = new Map<string, Lane>();
  const shared = new Map<string, Promise<Result<unknown>>>();

  const enter = (subjectId: string): Promise<void> => {
    const lane = lanes.get(subjectId) ?? { running: 0, waiting: [] };
    lanes.set(subjectId, lane);
    if (lane.running < MAX_IN_FLIGHT) {
      lane.running += 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => lane.waiting.push(resolve));
  };

  const leave = (subjectId: string): void => {
    const lane = lanes.get(subjectId);
    if (lane === undefined) return;
    const next = lane.waiting.shift();
    // A place is handed on without being given up, so nobody can slip in between.
    if (next !== undefined) next();
    else if (lane.running === 1) lanes.delete(subjectId);
    else lane.running -= 1;
  };

  const sendInTurn = async <Answer>(
    command: GatedCommand<Answer>,
    timeoutMs: number,
  ): Promise<Result<Answer>> => {
    const startedMs = performance.now();
    const turn = enter(command.subjectId).then(() => true as const);
    if ((await within(turn, timeoutMs)) === undefined) {
      // The place will still come; it is passed on at once.
      void turn.then(() => leave(command.subjectId));
      return { type: 'unreachable', detail: 'too many requests for this object are under way' };
    }
    try {
      const leftMs = Math.max(1, timeoutMs - (performance.now() - startedMs));
      const result = await within(command.send(leftMs), leftMs + HANGING_DOOR_MS);
      return result ?? { type: 'unreachable', detail: 'no answer from Temporal in time' };
    } finally {
      leave(command.subjectId);
    }
  };

  return {
    async run<Answer>(command: GatedCommand<Answer>) {
      const startedMs = performance.now();
      const leftMs = () => command.timeoutMs - (performance.now() - startedMs);
      for (;;) {
        // Equal identities are equal requests, so their answers are of one type.
        const running = shared.get(command.identity) as Promise<Result<Answer>> | undefined;
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
