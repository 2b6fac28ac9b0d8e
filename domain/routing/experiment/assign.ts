import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';

/** What the router has to know of an experiment: which two versions, and how many payments get the second. */
export interface RunningExperiment {
  readonly id: string;
  /** The active version when it began; what everybody else is routed by. */
  readonly controlVersion: number;
  readonly treatmentVersion: number;
  /** Of a hundred payments, how many the treatment decides. */
  readonly percent: number;
  /** From then on it decides nothing, whether or not anybody has looked at it since. */
  readonly endsByMs: number;
}

export type ExperimentArm = 'control' | 'treatment';

const BUCKETS = 10_000;

/**
 * Which of the two decides a payment: the same for ever, whoever asks. The experiment's id is hashed with the
 * payment's, so that neither the draw of strategies nor the canary's nor another experiment's shares its luck.
 */
export function experimentArm(
  paymentId: string,
  { id, percent }: Pick<RunningExperiment, 'id' | 'percent'>,
): ExperimentArm {
  const digest = sha256(utf8ToBytes(`${id}/${paymentId}`));
  const number = new DataView(digest.buffer, digest.byteOffset).getUint32(0);
  return number % BUCKETS < percent * (BUCKETS / 100) ? 'treatment' : 'control';
}

/** The version that decides this payment. */
export function versionFor(paymentId: string, experiment: Omit<RunningExperiment, 'endsByMs'>): number {
  return experimentArm(paymentId, experiment) === 'treatment'
    ? experiment.treatmentVersion
    : experiment.controlVersion;
}
