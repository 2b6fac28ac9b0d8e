import { log } from '@temporalio/activity';
import {
  armsOf,
  endOutOfTime,
  findExperiment,
  hasItsControl,
  recordLook,
  stopByItself,
} from '../../db/routing/index.ts';
import { type ExperimentStatus, statusAfter } from '../../domain/routing/experiment/experiment.ts';
import { sequentialTest } from '../../domain/routing/learning/index.ts';
import type { Dependencies } from '../dependencies.ts';

/** How often an experiment is looked at. The test allows any number of looks; this is about the reading's cost. */
const LOOK_EVERY_MS = 5 * 60_000;

export interface LookedAt {
  /** `gone`: there is no such row. */
  readonly status: ExperimentStatus | 'gone';
  readonly attempts: { readonly control: number; readonly treatment: number };
  /** When to look again, from now; scaled, and never after its time is up. */
  readonly waitMs: number;
}

const NOTHING = { control: 0, treatment: 0 };

/**
 * Reads what came of both sides, has the test judge it, and writes the look with what follows. The row's end is what
 * takes the treatment out of the router: no other step, so nothing can be forgotten between.
 */
export function createLookAtExperiment({ db, settings }: Pick<Dependencies, 'db' | 'settings'>) {
  return async function lookAtExperiment(id: string): Promise<LookedAt> {
    const experiment = await findExperiment(db, id);
    if (experiment === undefined) return { status: 'gone', attempts: NOTHING, waitMs: 0 };
    const { status, seen, options, endsByMs } = experiment;
    const before = {
      control: seen?.control.attempts ?? 0,
      treatment: seen?.treatment.attempts ?? 0,
    };
    if (status !== 'running') return { status, attempts: before, waitMs: 0 };
    // A roll-back took the control away, and with it what the payments of both sides meant.
    if (!(await hasItsControl(db, experiment))) {
      await stopByItself(db, id, 'its control is no longer the active version');
      return { status: 'stopped', attempts: before, waitMs: 0 };
    }
    let arms: Awaited<ReturnType<typeof armsOf>>;
    try {
      arms = await armsOf(db, experiment, settings.timeScale);
    } catch (error) {
      if (Date.now() < endsByMs) throw error;
      // Counting may take longer than it is given, each time anew: nobody was promised a verdict, but an end was.
      log.warn('an experiment ends uncounted', {
        id,
        error: error instanceof Error ? error.name : typeof error,
      });
      const isEnded = await endOutOfTime(db, id);
      return isEnded
        ? { status: 'out_of_time', attempts: before, waitMs: 0 }
        : { status: 'running', attempts: before, waitMs: 1 };
    }
    const look = { ...arms, test: sequentialTest(arms, options, seen?.test.pValuePpm) };
    const nowMs = Date.now();
    const next = statusAfter(look, endsByMs, nowMs);
    const written = await recordLook(db, experiment, look, next);
    const attempts = { control: arms.control.attempts, treatment: arms.treatment.attempts };
    const everyMs = LOOK_EVERY_MS * settings.timeScale;
    const waitMs = Math.max(1, Math.min(everyMs, endsByMs - nowMs));
    // Somebody stopped it, or looked, in the meantime: the next look tells.
    return written ? { status: next, attempts, waitMs } : { status: 'running', attempts: before, waitMs: 1 };
  };
}
