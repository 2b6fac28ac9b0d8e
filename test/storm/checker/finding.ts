import type { Violation } from '../evidence-types.ts';

/**
 * What the checker says was broken. Beside the ten invariants: secrets that outlived their use (S1), webhooks
 * that were forged and had an effect (S2), webhooks that were stored or acted on more than once (S3), charges past
 * a challenge (S4), events that an endpoint never got (S5), got out of order (S6), or got changed or unsigned (S7).
 */
export type FindingKind = Violation['invariant'] | 'S1' | 'S2' | 'S3' | 'S4' | 'S5' | 'S6' | 'S7';

export interface Finding {
  readonly invariant: FindingKind;
  /** The payment, refund, operation, workflow or row. */
  readonly subject: string;
  readonly what: string;
}

export const FINDING_KINDS: readonly FindingKind[] = [
  'I1',
  'I2',
  'I3',
  'I4',
  'I5',
  'I6',
  'I7',
  'I8',
  'I9',
  'I10',
  'S1',
  'S2',
  'S3',
  'S4',
  'S5',
  'S6',
  'S7',
];
