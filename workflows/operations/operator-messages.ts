import type { Testimony } from '../../domain/payment/operate.ts';
import type { RequestStamp } from '../payment/messages.ts';

/**
 * Operators' commands, as updates of whichever workflow they concern. Each carries who and why; both stand in
 * the audit row that it leaves. On the wire: added to, never changed.
 */
export interface OperatorCommand {
  readonly request: RequestStamp;
  /** The operator's id; the key that was used is theirs alone. */
  readonly operator: string;
  readonly reason: string;
}

export interface MoveCommand extends OperatorCommand {
  /** Absent: the next of the stored route. */
  readonly accountId?: string;
  /** Epoch milliseconds until which the new attempt may be sent first. */
  readonly sendByMs: number;
}

export interface ReleaseCommand extends OperatorCommand {
  /** Epoch milliseconds until which what is released may be sent first. */
  readonly sendByMs: number;
}

export interface ProposeCommand extends OperatorCommand {
  readonly resolutionId: string;
  /** Absent for a refund of which nothing is open: people refunded by hand, or gave it up. */
  readonly operationId?: string;
  readonly testimony: Testimony;
  readonly evidence: string;
}

export interface ApproveCommand extends OperatorCommand {
  readonly resolutionId: string;
}

/** The names of the updates, as the Web UI shows them. */
export const OPERATOR_UPDATES = {
  retry: 'retryNow',
  void: 'voidByOperator',
  cancel: 'cancelByOperator',
  move: 'moveToProvider',
  release: 'releaseFromReview',
  propose: 'proposeResolution',
  approve: 'approveResolution',
} as const;
