import type { Arm, SequentialOptions, SequentialResult, SequentialVerdict } from '../learning/index.ts';

/** How an experiment stands. All but `running` and `stopped` are the test's own words, or the clock's. */
export type ExperimentStatus =
  | 'running'
  | Exclude<SequentialVerdict, 'continue'>
  /** Its time was up before the test could say. */
  | 'out_of_time'
  /** By a person. */
  | 'stopped';

/** What one look found. */
export interface ExperimentLook {
  readonly control: Arm;
  readonly treatment: Arm;
  readonly test: SequentialResult;
}

export interface Experiment {
  readonly id: string;
  readonly controlVersion: number;
  readonly treatmentVersion: number;
  readonly percent: number;
  readonly status: ExperimentStatus;
  readonly options: Partial<SequentialOptions>;
  readonly looks: number;
  readonly seen?: ExperimentLook;
  readonly actor: string;
  readonly reason: string;
  readonly stoppedBy?: string;
  readonly stopReason?: string;
  readonly startedAtMs: number;
  readonly endsByMs: number;
  readonly lookedAtMs?: number;
  readonly endedAtMs?: number;
}

/** Why one may not begin. Its order is the order in which they are judged. */
export type ExperimentRefusal =
  | 'experiment_running'
  | 'canary_running'
  | 'no_active_policy'
  | 'treatment_is_active'
  | 'treatment_unknown'
  | 'treatment_not_validated'
  | 'treatment_not_approved';

/** What a look decides: the test's word first; only where it has none yet, the clock's. */
export function statusAfter(look: ExperimentLook, endsByMs: number, nowMs: number): ExperimentStatus {
  const { verdict } = look.test;
  if (verdict !== 'continue') return verdict;
  return nowMs >= endsByMs ? 'out_of_time' : 'running';
}
