import type { Mode, OperationKind } from '../../../domain/ids.ts';
import type { RouteStep } from '../../../domain/payment/payment.ts';
import type { Db } from '../../client.ts';
import { Prisma } from '../../generated/client.ts';
import { bounded } from './bounded.ts';

/** An operation that was sent and of which nobody can say yet what became of it; of a payment or of a refund. */
export interface UnknownOperation {
  readonly id: string;
  readonly kind: OperationKind;
  readonly cause: string;
  readonly status: 'unknown' | 'pending';
  /** The payment or refund that it belongs to. */
  readonly ownerId: string;
  readonly paymentId: string;
  readonly generation: number;
  readonly merchantId: string;
  readonly mode: Mode;
  readonly reference?: string;
  readonly provider: string;
  readonly accountId: string;
  readonly providerReference?: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly firstSentAtMs: number;
  readonly lastSentAtMs: number;
  readonly sends: number;
  readonly sendByMs?: number;
  readonly completeByMs: number;
  readonly step?: RouteStep;
  /** The open case that says that nobody is asked any more. */
  readonly parked?: { readonly caseId: string; readonly sinceMs: number; readonly owner?: string };
  readonly proposed?: { readonly resolutionId: string; readonly by: string };
  /** What was answered so far, latest first, at most ten. That nothing was found is no answer and stands in the history. */
  readonly answers: readonly Answer[];
}

export interface Answer {
  readonly source: string;
  readonly type: string;
  readonly detail?: string;
  readonly atMs: number;
}

export interface UnknownFilter {
  readonly limit: number;
  /** An operation's id. */
  readonly startingAfter?: string;
  readonly merchantId?: string;
  readonly mode?: Mode;
  readonly provider?: string;
  readonly accountId?: string;
  readonly status?: 'unknown' | 'pending';
  readonly parked?: boolean;
  readonly minAgeMinutes?: number;
}

/** Oldest first. */
export type UnknownPage =
  | { readonly type: 'page'; readonly operations: readonly UnknownOperation[]; readonly hasMore: boolean }
  | { readonly type: 'unknown_cursor' };

/** One that is claimed and still `created` is on the wire; after so long its worker is gone, and it is as unknown. */
const ON_THE_WIRE_SECONDS = 60;

/** Of `operation o JOIN attempt a`. Who waits for their payer is in no doubt, so challenges are not among them. */
export const IN_DOUBT = Prisma.sql`o.closed_at IS NULL AND o.first_sent_at IS NOT NULL
  AND (o.status = 'unknown' OR (o.status = 'pending' AND a.status <> 'requires_action')
    OR (o.status = 'created' AND o.first_sent_at < clock_timestamp() - ${ON_THE_WIRE_SECONDS}::int * interval '1 second'))`;

/** As the queue says it, of what is in doubt. */
export const DOUBT_STATUS = Prisma.sql`CASE o.status WHEN 'pending' THEN 'pending' ELSE 'unknown' END`;

interface Row {
  readonly id: string;
  readonly kind: OperationKind;
  readonly cause: string;
  readonly status: 'unknown' | 'pending';
  readonly owner_id: string;
  readonly payment_id: string;
  readonly generation: number;
  readonly merchant_id: string;
  readonly mode: Mode;
  readonly reference: string | null;
  readonly provider: string;
  readonly account_id: string;
  readonly provider_reference: string | null;
  readonly amount_minor: string;
  readonly currency: string;
  readonly first_sent_at: Date;
  readonly last_sent_at: Date | null;
  readonly sends: number;
  readonly send_by: Date | null;
  readonly complete_by: Date;
  readonly step: RouteStep | null;
  readonly case_id: string | null;
  readonly parked_at: Date | null;
  readonly case_owner: string | null;
  readonly resolution_id: string | null;
  readonly proposed_by: string | null;
  readonly answers: readonly { source: string; at: string; outcome: OutcomeJson }[] | null;
}

interface OutcomeJson {
  readonly type: string;
  readonly cause?: string;
  readonly code?: string;
  readonly decline?: { readonly reason?: string };
  readonly providerReference?: string;
}

export async function listUnknowns(db: Db, filter: UnknownFilter): Promise<UnknownPage> {
  const conditions = [IN_DOUBT, ...conditionsOf(filter)];
  if (filter.startingAfter !== undefined) {
    const cursor = await db.operation.findUnique({
      where: { id: filter.startingAfter },
      select: { firstSentAt: true },
    });
    if (cursor === null || cursor.firstSentAt === null) return { type: 'unknown_cursor' };
    conditions.push(
      Prisma.sql`(o.first_sent_at, o.id) > (${cursor.firstSentAt}::timestamptz, ${filter.startingAfter})`,
    );
  }
  const rows = await bounded<Row>(db, pageOf(conditions, filter.limit + 1));
  return {
    type: 'page',
    operations: rows.slice(0, filter.limit).map(toUnknown),
    hasMore: rows.length > filter.limit,
  };
}

function conditionsOf(filter: UnknownFilter): readonly Prisma.Sql[] {
  const { merchantId, mode, provider, accountId, status, parked, minAgeMinutes } = filter;
  return [
    ...(merchantId === undefined ? [] : [Prisma.sql`p.merchant_id = ${merchantId}`]),
    ...(mode === undefined ? [] : [Prisma.sql`p.mode = ${mode}`]),
    ...(provider === undefined ? [] : [Prisma.sql`a.provider = ${provider}`]),
    ...(accountId === undefined ? [] : [Prisma.sql`a.account_id = ${accountId}`]),
    ...(status === undefined ? [] : [Prisma.sql`${DOUBT_STATUS} = ${status}`]),
    ...(parked === undefined ? [] : [parked ? Prisma.sql`x.id IS NOT NULL` : Prisma.sql`x.id IS NULL`]),
    ...(minAgeMinutes === undefined
      ? []
      : [Prisma.sql`o.first_sent_at <= clock_timestamp() - ${minAgeMinutes}::float8 * interval '1 minute'`]),
  ];
}

function pageOf(conditions: readonly Prisma.Sql[], limit: number): Prisma.Sql {
  return Prisma.sql`
    SELECT o.id, o.kind, o.cause, ${DOUBT_STATUS} AS status, o.owner_id, o.payment_id, o.generation, p.merchant_id, p.mode,
      coalesce(r.reference, p.reference) AS reference, a.provider, a.account_id, o.provider_reference, o.amount_minor,
      o.currency, o.first_sent_at, o.last_sent_at, o.sends, o.send_by, p.complete_by,
      coalesce(r.step, (SELECT s FROM jsonb_array_elements(p.route) s WHERE s->>'accountId' = a.account_id LIMIT 1)) AS step,
      x.id AS case_id, x.opened_at AS parked_at, x.owner AS case_owner, s.id AS resolution_id, s.proposed_by,
      (SELECT jsonb_agg(jsonb_build_object('source', b.source, 'at', b.created_at, 'outcome', b.outcome) ORDER BY b.id DESC)
        FROM (SELECT * FROM observation WHERE owner_id = o.owner_id AND operation_id = o.id ORDER BY id DESC LIMIT 10) b) AS answers
    FROM operation o JOIN attempt a ON a.id = o.attempt_id JOIN payment p ON p.id = o.payment_id
      LEFT JOIN refund r ON r.id = o.owner_id
      LEFT JOIN LATERAL (SELECT id, opened_at, owner FROM exception WHERE subject_id = o.id AND closed_at IS NULL
        AND kind IN ('unknown_outcome_parked', 'pending_overdue') LIMIT 1) x ON true
      LEFT JOIN LATERAL (SELECT id, proposed_by FROM resolution WHERE owner_id = o.owner_id AND operation_id = o.id
        AND status = 'proposed' ORDER BY proposed_at DESC LIMIT 1) s ON true
    WHERE ${Prisma.join([...conditions], ' AND ')}
    ORDER BY o.first_sent_at, o.id LIMIT ${limit}::int`;
}

function toUnknown(row: Row): UnknownOperation {
  const { reference, provider_reference: providerReference, send_by: sendBy, step, answers } = row;
  return {
    id: row.id,
    kind: row.kind,
    cause: row.cause,
    status: row.status,
    ownerId: row.owner_id,
    paymentId: row.payment_id,
    generation: row.generation,
    merchantId: row.merchant_id,
    mode: row.mode,
    ...(reference === null ? {} : { reference }),
    provider: row.provider,
    accountId: row.account_id,
    ...(providerReference === null ? {} : { providerReference }),
    amountMinor: Number(row.amount_minor),
    currency: row.currency,
    firstSentAtMs: row.first_sent_at.getTime(),
    lastSentAtMs: (row.last_sent_at ?? row.first_sent_at).getTime(),
    sends: row.sends,
    ...(sendBy === null ? {} : { sendByMs: sendBy.getTime() }),
    completeByMs: row.complete_by.getTime(),
    ...(step === null ? {} : { step }),
    ...parkedOf(row),
    ...proposedOf(row),
    answers: (answers ?? []).map(({ source, at, outcome }) => ({
      source,
      type: outcome.type,
      ...detailOf(outcome),
      atMs: Date.parse(at),
    })),
  };
}

function parkedOf({ case_id: caseId, parked_at: at, case_owner: owner }: Row) {
  if (caseId === null || at === null) return {};
  return { parked: { caseId, sinceMs: at.getTime(), ...(owner === null ? {} : { owner }) } };
}

function proposedOf({ resolution_id: resolutionId, proposed_by: by }: Row) {
  return resolutionId === null || by === null ? {} : { proposed: { resolutionId, by } };
}

/** Codes and names only: a provider's own words stay where the payment's page shows them redacted. */
function detailOf({ cause, code, decline, providerReference }: OutcomeJson): { detail?: string } {
  const detail = cause ?? code ?? decline?.reason ?? providerReference;
  return detail === undefined ? {} : { detail };
}
