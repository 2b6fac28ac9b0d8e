import { defineQuery, defineSignal } from '@temporalio/workflow';

/** What the workflow that keeps the figures is started with. On the wire: added to, never changed. */
export interface RollupInput {
  /** After so many passes a run continues as new; absent: as many as a history bears. */
  readonly passesARun?: number;
}

export interface RollupStanding {
  /** Of this run. */
  readonly passes: number;
  /** Hours of merchants that the last pass computed anew; absent: it failed. */
  readonly hours?: number;
}

/** Somebody wants to see it now, and says so in Temporal's Web UI: the next pass begins at once. */
export const refreshSignal = defineSignal<[]>('refresh');
export const standingQuery = defineQuery<RollupStanding>('standing');
