import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { RefundReason, RefundSnapshot } from '../../domain/refund/refund.ts';
import type { AnsweredStamp, Refusal, RequestStamp } from '../payment/messages.ts';

/**
 * What a refund's workflow can be told and asked. As everywhere on the wire, these are added to, never changed.
 */

/** Starts one generation of a refund. */
export interface RefundInput {
  readonly refundId: string;
  readonly generation: number;
  /** Generation 1 carries what the merchant asked for; later ones hydrate from Postgres. */
  readonly order?: RefundOrderInput;
}

export interface RefundOrderInput {
  readonly paymentId: string;
  readonly merchantId: string;
  readonly mode: string;
  readonly request: RequestStamp;
  /** Minor units; absent: all that may still be refunded. */
  readonly amountMinor?: number;
  readonly currency?: string;
  readonly reason?: RefundReason;
  readonly reference?: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** A person who refunds in the merchant's place: the request is theirs, and so is the audit row. */
  readonly by?: { readonly operator: string; readonly reason: string };
}

/** What an update answers: the refund as it stands, or why it was refused. */
export type RefundAnswer =
  | { readonly type: 'done'; readonly refund: RefundSnapshot; readonly stamp: AnsweredStamp }
  | { readonly type: 'refused'; readonly refusal: Refusal; readonly stamp: AnsweredStamp };

export interface CancelRefundCommand {
  readonly request: RequestStamp;
  /** Whose request it is: the merchant's, or an operator's. */
  readonly owner: { readonly merchantId: string; readonly mode: string };
}

/** The first answer to `POST /v1/payments/:id/refunds`; sent with the start (Update-With-Start). */
export const createRefundUpdate = defineUpdate<RefundAnswer, [RequestStamp]>('create');
export const cancelRefundUpdate = defineUpdate<RefundAnswer, [CancelRefundCommand]>('cancel');

/** Something new lies in the inbox for this refund. */
export const refundNewsSignal = defineSignal<[]>('news');

export const refundSnapshotQuery = defineQuery<RefundSnapshot | undefined>('snapshot');
