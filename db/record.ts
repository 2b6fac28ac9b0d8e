import { refundedByOthersMinor } from '../domain/ledger/postings.ts';
import { isRerouted } from '../domain/payment/edit.ts';
import { snapshotOf } from '../domain/payment/payment.ts';
import type { AttemptStatus } from '../domain/payment/states.ts';
import type { Transition } from '../domain/payment/transition.ts';
import type { StoredRouting } from '../domain/routing/choose.ts';
import { OPEN_STATUSES, type OpenStatus } from '../domain/routing/observed.ts';
import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';
import { type ResolutionRow, resolutionPart } from './resolutions.ts';
import {
  attemptsPart,
  auditContent,
  auditPart,
  exceptionParts,
  json,
  ledgerParts,
  nextHash,
  operationsPart,
  optional,
  outboxParts,
  type RequestRow,
  requestParts,
  stepOf,
} from './rows.ts';

export type Recorded =
  | {
      readonly type: 'recorded';
      /** What has been refunded of the payment by now; refunds write it without the payment's workflow. */
      readonly refundedMinor?: number;
      /** Its attempts that were open before and are settled by this step. */
      readonly settled?: readonly SettledAttempt[];
    }
  /** The same content stands there already: an earlier try of this very step got through. */
  | { readonly type: 'already_recorded' }
  /** The payment has another generation now: the caller stops, writes nothing, sends nothing. */
  | { readonly type: 'superseded'; readonly generation: number }
  /** Another step took this sequence number: the caller is behind and hydrates again. */
  | { readonly type: 'behind' };

export interface SettledAttempt {
  readonly id: string;
  readonly was: OpenStatus;
  /** Of its card, as far as it is known. */
  readonly brand: string | null;
  readonly country: string | null;
}

export interface RecordExtras {
  /** The command that this step answers to, stored with it. */
  readonly request?: RequestRow;
  /** Why it went where it went. Where it was routed anew, it belongs to the attempt that begins so. */
  readonly explanation?: StoredRouting;
  /** The operators' resolution that this step proposes or carries out. */
  readonly resolution?: ResolutionRow;
}

/**
 * Writes one step of a payment in one statement: projection, attempts, permits' rows, balanced postings,
 * audit row, events, reservations, exceptions, and the answers that the step makes final. The first part
 * is the compare-and-set on (sequence, generation); nothing else happens unless it found its row.
 */
export async function recordTransition(
  db: Db,
  transition: Transition,
  extras: RecordExtras,
): Promise<Recorded> {
  const { payment, sequence, generation } = transition;
  const content = auditContent(transition);
  const step = stepOf(transition);
  const answer = Prisma.sql`jsonb_build_object('payment', ${snapshotPart(transition)})`;
  const rows = await db.$queryRaw<RecordedRow[]>(Prisma.sql`
    WITH before AS (SELECT audit_head FROM payment WHERE id = ${payment.id}),
    gate AS (${gatePart(transition, content.digest)}),
    attempt_rows AS (${attemptsPart(transition)}),
    operation_rows AS (${operationsPart(step)}),
    ${ledgerParts(step)},
    ${balanceParts(transition)},
    audit_row AS (${auditPart(step, content)}),
    ${outboxParts(step, Prisma.sql`balance_row`, snapshotPart(transition))},
    ${exceptionParts(step)},
    ${requestParts(step, extras.request, answer, payment.status !== 'processing')},
    ${explanationParts(transition, extras.explanation)},
    mandate_row AS (${mandatePart(transition)}),
    decline_rows AS (${declinePart(transition)}),
    resolution_row AS (${resolutionPart(extras.resolution, step)}),
    cvc_row AS (
      UPDATE payment_method SET sealed_cvc = NULL, cvc_expires_at = NULL FROM gate
      WHERE ${transition.authorizationResolved}::boolean AND payment_method.id = ${payment.paymentMethodId ?? null}
        AND sealed_cvc IS NOT NULL)
    SELECT count(*) > 0 AS recorded, (SELECT refunded_minor FROM ${balanceNow(payment.id)}) AS refunded_minor,
      ${settledPart(transition)} AS settled FROM gate`);
  const row = rows[0];
  if (row?.recorded === true) {
    const settled = row.settled === null ? {} : { settled: row.settled };
    return { type: 'recorded', refundedMinor: Number(row.refunded_minor ?? 0), ...settled };
  }
  const mine = { ownerId: payment.id, sequence, generation, contentDigest: content.digest };
  return whyNotRecorded(db, mine, () =>
    db.payment.findUnique({ where: { id: payment.id }, select: { generation: true } }),
  );
}

interface RecordedRow {
  readonly recorded: boolean;
  readonly refunded_minor: bigint | null;
  readonly settled: readonly SettledAttempt[] | null;
}

/** Of the attempts that have an answer now those that had none: a statement reads its tables as they were before it. */
function settledPart({ payment, attempts }: Transition): Prisma.Sql {
  const answered = attempts.filter(({ status }) => ANSWERED.has(status)).map(({ id }) => id);
  return Prisma.sql`(SELECT jsonb_agg(jsonb_build_object('id', a.id, 'was', a.status, 'brand', m.brand, 'country', m.country))
    FROM attempt a LEFT JOIN payment_method m ON m.id = ${payment.paymentMethodId ?? null}
    WHERE a.payment_id = ${payment.id} AND a.id = ANY (${answered}::text[]) AND a.status = ANY (${[...OPEN_STATUSES]}::text[]))`;
}

const ANSWERED: ReadonlySet<string> = new Set([
  'authorized',
  'captured',
  'declined',
] satisfies AttemptStatus[]);

/** Of this step's attempts those that are declined count for the card's network, each once, however often it is written. */
function declinePart({ payment, attempts }: Transition): Prisma.Sql {
  const declined = attempts.flatMap(({ id, status, decline }) =>
    status === 'declined' && decline !== undefined
      ? [{ id, network: decline.networkCode, advice: decline.adviceCode }]
      : [],
  );
  const merchantInitiated = payment.authentication?.offSession === true;
  return Prisma.sql`
    INSERT INTO card_decline (attempt_id, payment_id, mode, fingerprint, amount_minor, currency, merchant_initiated, network_code, advice_code)
    SELECT d.id, gate.id, ${payment.mode}, m.fingerprint, ${payment.amountMinor}::bigint, ${payment.currency}, ${merchantInitiated}::boolean,
      d.network, d.advice
    FROM gate, jsonb_to_recordset(${json(declined)}) AS d(id text, network text, advice text)
      JOIN payment_method m ON m.id = ${payment.paymentMethodId ?? null}
    ON CONFLICT DO NOTHING`;
}

/**
 * The payer's consent to be charged later: given with a payment that is authorized, under the name that the network
 * gave it. A provider that tells no name gives nothing that a later payment could refer to.
 */
function mandatePart({ payment, attempts }: Transition): Prisma.Sql {
  const { storedCredential } = payment;
  const authorized = attempts.find(
    (each) => !each.undoing && each.networkTransactionId !== undefined && each.authorizedMinor > 0,
  );
  const given = storedCredential?.initiator === 'cardholder' && authorized !== undefined;
  return Prisma.sql`
    INSERT INTO mandate (id, merchant_id, mode, customer_id, payment_method_id, payment_id, provider, usage, network_transaction_id)
    SELECT 'man_' || substr(gate.id, 5), ${payment.merchantId}, ${payment.mode}, ${payment.customerId ?? null},
      ${payment.paymentMethodId ?? ''}, gate.id, ${authorized?.provider ?? ''}, ${storedCredential?.usage ?? ''},
      ${authorized?.networkTransactionId ?? ''}
    FROM gate WHERE ${given}::boolean
    ON CONFLICT DO NOTHING`;
}

function gatePart(transition: Transition, contentDigest: string): Prisma.Sql {
  const { payment, sequence, generation } = transition;
  return Prisma.sql`
    UPDATE payment p SET status = ${payment.status}, sequence = ${sequence}::int,
      amount_authorized_minor = ${payment.amountAuthorizedMinor}::bigint,
      amount_captured_minor = ${payment.amountCapturedMinor}::bigint,
      payment_method_id = ${payment.paymentMethodId ?? null}, policy_version = ${payment.policyVersion ?? null}::int,
      customer_id = ${payment.customerId ?? null},
      route = ${json(payment.route)}, return_url = ${payment.returnUrl ?? null},
      failure = ${payment.failure === undefined ? null : JSON.stringify(payment.failure)}::jsonb,
      cancellation_reason = ${payment.cancellationReason ?? null},
      complete_by = ${new Date(payment.completeByMs)}::timestamptz,
      retry_plan = ${optional(payment.retryPlan)},
      next_retry_at = ${payment.nextRetryAtMs === undefined ? null : new Date(payment.nextRetryAtMs)}::timestamptz,
      authentication = ${optional(payment.authentication)}, stored_credential = ${optional(payment.storedCredential)},
      authorization_expires_at = ${payment.authorizationExpiresAtMs === undefined ? null : new Date(payment.authorizationExpiresAtMs)}::timestamptz,
      audit_head = ${nextHash(Prisma.sql`before.audit_head`, sequence, contentDigest)},
      updated_at = clock_timestamp()
    FROM before
    WHERE p.id = ${payment.id} AND p.sequence = ${sequence - 1}::int AND p.generation = ${generation}::int
    RETURNING p.id, p.audit_head, before.audit_head AS previous_hash`;
}

/**
 * The payment as merchants see it, with what has been refunded of it and charged back: others write that without its
 * workflow, which knows of it as of its last reading.
 */
function snapshotPart({ payment }: Transition): Prisma.Sql {
  const { amountChargedBackMinor: _read, ...snapshot } = snapshotOf(payment);
  return Prisma.sql`(SELECT ${JSON.stringify(snapshot)}::jsonb || jsonb_build_object('amountRefundedMinor', n.refunded_minor)
    || CASE WHEN n.charged_back_minor > 0 THEN jsonb_build_object('amountChargedBackMinor', n.charged_back_minor) ELSE '{}' END
    FROM ${balanceNow(payment.id)})`;
}

/** What the step leaves in the balance; a statement reads its tables as they were before it. As `n`, to select from. */
function balanceNow(paymentId: string): Prisma.Sql {
  return Prisma.sql`(SELECT refunded_minor, charged_back_minor FROM balance_row UNION ALL
    SELECT refunded_minor + external_refunded_minor, charged_back_minor FROM payment_balance
    WHERE payment_id = ${paymentId} AND NOT EXISTS (SELECT FROM balance_row)) n`;
}

/**
 * What the step reserves (once for each attempt that is undone), what was captured, and refunds that somebody
 * made at the provider. The last are facts, whatever the balance says; where together with ours and with chargebacks
 * they exceed what was captured, a person is told.
 */
function balanceParts(transition: Transition): Prisma.Sql {
  const { payment, capturedDeltaMinor, externalRefunds } = transition;
  const external = externalRefunds.map((each) => ({
    ...each,
    id: `xrf_${each.accountId}_${each.providerReference}`,
  }));
  const externalMinor = refundedByOthersMinor(transition.ledger);
  return Prisma.sql`
    reservation_rows AS (
      INSERT INTO refund_reservation (subject_id, payment_id, amount_minor)
      SELECT r."subjectId", gate.id, r."amountMinor"
      FROM gate, jsonb_to_recordset(${json(transition.reservations)}) AS r("subjectId" text, "amountMinor" bigint)
      ON CONFLICT DO NOTHING RETURNING amount_minor),
    external_rows AS (
      INSERT INTO external_refund (id, payment_id, account_id, provider_reference, amount_minor, currency)
      SELECT e.id, gate.id, e."accountId", e."providerReference", e."amountMinor", ${payment.currency}
      FROM gate, jsonb_to_recordset(${json(external)})
        AS e(id text, "accountId" text, "providerReference" text, "amountMinor" bigint)),
    balance_row AS (
      UPDATE payment_balance b SET captured_minor = b.captured_minor + ${capturedDeltaMinor}::bigint,
        refund_reserved_minor = b.refund_reserved_minor + (SELECT coalesce(sum(amount_minor), 0) FROM reservation_rows),
        external_refunded_minor = b.external_refunded_minor + ${externalMinor}::bigint
      FROM gate WHERE b.payment_id = gate.id
        AND ${capturedDeltaMinor !== 0 || transition.reservations.length > 0 || externalMinor !== 0}::boolean
      RETURNING b.payment_id, b.refunded_minor + b.external_refunded_minor AS refunded_minor, b.charged_back_minor,
        b.charged_back_minor + b.external_refunded_minor + b.refund_reserved_minor - b.captured_minor AS excess_minor),
    excess_row AS (
      INSERT INTO exception (id, kind, subject_id, payment_id, merchant_id, summary)
      SELECT 'exc_refund_excess_' || payment_id, 'refund_excess', payment_id, payment_id, ${payment.merchantId},
        'refunds and chargebacks exceed what was captured, by ' || excess_minor
      FROM balance_row WHERE excess_minor > 0 AND ${externalMinor > 0}::boolean
      ON CONFLICT (kind, subject_id) DO UPDATE SET closed_at = NULL, resolution = NULL, summary = excluded.summary)`;
}

/** Why it went where it went: of the whole payment, or of the attempt that the step routes anew. */
function explanationParts({ attempts }: Transition, explanation: StoredRouting | undefined): Prisma.Sql {
  const round = attempts.find((each) => each.status === 'created' && isRerouted(each));
  return Prisma.sql`
    explanation_row AS (
      INSERT INTO route_explanation (payment_id, document)
      SELECT gate.id, ${json(explanation ?? null)} FROM gate WHERE ${explanation !== undefined && round === undefined}::boolean
      ON CONFLICT DO NOTHING),
    round_row AS (
      INSERT INTO retry_explanation (attempt_id, payment_id, document)
      SELECT ${round?.id ?? ''}, gate.id, ${json(explanation ?? null)} FROM gate
      WHERE ${explanation !== undefined && round !== undefined}::boolean
      ON CONFLICT DO NOTHING)`;
}

/** Why the compare-and-set found no row: done already, taken over, or behind. */
export async function whyNotRecorded(
  db: Db,
  mine: {
    readonly ownerId: string;
    readonly sequence: number;
    readonly generation: number;
    readonly contentDigest: string;
  },
  current: () => Promise<{ readonly generation: number } | null>,
): Promise<Recorded> {
  const { ownerId, sequence, generation, contentDigest } = mine;
  const [owner, audit] = await Promise.all([
    current(),
    db.audit.findUnique({
      where: { ownerId_sequence: { ownerId, sequence } },
      select: { contentDigest: true },
    }),
  ]);
  if (owner !== null && owner.generation > generation)
    return { type: 'superseded', generation: owner.generation };
  return audit?.contentDigest === contentDigest ? { type: 'already_recorded' } : { type: 'behind' };
}
