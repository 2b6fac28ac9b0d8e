import type { Authentication, StoredCredential } from '../domain/authentication/authentication.ts';
import type { PlannedAuthentication } from '../domain/authentication/policy.ts';
import type { Mode, OperationKind } from '../domain/ids.ts';
import type { Decline, OperationOutcome } from '../domain/payment/outcome.ts';
import type {
  Attempt,
  Operation,
  Payment,
  PaymentFailure,
  PaymentRetryPlan,
  RouteStep,
} from '../domain/payment/payment.ts';
import type { AttemptStatus, OperationStatus, PaymentStatus } from '../domain/payment/states.ts';
import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';
import { present, presentAs } from './present.ts';

/** Reads a payment back whole: what a workflow hydrates from, and what readers take their snapshot of. */
export async function loadPayment(
  db: Pick<Db, '$queryRaw'>,
  paymentId: string,
): Promise<Payment | undefined> {
  const [payment] = await loadPayments(db, Prisma.sql`p.id = ${paymentId}`);
  return payment;
}

/** Payments that a condition on `payment p` names, in the order and number that `tail` says. */
export async function loadPayments(
  db: Pick<Db, '$queryRaw'>,
  condition: Prisma.Sql,
  tail: Prisma.Sql = Prisma.empty,
): Promise<readonly Payment[]> {
  const rows = await db.$queryRaw<
    {
      payment: PaymentRow;
      attempts: AttemptRow[] | null;
      balance: BalanceRow;
      external: ExternalRow[] | null;
    }[]
  >(Prisma.sql`
    SELECT to_jsonb(p) AS payment, to_jsonb(b) AS balance,
      (SELECT jsonb_agg(to_jsonb(a) || jsonb_build_object('operations',
          (SELECT coalesce(jsonb_agg(to_jsonb(o) - 'sealed_parameters' ORDER BY o.created_at, o.kind, o.number), '[]')
             FROM operation o WHERE o.attempt_id = a.id AND o.owner_id = p.id)) ORDER BY a.number)
        FROM attempt a WHERE a.payment_id = p.id) AS attempts,
      (SELECT jsonb_agg(jsonb_build_object('providerReference', e.provider_reference, 'amountMinor', e.amount_minor)
          ORDER BY e.observed_at) FROM external_refund e WHERE e.payment_id = p.id) AS external
    FROM payment p JOIN payment_balance b ON b.payment_id = p.id WHERE ${condition} ${tail}`);
  return rows.map((row) => toPayment(row.payment, row.attempts ?? [], row.balance, row.external ?? []));
}

interface BalanceRow {
  readonly refunded_minor: number;
  readonly external_refunded_minor: number;
  readonly charged_back_minor: number;
}

type ExternalRow = NonNullable<Payment['externalRefunds']>[number];

/** Rows as `to_jsonb` gives them: snake case, numbers, ISO instants. */
interface PaymentRow {
  readonly id: string;
  readonly merchant_id: string;
  readonly mode: Mode;
  readonly status: PaymentStatus;
  readonly sequence: number;
  readonly generation: number;
  readonly amount_minor: number;
  readonly currency: string;
  readonly capture_method: 'automatic' | 'manual';
  readonly payment_method_id: string | null;
  readonly amount_authorized_minor: number;
  readonly amount_captured_minor: number;
  readonly reference: string | null;
  readonly description: string | null;
  readonly metadata: Record<string, string>;
  readonly return_url: string | null;
  readonly policy_version: number | null;
  readonly route: RouteStep[];
  readonly failure: PaymentFailure | null;
  readonly cancellation_reason: string | null;
  readonly complete_by: string;
  readonly authorization_expires_at: string | null;
  readonly authentication: PlannedAuthentication | null;
  readonly stored_credential: StoredCredential | null;
  readonly customer_id: string | null;
  readonly retry_plan: PaymentRetryPlan | null;
  readonly next_retry_at: string | null;
  readonly created_at: string;
}

interface AttemptRow {
  readonly id: string;
  readonly number: number;
  readonly account_id: string;
  readonly provider: string;
  readonly connector_version: string;
  readonly status: AttemptStatus;
  readonly provider_reference: string | null;
  readonly authorized_minor: number;
  readonly captured_minor: number;
  readonly refunded_minor: number;
  readonly decline: Decline | null;
  readonly watched: boolean;
  readonly undoing: boolean;
  readonly authentication: Authentication | null;
  readonly network_transaction_id: string | null;
  readonly operations: readonly OperationJson[];
}

/** An operation's row as `to_jsonb` gives it, whoever owns it. */
export interface OperationJson {
  readonly id: string;
  readonly kind: OperationKind;
  readonly number: number;
  readonly cause: string;
  readonly status: OperationStatus;
  readonly amount_minor: number;
  readonly final_capture: boolean;
  readonly provider_reference: string | null;
  readonly send_by: string | null;
  readonly first_sent_at: string | null;
  readonly closed_at: string | null;
  readonly outcome: OperationOutcome | null;
}

function toPayment(
  row: PaymentRow,
  attempts: readonly AttemptRow[],
  balance: BalanceRow,
  external: readonly ExternalRow[],
): Payment {
  return {
    id: row.id,
    merchantId: row.merchant_id,
    mode: row.mode,
    generation: row.generation,
    sequence: row.sequence,
    status: row.status,
    amountMinor: row.amount_minor,
    currency: row.currency,
    captureMethod: row.capture_method,
    ...present('paymentMethodId', row.payment_method_id),
    amountAuthorizedMinor: row.amount_authorized_minor,
    amountCapturedMinor: row.amount_captured_minor,
    amountRefundedMinor: balance.refunded_minor + balance.external_refunded_minor,
    ...(balance.charged_back_minor > 0 ? { amountChargedBackMinor: balance.charged_back_minor } : {}),
    ...present('policyVersion', row.policy_version),
    route: row.route,
    attempts: attempts.map(toAttempt),
    ...present('failure', row.failure),
    ...present('cancellationReason', row.cancellation_reason),
    completeByMs: Date.parse(row.complete_by),
    ...presentAs('authorizationExpiresAtMs', row.authorization_expires_at, Date.parse),
    createdAtMs: Date.parse(row.created_at),
    ...present('reference', row.reference),
    ...present('description', row.description),
    ...present('returnUrl', row.return_url),
    ...present('authentication', row.authentication),
    ...present('storedCredential', row.stored_credential),
    ...present('customerId', row.customer_id),
    ...present('retryPlan', row.retry_plan),
    ...presentAs('nextRetryAtMs', row.next_retry_at, Date.parse),
    metadata: row.metadata,
    ...(external.length === 0 ? {} : { externalRefunds: external }),
  };
}

function toAttempt(row: AttemptRow): Attempt {
  return {
    id: row.id,
    number: row.number,
    accountId: row.account_id,
    provider: row.provider,
    connectorVersion: row.connector_version,
    status: row.status,
    ...present('providerReference', row.provider_reference),
    authorizedMinor: row.authorized_minor,
    capturedMinor: row.captured_minor,
    refundedMinor: row.refunded_minor,
    ...present('decline', row.decline),
    watched: row.watched,
    undoing: row.undoing,
    ...present('authentication', row.authentication),
    ...present('networkTransactionId', row.network_transaction_id),
    operations: row.operations.map(toOperation),
  };
}

export function toOperation(row: OperationJson): Operation {
  return {
    id: row.id,
    kind: row.kind,
    number: row.number,
    cause: row.cause,
    status: row.status,
    amountMinor: row.amount_minor,
    finalCapture: row.final_capture,
    ...present('providerReference', row.provider_reference),
    ...presentAs('sendByMs', row.send_by, Date.parse),
    closed: row.closed_at !== null,
    claimed: row.first_sent_at !== null,
    ...present('outcome', row.outcome),
  };
}
