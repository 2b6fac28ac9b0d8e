import { defineQuery, defineSignal } from '@temporalio/workflow';

/** What a day of an account is started with. Added to, never changed. */
export interface ReconciliationInput {
  readonly accountId: string;
  /** The account's own day, `YYYY-MM-DD`. */
  readonly businessDate: string;
  /** Until when a file is waited for (epoch milliseconds), in a run that goes on after another. */
  readonly deadlineMs?: number;
  /** After so many events a run continues as new; absent: as many as a history should have. */
  readonly eventsARun?: number;
}

/** A file was uploaded for the day, or somebody wants it looked at again. Sent with the start (Signal-With-Start). */
export const fileArrivedSignal = defineSignal<[]>('fileArrived');

export interface ReconciliationProgress {
  readonly step: string;
  /** How often the provider was asked for files so far. */
  readonly fetches: number;
  /** What the steps that are over have said, each in a few words. */
  readonly done: readonly string[];
}

export const progressQuery = defineQuery<ReconciliationProgress>('progress');

export interface ReconciliationResult {
  /** `blocked`: a file of the day may not be booked until somebody has looked at it. */
  readonly status: 'closed' | 'blocked';
  /** How many files of the day are posted. */
  readonly posted: number;
}

/** Whether it waited for the day to end, or somebody else had started it. */
export interface ScheduledDayResult {
  readonly status: 'reconciled' | 'under_way';
  readonly workflowId: string;
}

/** What a Schedule starts: it finds out which day is meant, and looks after that day's workflow. */
export interface ScheduledDayInput {
  readonly accountId: string;
}
