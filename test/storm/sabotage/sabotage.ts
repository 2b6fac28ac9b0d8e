import type { FindingKind } from '../checker/index.ts';
import type { Pace } from '../rig/settings.ts';
import type { Patch } from '../rig/tree.ts';
import type { Stage } from './stage.ts';

/** A build that is broken on purpose, and the schedule that shows it: what the checker is checked with. */
export interface Sabotage {
  readonly name: string;
  /** What it does wrong, in the words of somebody who made the mistake in good faith. */
  readonly what: string;
  /** Applied to a copy of the sources; production code has no switch for it. */
  readonly patches: readonly Patch[];
  /** Where the database itself would refuse: what its own database does without. */
  readonly sql?: readonly string[];
  readonly schedule: Schedule;
  /** At least one of these must be flagged. Others may be. */
  readonly expect: readonly FindingKind[];
}

/** A small directed scenario. Run on an unbroken build it must leave nothing to be flagged. */
export interface Schedule {
  readonly name: string;
  readonly what: string;
  readonly pace: Partial<Pace>;
  run(stage: Stage): Promise<void>;
}
