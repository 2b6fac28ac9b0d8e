import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { AuthenticationWish } from '../../domain/authentication/policy.ts';
import type { Mode } from '../../domain/names.ts';
import type { Refusal } from '../../domain/payment/commands.ts';
import type { PaymentSnapshot } from '../../domain/payment/payment.ts';

/**
 * What a payment's workflow can be told and asked. These names and shapes are on the wire for as long as
 * a history lives: they are added to, never changed (a recorded payload must parse with today's types).
 */

/** Starts one generation of a payment. Everything here is a token, an amount or a date; never a card. */
export interface PaymentInput {
  readonly paymentId: string;
  readonly generation: number;
  /** Generation 1 carries what the merchant asked for; later ones hydrate from Postgres. */
  readonly order?: PaymentOrder;
}

export type { Refusal } from '../../domain/payment/commands.ts';

export interface PaymentOrder {
  readonly merchantId: string;
  readonly mode: Mode;
  readonly request: RequestStamp;
  readonly amountMinor: number;
  readonly currency: string;
  readonly captureMethod: 'automatic' | 'manual';
  readonly paymentMethodId?: string;
  /** False: the payment waits in `requires_confirmation` for `confirm`. */
  readonly confirm: boolean;
  /** Epoch milliseconds, set by the API when it first received the confirming request. */
  readonly completeByMs: number;
  readonly reference?: string;
  readonly description?: string;
  readonly returnUrl?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly customerId?: string;
  /** Absent in old histories. */
  readonly wish?: AuthenticationWish;
}

/** Which merchant request this is: enough to keep its promise (same key, same answer; other body, 422). */
export interface RequestStamp {
  readonly requestId: string;
  /** Method and concrete path, e.g. `POST /v1/payments`. */
  readonly path: string;
  readonly idempotencyKey: string;
  readonly bodyDigest: string;
  /** The `Request-Id` of the HTTP call that carried it first; a repeat sees another one than its own. */
  readonly httpRequestId: string;
  /** Epoch milliseconds until which the answer may wait for an outcome before saying `processing`. */
  readonly answerByMs: number;
}

/** What an update answers: the payment as it stands, or why it was refused. */
export type CommandAnswer =
  | { readonly type: 'done'; readonly payment: PaymentSnapshot; readonly stamp: AnsweredStamp }
  | { readonly type: 'refused'; readonly refusal: Refusal; readonly stamp: AnsweredStamp };

export interface AnsweredStamp {
  readonly bodyDigest: string;
  readonly httpRequestId: string;
}

export interface CaptureCommand {
  readonly request: RequestStamp;
  /** Absent: all that is still capturable. */
  readonly amountMinor?: number;
  /** Release the remainder after this capture. */
  readonly finalCapture: boolean;
}

export interface ConfirmCommand {
  readonly request: RequestStamp;
  readonly paymentMethodId?: string;
  readonly completeByMs: number;
  readonly returnUrl?: string;
  readonly wish?: AuthenticationWish;
  /** Named now, or the payment method's own; the payment may have one from before. */
  readonly customerId?: string;
}

export interface CancelCommand {
  readonly request: RequestStamp;
  readonly reason?: string;
}

/** The first answer to `POST /v1/payments`; sent with the start (Update-With-Start). */
export const createUpdate = defineUpdate<CommandAnswer, [RequestStamp]>('create');
export const confirmUpdate = defineUpdate<CommandAnswer, [ConfirmCommand]>('confirm');
export const captureUpdate = defineUpdate<CommandAnswer, [CaptureCommand]>('capture');
export const voidUpdate = defineUpdate<CommandAnswer, [CancelCommand]>('void');

/** Something new lies in the inbox for this payment. The workflow reads it there; a signal carries no state. */
export const newsSignal = defineSignal<[]>('news');

export const snapshotQuery = defineQuery<PaymentSnapshot | undefined>('snapshot');

/** The ApplicationFailure type with which a validator refuses a command; its detail is a Refusal. */
export const COMMAND_REFUSED = 'CommandRefused';

/** The ApplicationFailure type of a command that reached an older generation: send it to the current one. */
export const SUPERSEDED = 'Superseded';
