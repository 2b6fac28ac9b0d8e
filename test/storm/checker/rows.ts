import type { Row } from '../evidence-types.ts';
import { instant, maybeText, minor, text, value, whole } from './cells.ts';

/**
 * Rows as the checker reads them: typed, amounts as bigint, instants as epoch milliseconds. A column that is
 * missing is an error of the rig, not a finding, so it throws.
 */
export interface PaymentRow {
  readonly id: string;
  readonly status: string;
  readonly sequence: number;
  readonly generation: number;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly authorizedMinor: bigint;
  readonly capturedMinor: bigint;
  readonly paymentMethodId: string | undefined;
  readonly auditHead: string;
  readonly route: readonly RouteStep[];
}

export interface RouteStep {
  readonly accountId: string;
  readonly visibilityHorizonMs: number;
}

export interface RefundRow {
  readonly id: string;
  readonly paymentId: string;
  readonly attemptId: string;
  readonly accountId: string;
  readonly status: string;
  readonly sequence: number;
  readonly generation: number;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly auditHead: string;
}

export interface AttemptRow {
  readonly id: string;
  readonly paymentId: string;
  readonly number: number;
  readonly accountId: string;
  readonly provider: string;
  readonly status: string;
  readonly undoing: boolean;
  readonly authentication: AuthenticationJson | undefined;
}

export interface AuthenticationJson {
  readonly status?: string;
  readonly redirectUrl?: string;
  readonly facts?: { readonly transStatus?: string };
}

export interface OperationRow {
  readonly id: string;
  readonly paymentId: string;
  /** The aggregate it belongs to: a payment, or a refund. */
  readonly ownerId: string;
  readonly attemptId: string;
  readonly kind: string;
  readonly cause: string;
  readonly status: string;
  readonly amountMinor: bigint;
  readonly providerKey: string;
  readonly sends: number;
  readonly sendByMs: number | undefined;
  readonly firstSentAtMs: number | undefined;
  readonly lastSentAtMs: number | undefined;
  readonly closedAtMs: number | undefined;
  readonly keyExpiresAtMs: number | undefined;
  readonly parametersExpireAtMs: number | undefined;
  readonly hasSealedParameters: boolean;
  readonly outcome: { readonly type?: string; readonly proof?: string } | undefined;
}

export interface AuditRow {
  readonly ownerId: string;
  readonly sequence: number;
  readonly generation: number;
  readonly fromStatus: string | undefined;
  readonly toStatus: string;
  readonly content: string;
  readonly contentDigest: string;
  readonly previousHash: string;
  readonly hash: string;
  readonly atMs: number;
}

export interface PostingRow {
  readonly transactionId: string;
  readonly paymentId: string;
  readonly kind: string;
  readonly postedAtMs: number;
  /** `provider_receivable/pa_x`: what stands before the slash. */
  readonly book: string;
  /** What stands after it. */
  readonly holder: string;
  readonly currency: string;
  readonly amountMinor: bigint;
}

export interface BalanceRow {
  readonly paymentId: string;
  readonly capturedMinor: bigint;
  readonly reservedMinor: bigint;
  readonly refundedMinor: bigint;
  readonly externalMinor: bigint;
}

export interface ExceptionRow {
  readonly kind: string;
  readonly subjectId: string;
  readonly paymentId: string | undefined;
  readonly open: boolean;
}

export interface InboxRow {
  readonly id: string;
  readonly accountId: string;
  readonly eventId: string;
  readonly reference: string | undefined;
  readonly acknowledged: boolean;
}

export interface OutboxRow {
  readonly id: string;
  readonly paymentId: string;
  /** The payment or refund that it tells of. */
  readonly ownerId: string;
  readonly eventSequence: number;
  readonly type: string;
}

export interface WebhookDeliveryRow {
  readonly endpointId: string;
  readonly eventId: string;
  readonly status: string;
}

export interface PaymentMethodRow {
  readonly id: string;
  readonly hasCvc: boolean;
  readonly cvcExpiresAtMs: number | undefined;
}

export interface ReservationRow {
  readonly subjectId: string;
  readonly paymentId: string;
  readonly amountMinor: bigint;
  readonly released: boolean;
}

export const toPayment = (row: Row): PaymentRow => ({
  id: text(row, 'id'),
  status: text(row, 'status'),
  sequence: whole(row, 'sequence'),
  generation: whole(row, 'generation'),
  amountMinor: minor(row, 'amount_minor'),
  currency: text(row, 'currency'),
  authorizedMinor: minor(row, 'amount_authorized_minor'),
  capturedMinor: minor(row, 'amount_captured_minor'),
  paymentMethodId: maybeText(row, 'payment_method_id'),
  auditHead: text(row, 'audit_head'),
  route: (value(row, 'route') ?? []) as readonly RouteStep[],
});

export const toRefund = (row: Row): RefundRow => ({
  id: text(row, 'id'),
  paymentId: text(row, 'payment_id'),
  attemptId: text(row, 'attempt_id'),
  accountId: text(row, 'account_id'),
  status: text(row, 'status'),
  sequence: whole(row, 'sequence'),
  generation: whole(row, 'generation'),
  amountMinor: minor(row, 'amount_minor'),
  currency: text(row, 'currency'),
  auditHead: text(row, 'audit_head'),
});

export const toAttempt = (row: Row): AttemptRow => ({
  id: text(row, 'id'),
  paymentId: text(row, 'payment_id'),
  number: whole(row, 'number'),
  accountId: text(row, 'account_id'),
  provider: text(row, 'provider'),
  status: text(row, 'status'),
  undoing: value(row, 'undoing') === true,
  authentication: (value(row, 'authentication') ?? undefined) as AuthenticationJson | undefined,
});

export const toOperation = (row: Row): OperationRow => ({
  id: text(row, 'id'),
  paymentId: text(row, 'payment_id'),
  ownerId: text(row, 'owner_id'),
  attemptId: text(row, 'attempt_id'),
  kind: text(row, 'kind'),
  cause: text(row, 'cause'),
  status: text(row, 'status'),
  amountMinor: minor(row, 'amount_minor'),
  providerKey: text(row, 'provider_key'),
  sends: whole(row, 'sends'),
  sendByMs: instant(row, 'send_by'),
  firstSentAtMs: instant(row, 'first_sent_at'),
  lastSentAtMs: instant(row, 'last_sent_at'),
  closedAtMs: instant(row, 'closed_at'),
  keyExpiresAtMs: instant(row, 'key_expires_at'),
  parametersExpireAtMs: instant(row, 'parameters_expire_at'),
  hasSealedParameters: value(row, 'sealed_parameters') != null,
  outcome: (value(row, 'outcome') ?? undefined) as OperationRow['outcome'],
});

export const toAudit = (row: Row): AuditRow => ({
  ownerId: text(row, 'owner_id'),
  sequence: whole(row, 'sequence'),
  generation: whole(row, 'generation'),
  fromStatus: maybeText(row, 'from_status'),
  toStatus: text(row, 'to_status'),
  content: text(row, 'content'),
  contentDigest: text(row, 'content_digest'),
  previousHash: text(row, 'previous_hash'),
  hash: text(row, 'hash'),
  atMs: instant(row, 'at') ?? Number.NaN,
});

export function toPostings(transactions: readonly Row[], postings: readonly Row[]): PostingRow[] {
  const heads = new Map(transactions.map((row) => [text(row, 'id'), row] as const));
  return postings.map((row) => {
    const transactionId = text(row, 'transaction_id');
    const head = heads.get(transactionId);
    const [book = '', ...holder] = text(row, 'account').split('/');
    return {
      transactionId,
      paymentId: head === undefined ? '' : text(head, 'payment_id'),
      kind: head === undefined ? '' : text(head, 'kind'),
      postedAtMs: head === undefined ? 0 : (instant(head, 'created_at') ?? 0),
      book,
      holder: holder.join('/'),
      currency: text(row, 'currency'),
      amountMinor: minor(row, 'amount_minor'),
    };
  });
}

export const toBalance = (row: Row): BalanceRow => ({
  paymentId: text(row, 'payment_id'),
  capturedMinor: minor(row, 'captured_minor'),
  reservedMinor: minor(row, 'refund_reserved_minor'),
  refundedMinor: minor(row, 'refunded_minor'),
  externalMinor: minor(row, 'external_refunded_minor'),
});

export const toReservation = (row: Row): ReservationRow => ({
  subjectId: text(row, 'subject_id'),
  paymentId: text(row, 'payment_id'),
  amountMinor: minor(row, 'amount_minor'),
  released: value(row, 'released_at') != null,
});

export const toException = (row: Row): ExceptionRow => ({
  kind: text(row, 'kind'),
  subjectId: text(row, 'subject_id'),
  paymentId: maybeText(row, 'payment_id'),
  open: value(row, 'closed_at') == null,
});

export const toInbox = (row: Row): InboxRow => ({
  id: text(row, 'id'),
  accountId: text(row, 'account_id'),
  eventId: text(row, 'provider_event_id'),
  reference: maybeText(row, 'reference'),
  acknowledged: value(row, 'acknowledged_at') != null,
});

export const toPaymentMethod = (row: Row): PaymentMethodRow => ({
  id: text(row, 'id'),
  hasCvc: value(row, 'sealed_cvc') != null,
  cvcExpiresAtMs: instant(row, 'cvc_expires_at'),
});

export const toOutbox = (row: Row): OutboxRow => ({
  id: text(row, 'id'),
  paymentId: text(row, 'payment_id'),
  ownerId: text(row, 'owner_id'),
  eventSequence: whole(row, 'event_sequence'),
  type: text(row, 'type'),
});

export const toWebhookDelivery = (row: Row): WebhookDeliveryRow => ({
  endpointId: text(row, 'endpoint_id'),
  eventId: text(row, 'event_id'),
  status: text(row, 'status'),
});
