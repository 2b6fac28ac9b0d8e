import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  getExternalWorkflowHandle,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import { challengeWorkflowId } from '../../domain/names.ts';
import { challengedAttempt, decideChallengeEnd } from '../../domain/payment/challenge.ts';
import { type ChallengeInput, returnedSignal, settledSignal } from '../challenge/messages.ts';
import type { PaymentProcess } from './process.ts';

/** Between two questions about a challenge that nobody has come back from, unscaled. */
const ASK_EVERY_MS = 2 * 60 * 1_000;

/**
 * Sees to it that whoever waits for a payer has a challenge's workflow beside it, and that this one hears how it
 * ended. It outlives the payment's runs (a reset, a later generation), so it may be there already.
 */
export class ChallengeFollower {
  readonly #process: PaymentProcess;
  readonly #started = new Map<string, string>();

  constructor(process: PaymentProcess) {
    this.#process = process;
  }

  /** False for all payments without a challenge: for them nothing is awaited, so that old histories replay. */
  isConcerned(): boolean {
    const { payment } = this.#process;
    return this.#started.size > 0 || (payment !== undefined && challengedAttempt(payment) !== undefined);
  }

  async follow(): Promise<void> {
    await this.#end();
    await this.#start();
    await this.#tellSettled();
  }

  /** The payer's time may be over, by the challenge's word or by our own timer. */
  async #end(): Promise<void> {
    if (this.#process.superseded) return;
    await this.#process.apply((payment) => decideChallengeEnd(payment, Date.now()), {
      type: 'challenge_ended',
      actor: 'timer',
    });
  }

  async #start(): Promise<void> {
    if (this.#process.superseded) return;
    const { current, settings } = this.#process;
    const attempt = challengedAttempt(current);
    const endsAtMs = attempt?.authentication?.challengeEndsAtMs;
    if (attempt === undefined || endsAtMs === undefined || this.#started.has(attempt.id)) return;
    const workflowId = challengeWorkflowId(current.id, attempt.number);
    this.#started.set(attempt.id, workflowId);
    const input: ChallengeInput = {
      paymentId: current.id,
      attemptId: attempt.id,
      provider: attempt.provider,
      endsAtMs,
      askEveryMs: Math.max(250, Math.round(ASK_EVERY_MS * settings.timeScale)),
    };
    try {
      await startChild('challenge', {
        workflowId,
        args: [input],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        staticSummary: `3DS2 challenge at ${attempt.provider}`,
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }

  async tellReturned(attemptId: string): Promise<void> {
    const workflowId = this.#started.get(attemptId);
    if (workflowId !== undefined) await signal(workflowId, (handle) => handle.signal(returnedSignal));
  }

  async #tellSettled(): Promise<void> {
    if (this.#process.superseded) return;
    for (const [attemptId, workflowId] of this.#started) {
      const attempt = this.#process.current.attempts.find((each) => each.id === attemptId);
      const status = attempt?.authentication?.status;
      if (status === undefined || attempt?.authentication?.endedAtMs === undefined) continue;
      this.#started.delete(attemptId);
      await signal(workflowId, (handle) => handle.signal(settledSignal, status));
    }
  }
}

type Handle = ReturnType<typeof getExternalWorkflowHandle>;

/** Nobody depends on it: a challenge that was ended by hand, or has given up, is not there to be told. */
async function signal(workflowId: string, send: (handle: Handle) => Promise<void>): Promise<void> {
  try {
    await send(getExternalWorkflowHandle(workflowId));
  } catch {
    // The server answers that there is no such workflow; there is nothing to do about it.
  }
}
