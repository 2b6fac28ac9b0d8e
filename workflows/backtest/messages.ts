import { defineQuery } from '@temporalio/workflow';

/** What a back-test's workflow is started with. On the wire: added to, never changed. */
export interface BacktestInput {
  readonly backtestId: string;
  /** Pages of one activity, and activities of one run; absent: as many as fit their times. */
  readonly pagesAnActivity?: number;
  readonly activitiesARun?: number;
}

export interface BacktestStanding {
  readonly read: number;
  readonly total?: number;
}

export const standingQuery = defineQuery<BacktestStanding>('standing');

export interface BacktestEnd {
  /** `ended`: by somebody else, or canceled; the row says which. */
  readonly status: 'completed' | 'ended';
}
