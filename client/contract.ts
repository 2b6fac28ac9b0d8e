import type { NewsDoor } from '../domain/door.ts';
import type { PaymentSnapshot } from '../domain/payment/payment.ts';
import type {
  CancelCommand,
  CaptureCommand,
  CommandAnswer,
  ConfirmCommand,
  PaymentOrder,
} from '../workflows/payment/messages.ts';

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
}

export type CommandResult =
  | { readonly type: 'answered'; readonly answer: CommandAnswer }
  /** Temporal has accepted it (or may have); the outcome wasn't there in time. Answer 202. */
  | { readonly type: 'accepted' }
  /** Temporal could not be reached: nothing is known. Answer 503, retry with the same key. */
  | { readonly type: 'unreachable'; readonly detail: string }
  /** Neither a workflow nor a row knows this payment. */
  | { readonly type: 'not_found' };

export type { NewsResult } from '../domain/door.ts';
export type { PaymentOrder, RequestStamp } from '../workflows/payment/messages.ts';
