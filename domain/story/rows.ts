import type { Decline, OperationOutcome } from '../payment/outcome.ts';
import type { Attempt } from '../payment/payment.ts';
import type { AttemptStatus, OperationStatus, PaymentStatus } from '../payment/states.ts';

/**
 * domain/story/: what happened to one payment, told in plain words. What lives here: the rows that tell of it as plain
 * values (rows.ts), one teller for each kind of row (tell*.ts), the order (story.ts), the short answer (headline.ts)
 * and what may be done next (actions.ts). What may not: reading rows, and anything sealed: no such column is in a type here.
 */
export interface StoryRows {
  readonly request: readonly RequestRow[];
  readonly request_note: readonly RequestNoteRow[];
  readonly decision: readonly DecisionRow[];
  readonly attempt: readonly AttemptRow[];
  readonly operation: readonly OperationRow[];
  readonly observation: readonly ObservationRow[];
  readonly inbox: readonly InboxRow[];
  readonly return_refusal: readonly ReturnRefusalRow[];
  readonly audit: readonly AuditRow[];
  readonly ledger: readonly LedgerRow[];
  readonly event: readonly EventRow[];
  readonly delivery: readonly DeliveryRow[];
  readonly refund: readonly RefundRow[];
  readonly external_refund: readonly ExternalRefundRow[];
  readonly booking: readonly BookingRow[];
  readonly settlement_line: readonly SettlementLineRow[];
  readonly case: readonly CaseRow[];
  readonly case_entry: readonly CaseEntryRow[];
  readonly resolution: readonly ResolutionRow[];
  readonly operator_refusal: readonly OperatorRefusalRow[];
}

export type RowKind = keyof StoryRows;
export type RowOf<Kind extends RowKind> = StoryRows[Kind][number];

export interface RequestRow {
  readonly id: string;
  readonly path: string;
  readonly idempotencyKey: string;
  /** The merchant, or the operator whose command it was. */
  readonly ownerId: string;
  readonly subjectId: string;
  /** Of an answer that is a refusal. */
  readonly refusal?: { readonly code: string; readonly message: string };
  readonly atMs: number;
  readonly answeredAtMs?: number;
}

/** Requests about the payment that changed nothing: repeats, and refusals. One row a path and code, counted. */
export interface RequestNoteRow {
  readonly id: string;
  readonly path: string;
  /** `replayed`, or the code of the problem that it was answered with. */
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly times: number;
  readonly requestId: string;
  readonly atMs: number;
  readonly lastAtMs: number;
}

export interface DecisionRow {
  /** The payment, or the attempt that a later round began with. */
  readonly id: string;
  /** As it was stored; rows of before have other forms. */
  readonly document: unknown;
  readonly atMs: number;
}

export interface AttemptRow {
  readonly id: string;
  readonly number: number;
  readonly provider: string;
  readonly accountId: string;
  readonly connectorVersion: string;
  readonly status: AttemptStatus;
  readonly providerReference?: string;
  readonly decline?: Decline;
  readonly watched: boolean;
  readonly undoing: boolean;
  readonly authentication?: Attempt['authentication'];
  readonly atMs: number;
}

export interface OperationRow {
  readonly id: string;
  readonly ownerId: string;
  readonly attemptId: string;
  readonly provider: string;
  readonly kind: string;
  readonly number: number;
  readonly cause: string;
  readonly status: OperationStatus;
  readonly amountMinor: number;
  readonly currency: string;
  readonly providerReference?: string;
  readonly sends: number;
  readonly outcome?: OperationOutcome;
  readonly atMs: number;
  readonly sendByMs?: number;
  readonly firstSentAtMs?: number;
  readonly lastSentAtMs?: number;
  readonly revokedAtMs?: number;
  readonly closedAtMs?: number;
}

export interface ObservationRow {
  readonly id: string;
  readonly operationId: string;
  readonly ownerId: string;
  readonly provider: string;
  readonly kind: string;
  readonly source: string;
  readonly generation: number;
  readonly outcome: OperationOutcome;
  readonly atMs: number;
}

export interface InboxRow {
  readonly id: string;
  readonly provider: string;
  readonly accountId: string;
  readonly providerEventId: string;
  readonly eventType: string;
  readonly reference?: string;
  readonly providerReference?: string;
  readonly summary: unknown;
  readonly atMs: number;
  readonly acknowledgedAtMs?: number;
}

export interface ReturnRefusalRow {
  readonly id: string;
  readonly code: string;
  readonly detail: string;
  readonly atMs: number;
}

export interface AuditRow {
  readonly ownerId: string;
  readonly sequence: number;
  readonly generation: number;
  readonly trigger: string;
  readonly actor: string;
  readonly fromStatus?: string;
  readonly toStatus: string;
  readonly reason: string;
  readonly policyVersion?: number;
  readonly hash: string;
  readonly atMs: number;
}

export interface LedgerRow {
  readonly id: string;
  readonly ownerId: string;
  readonly sequence: number;
  readonly kind: string;
  readonly description?: string;
  readonly postings: readonly {
    readonly account: string;
    readonly currency: string;
    readonly amountMinor: number;
  }[];
  readonly atMs: number;
}

export interface EventRow {
  readonly id: string;
  readonly ownerId: string;
  readonly type: string;
  /** The step of its owner that it tells of. */
  readonly sequence: number;
  readonly eventSequence: number;
  readonly atMs: number;
}

export interface DeliveryRow {
  readonly eventId: string;
  readonly eventType: string;
  readonly endpointId: string;
  /** Host and path; what stands after them may be a secret of the merchant's. */
  readonly endpoint: string;
  readonly status: string;
  readonly attempts: number;
  readonly lastStatusCode?: number;
  readonly lastError?: string;
  readonly atMs: number;
  readonly nextAttemptAtMs?: number;
  readonly lastAttemptAtMs?: number;
  readonly deliveredAtMs?: number;
}

export interface RefundRow {
  readonly id: string;
  readonly provider: string;
  readonly status: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly reason?: string;
  readonly reference?: string;
  readonly failure?: { readonly code: string; readonly message: string };
  readonly generation: number;
  readonly atMs: number;
}

export interface ExternalRefundRow {
  readonly id: string;
  readonly accountId: string;
  readonly providerReference: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly atMs: number;
}

export interface BookingRow {
  readonly id: string;
  readonly accountId: string;
  readonly kind: string;
  readonly status: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly missingSince?: string;
  readonly atMs: number;
}

export interface SettlementLineRow {
  readonly fileId: string;
  readonly line: number;
  readonly fileName: string;
  readonly accountId: string;
  readonly type: string;
  readonly currency: string;
  readonly grossMinor: number;
  readonly settlementCurrency: string;
  readonly feeMinor: number;
  readonly netMinor: number;
  readonly unexplainedMinor?: number;
  readonly verdict?: string;
  readonly action?: string;
  readonly providerReference?: string;
  readonly payoutReference?: string;
  readonly occurredAtMs: number;
  /** When its file came. */
  readonly atMs: number;
}

export interface CaseRow {
  readonly id: string;
  readonly kind: string;
  readonly subjectId: string;
  readonly summary: string;
  readonly amountMinor?: number;
  readonly currency?: string;
  readonly owner?: string;
  readonly dueAtMs?: number;
  readonly resolution?: string;
  readonly atMs: number;
  readonly closedAtMs?: number;
}

export interface CaseEntryRow {
  readonly id: string;
  readonly caseId: string;
  readonly caseKind: string;
  readonly actor: string;
  readonly action: string;
  readonly reason?: string;
  readonly atMs: number;
}

export interface ResolutionRow {
  readonly id: string;
  readonly ownerId: string;
  readonly operationId?: string;
  readonly outcome: string;
  readonly evidence: string;
  readonly reason: string;
  readonly status: string;
  readonly proposedBy: string;
  readonly approvedBy?: string;
  readonly atMs: number;
  readonly approvedAtMs?: number;
}

export interface OperatorRefusalRow {
  readonly id: string;
  readonly operatorId?: string;
  readonly path: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string;
  readonly atMs: number;
}

/** What a teller may look at besides its own row. */
export interface StoryContext {
  readonly paymentId: string;
  readonly merchantId: string;
  readonly status: PaymentStatus;
  /** People's names by their ids. */
  readonly people: Readonly<Record<string, string>>;
}
