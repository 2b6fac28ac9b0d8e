import { defineQuery, defineSignal } from '@temporalio/workflow';

/**
 * What a challenge's workflow is started with, told and asked. On the wire for as long as a history lives: added
 * to, never changed. No address and no code of the payer's is in it.
 */
export interface ChallengeInput {
  readonly paymentId: string;
  readonly attemptId: string;
  readonly provider: string;
  /** Epoch milliseconds at which the payer's time is over. */
  readonly endsAtMs: number;
  /** Between two questions, milliseconds, scaled already. */
  readonly askEveryMs: number;
}

export interface ChallengeResult {
  readonly attemptId: string;
  /** As recorded by the payment; absent where nobody told us. */
  readonly status?: string;
}

/** The payer's browser came back. Only a hint. */
export const returnedSignal = defineSignal<[]>('returned');
/** The payment has recorded how it ended: `status` of domain/authentication/states.ts. */
export const settledSignal = defineSignal<[string]>('settled');

export const standingQuery = defineQuery<string>('standing');
