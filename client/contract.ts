import type { NewsDoor } from '../domain/door.ts';
import type { PaymentSnapshot } from '../domain/payment/payment.ts';
import type { RefundSnapshot } from '../domain/refund/refund.ts';
import type {
  ApproveCommand,
  MoveCommand,
  OperatorCommand,
  ProposeCommand,
  ReleaseCommand,
} from '../workflows/operations/operator-messages.ts';
import type {
  CancelCommand,
  CaptureCommand,
  CommandAnswer,
  ConfirmCommand,
  PaymentOrder,
} from '../workflows/payment/messages.ts';
import type { CancelRefundCommand, RefundAnswer, RefundOrderInput } from '../workflows/refund/messages.ts';

/**
 * What the door to Temporal offers to the API, the CLI and the worker's sweeper. Every call is bounded by
 * `timeoutMs` of the caller and says honestly what is known when the time is up.
 */
export interface PaymentsDoor extends NewsDoor {
  /** Request and workflow start are one round trip; a repeated key attaches to the same update. */
  create(paymentId: string, order: PaymentOrder, timeoutMs: number): Promise<CommandResult>;
  confirm(paymentId: string, command: ConfirmCommand, timeoutMs: number): Promise<CommandResult>;
  capture(paymentId: string, command: CaptureCommand, timeoutMs: number): Promise<CommandResult>;
  void(paymentId: string, command: CancelCommand, timeoutMs: number): Promise<CommandResult>;
  /** The workflow's own view, for a payment whose row isn't written yet. Rejects when nobody can tell in time. */
  snapshot(paymentId: string, timeoutMs: number): Promise<PaymentSnapshot | undefined>;
  readonly refunds: RefundsDoor;
  readonly operators: OperatorsDoor;
}

export interface RefundsDoor {
  /** Reserves and sends, or is refused by the payment's balance. */
  create(refundId: string, order: RefundOrderInput, timeoutMs: number): Promise<RefundResult>;
  cancel(refundId: string, command: CancelRefundCommand, timeoutMs: number): Promise<RefundResult>;
  snapshot(refundId: string, timeoutMs: number): Promise<RefundSnapshot | undefined>;
}

/** Operators' commands, to a payment or (where one takes it) a refund. */
export interface OperatorsDoor {
  retry(ownerId: string, command: OperatorCommand, timeoutMs: number): Promise<OperatorResult>;
  void(paymentId: string, command: OperatorCommand, timeoutMs: number): Promise<OperatorResult>;
  cancel(ownerId: string, command: OperatorCommand, timeoutMs: number): Promise<OperatorResult>;
  move(paymentId: string, command: MoveCommand, timeoutMs: number): Promise<OperatorResult>;
  release(paymentId: string, command: ReleaseCommand, timeoutMs: number): Promise<OperatorResult>;
  propose(ownerId: string, command: ProposeCommand, timeoutMs: number): Promise<OperatorResult>;
  approve(ownerId: string, command: ApproveCommand, timeoutMs: number): Promise<OperatorResult>;
}

export type OperatorResult = Result<CommandAnswer | RefundAnswer>;

export type CommandResult = Result<CommandAnswer>;
export type RefundResult = Result<RefundAnswer>;

export type Result<Answer> =
  | { readonly type: 'answered'; readonly answer: Answer }
  /** Temporal has accepted it (or may have); the outcome wasn't there in time. Answer 202. */
  | { readonly type: 'accepted' }
  /** Temporal has it with another body: the key is used. Answer 422. */
  | { readonly type: 'other_body' }
  /** Temporal could not be reached: nothing is known. Answer 503, retry with the same key. */
  | { readonly type: 'unreachable'; readonly detail: string }
  /** Neither a workflow nor a row knows it. */
  | { readonly type: 'not_found' };

export type { NewsResult } from '../domain/door.ts';
export type {
  ApproveCommand,
  MoveCommand,
  OperatorCommand,
  ProposeCommand,
} from '../workflows/operations/operator-messages.ts';
export type { PaymentOrder, RequestStamp } from '../workflows/payment/messages.ts';
export type { RefundOrderInput } from '../workflows/refund/messages.ts';
