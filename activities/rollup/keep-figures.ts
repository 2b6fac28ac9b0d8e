import { Context } from '@temporalio/activity';
import { computeNext, noteChanges } from '../../db/rollups/index.ts';
import type { Dependencies } from '../dependencies.ts';
import { copyPoolOf, watched } from '../reconciliation/day.ts';

export interface RollupReport {
  /** Hours of merchants that were computed anew. */
  readonly hours: number;
  /** Until the next pass. */
  readonly restMs: number;
}

/**
 * Rests so many times as long as it worked, however much is left to do: figures cost a core a tenth of its time at most,
 * a first filling and a busy hour included.
 */
const REST_BY_WORK = 9;
const SHORTEST_REST_MS = 10_000;
/** Where time is scaled: a look costs the same. */
const SHORTEST_SCALED_MS = 5_000;
/** Then it leaves its slot to others, and rests; what was computed is in the tables. */
const WORK_AT_MOST_MS = 30_000;

/** Looks for hours that have changed, and computes them anew, the latest day first. */
export function createKeepFigures(deps: Dependencies) {
  return async function keepFigures(): Promise<RollupReport> {
    const startedAt = performance.now();
    const workedMs = () => performance.now() - startedAt;
    const { cancellationSignal } = Context.current();
    return watched(async (tell) => {
      const pool = copyPoolOf(deps);
      await noteChanges(pool);
      let hours = 0;
      for (let more = true; more; ) {
        tell({ hours });
        const computed = await computeNext(pool);
        hours += computed.hours;
        more = computed.more;
        // Also where the worker stops: the next one goes on.
        if (workedMs() > WORK_AT_MOST_MS || cancellationSignal.aborted) break;
      }
      const leastMs = Math.max(SHORTEST_SCALED_MS, SHORTEST_REST_MS * deps.settings.timeScale);
      const restMs = Math.max(leastMs, REST_BY_WORK * workedMs());
      return { hours, restMs: Math.round(restMs) };
    });
  };
}
