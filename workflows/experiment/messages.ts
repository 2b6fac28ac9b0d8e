import { defineSignal } from '@temporalio/workflow';

/** What an experiment's workflow is started with. On the wire: added to, never changed. */
export interface ExperimentInput {
  readonly experimentId: string;
  /** After so many looks a run continues as new; absent: as many as a history bears. */
  readonly looksARun?: number;
}

/** Somebody stopped it, or wants to know now: look. */
export const lookSignal = defineSignal<[]>('look');

export interface ExperimentEnd {
  readonly status: string;
}
