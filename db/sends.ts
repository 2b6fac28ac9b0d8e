import type { AuthenticationRequest, StoredCredential } from '../domain/authentication/authentication.ts';
import type { OperationKind } from '../domain/ids.ts';
import type { OperationOutcome } from '../domain/payment/outcome.ts';
import type { RefundReason } from '../domain/refund/refund.ts';
import type { CircuitState } from '../domain/routing/decision.ts';
import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';

/** Everything that one provider call needs to know of its operation, in one read. Card data still sealed. */
export interface SendFacts {
  readonly operationId: string;
  readonly paymentId: string;
  /** Whose operation it is: the payment's, or a refund's. */
  readonly ownerId: string;
  readonly attemptId: string;
  readonly kind: OperationKind;
  readonly amountMinor: number;
  readonly currency: string;
  readonly finalCapture: boolean;
  readonly providerKey: string;
  readonly cause: string;
  readonly closed: boolean;
  readonly lastSentAtMs?: number;
  readonly sealedParameters?: Uint8Array;
  readonly attemptStatus: string;
  /** The authorization's reference at the provider, once known. */
  readonly providerReference?: string;
  /** This operation's own reference at the provider, once known (a refund's, a capture's). */
  readonly operationReference?: string;
  readonly connectorVersion: string;
  readonly captureMethod: 'automatic' | 'manual';
  readonly description?: string;
  readonly returnUrl?: string;
  /** Absent where the payment was planned without: from before challenges were known. */
  readonly authentication?: { readonly asked: AuthenticationRequest; readonly offSession: boolean };
  readonly storedCredential?: StoredCredential;
  readonly attemptNumber: number;
  readonly refundReason?: RefundReason;
  readonly account: {
    readonly id: string;
    readonly provider: string;
    /** Of the adapter, as its attempt's route has sealed it. */
    readonly connectorVersion: string;
    readonly baseUrl: string;
    readonly settings: Readonly<Record<string, string>>;
    readonly circuit: CircuitState;
  };
  readonly paymentMethod?: SealedPaymentMethod;
}

export interface SealedPaymentMethod {
  readonly id: string;
  readonly brand?: string;
  readonly country?: string;
  readonly sealedCard: Uint8Array;
  readonly sealedCvc?: Uint8Array;
  /** Epoch milliseconds; nothing that holds the CVC may outlive it. */
  readonly cvcExpiresAtMs?: number;
}

export async function loadSendFacts(db: Db, operationId: string): Promise<SendFacts> {
  const rows = await db.$queryRaw<SendRow[]>(Prisma.sql`
    SELECT o.id, o.payment_id, o.owner_id, o.attempt_id, o.kind, o.amount_minor, o.currency, o.final_capture, o.provider_key,
      o.cause, o.closed_at, o.last_sent_at, o.sealed_parameters, o.provider_reference AS operation_reference,
      a.status AS attempt_status, a.provider_reference, a.connector_version,
      a.number AS attempt_number, a.authentication->'asked' AS asked,
      coalesce((p.authentication->>'offSession')::boolean, false) AS off_session, p.stored_credential,
      p.capture_method, p.description, p.return_url, r.reason AS refund_reason,
      acc.id AS account_id, acc.provider, acc.base_url, acc.settings,
      CASE WHEN c.state = 'closed' AND c.consecutive_failures > 0 THEN 'half_open' ELSE coalesce(c.state, 'closed') END AS circuit,
      m.id AS method_id, m.brand, m.country, m.sealed_card, m.sealed_cvc, m.cvc_expires_at
    FROM operation o
    JOIN attempt a ON a.id = o.attempt_id
    JOIN payment p ON p.id = o.payment_id
    JOIN provider_account acc ON acc.id = a.account_id
    LEFT JOIN circuit c ON c.account_id = acc.id
    LEFT JOIN payment_method m ON m.id = p.payment_method_id
    LEFT JOIN refund r ON r.id = o.owner_id
    WHERE o.id = ${operationId}`);
  const row = rows[0];
  if (row === undefined)
    throw new Error(`operation ${operationId} has no row; nothing may be sent without one`);
  return toSendFacts(row);
}

interface SendRow {
  readonly id: string;
  readonly payment_id: string;
  readonly owner_id: string;
  readonly attempt_id: string;
  readonly kind: OperationKind;
  readonly amount_minor: bigint;
  readonly currency: string;
  readonly final_capture: boolean;
  readonly provider_key: string;
  readonly cause: string;
  readonly closed_at: Date | null;
  readonly last_sent_at: Date | null;
  readonly sealed_parameters: Uint8Array | null;
  readonly operation_reference: string | null;
  readonly attempt_status: string;
  readonly provider_reference: string | null;
  readonly connector_version: string;
  readonly capture_method: 'automatic' | 'manual';
  readonly description: string | null;
  readonly return_url: string | null;
  readonly attempt_number: number;
  readonly asked: AuthenticationRequest | null;
  readonly off_session: boolean;
  readonly stored_credential: StoredCredential | null;
  readonly refund_reason: RefundReason | null;
  readonly account_id: string;
  readonly provider: string;
  readonly base_url: string;
  readonly settings: Record<string, string>;
  readonly circuit: CircuitState;
  readonly method_id: string | null;
  readonly brand: string | null;
  readonly country: string | null;
  readonly sealed_card: Uint8Array | null;
  readonly sealed_cvc: Uint8Array | null;
  readonly cvc_expires_at: Date | null;
}

function toSendFacts(row: SendRow): SendFacts {
  return {
    operationId: row.id,
    paymentId: row.payment_id,
    ownerId: row.owner_id,
    attemptId: row.attempt_id,
    kind: row.kind,
    amountMinor: Number(row.amount_minor),
    currency: row.currency,
    finalCapture: row.final_capture,
    providerKey: row.provider_key,
    cause: row.cause,
    closed: row.closed_at !== null,
    attemptStatus: row.attempt_status,
    connectorVersion: row.connector_version,
    captureMethod: row.capture_method,
    account: {
      id: row.account_id,
      provider: row.provider,
      connectorVersion: row.connector_version,
      baseUrl: row.base_url,
      settings: row.settings,
      circuit: row.circuit,
    },
    ...(row.last_sent_at === null ? {} : { lastSentAtMs: row.last_sent_at.getTime() }),
    ...(row.sealed_parameters === null ? {} : { sealedParameters: row.sealed_parameters }),
    ...(row.operation_reference === null ? {} : { operationReference: row.operation_reference }),
    ...(row.provider_reference === null ? {} : { providerReference: row.provider_reference }),
    ...(row.description === null ? {} : { description: row.description }),
    ...(row.return_url === null ? {} : { returnUrl: row.return_url }),
    attemptNumber: row.attempt_number,
    ...(row.asked === null ? {} : { authentication: { asked: row.asked, offSession: row.off_session } }),
    ...(row.stored_credential === null ? {} : { storedCredential: row.stored_credential }),
    ...(row.refund_reason === null ? {} : { refundReason: row.refund_reason }),
    ...(row.method_id === null || row.sealed_card === null
      ? {}
      : {
          paymentMethod: {
            id: row.method_id,
            ...(row.brand === null ? {} : { brand: row.brand }),
            ...(row.country === null ? {} : { country: row.country }),
            sealedCard: row.sealed_card,
            ...(row.sealed_cvc === null ? {} : { sealedCvc: row.sealed_cvc }),
            ...(row.cvc_expires_at === null ? {} : { cvcExpiresAtMs: row.cvc_expires_at.getTime() }),
          },
        }),
  };
}

/**
 * Appends what an activity saw. Written before the activity answers its workflow, whatever generation it
 * belongs to: if the worker dies now, or the workflow has moved on, this row may be the only proof.
 * `stale` says that the workflow no longer waits for this answer, and must be woken.
 */
export async function observe(
  db: Db,
  facts: Pick<SendFacts, 'ownerId' | 'paymentId' | 'operationId'>,
  observed: { readonly source: string; readonly generation: number; readonly outcome: OperationOutcome },
): Promise<{ readonly stale: boolean }> {
  const rows = await db.$queryRaw<{ stale: boolean }[]>(Prisma.sql`
    WITH observed AS (
      INSERT INTO observation (payment_id, owner_id, operation_id, source, generation, outcome)
      VALUES (${facts.paymentId}, ${facts.ownerId}, ${facts.operationId}, ${observed.source}, ${observed.generation}::int,
        ${JSON.stringify(observed.outcome)}::jsonb))
    SELECT closed_at IS NOT NULL OR generation > ${observed.generation}::int AS stale
    FROM operation WHERE id = ${facts.operationId}`);
  return { stale: rows[0]?.stale ?? false };
}

/**
 * A payment's plan was found to be stored already: a reset, or a worker that was lost. Where something had been sent by then,
 * whoever looks later should see that it was wanted again, and that it was not sent again for that.
 */
export async function observeRerun(db: Db, paymentId: string, generation: number): Promise<void> {
  const outcome: OperationOutcome = { type: 'unknown', cause: 'already_sent' };
  await db.$executeRaw(Prisma.sql`
    INSERT INTO observation (payment_id, owner_id, operation_id, source, generation, outcome)
    SELECT payment_id, owner_id, id, 'plan', ${generation}::int, ${JSON.stringify(outcome)}::jsonb
    FROM operation WHERE owner_id = ${paymentId} AND first_sent_at IS NOT NULL
    ORDER BY first_sent_at DESC LIMIT 1`);
}

/**
 * Successes that were seen for operations which were closed without one. Whoever reads them undoes or adopts. A
 * refund's is unexplained until the refund counts it, or an exception says that it was one too many.
 */
export async function unexplainedSuccesses(
  db: Db,
  ownerId: string,
): Promise<readonly { readonly operationId: string; readonly outcome: OperationOutcome }[]> {
  return db.$queryRaw<{ operationId: string; outcome: OperationOutcome }[]>(Prisma.sql`
    SELECT DISTINCT ON (o.id) o.id AS "operationId", s.outcome
    FROM observation s JOIN operation o ON o.id = s.operation_id JOIN attempt a ON a.id = o.attempt_id
      LEFT JOIN refund r ON r.id = o.owner_id
    WHERE s.owner_id = ${ownerId} AND o.closed_at IS NOT NULL AND o.status <> 'succeeded' AND (
      (s.outcome->>'type' IN ('authorized', 'captured') AND o.kind IN ('authorize', 'sale') AND NOT a.undoing)
      OR (s.outcome->>'type' = 'refunded' AND r.id IS NOT NULL AND o.outcome->>'type' IS DISTINCT FROM 'refunded'))
    ORDER BY o.id, s.id DESC`);
}

/** Whether a refund of the payment was sent, is not proven, and has no name at the provider yet. */
export async function hasUnnamedRefund(db: Db, paymentId: string): Promise<boolean> {
  const found = await db.operation.findFirst({
    where: { paymentId, kind: 'refund', closedAt: null, providerReference: null, firstSentAt: { not: null } },
    select: { id: true },
  });
  return found !== null;
}

/** Whom to ask about an attempt as a whole. */
export async function loadAttemptAccount(db: Db, attemptId: string) {
  const attempt = await db.attempt.findUniqueOrThrow({
    where: { id: attemptId },
    select: { paymentId: true, accountId: true, providerReference: true },
  });
  const account = await db.providerAccount.findUniqueOrThrow({
    where: { id: attempt.accountId },
    select: { id: true, provider: true, baseUrl: true, settings: true },
  });
  return {
    paymentId: attempt.paymentId,
    ...(attempt.providerReference === null ? {} : { providerReference: attempt.providerReference }),
    account: { ...account, settings: account.settings as Record<string, string> },
  };
}
