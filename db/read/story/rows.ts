import type {
  AttemptRow,
  AuditRow,
  DecisionRow,
  EventRow,
  InboxRow,
  LedgerRow,
  ObservationRow,
  OperationRow,
} from '../../../domain/story/rows.ts';
import { loadRounds } from '../../explanations.ts';
import type { Prisma } from '../../generated/client.ts';
import { present, presentAs } from '../../present.ts';

/**
 * db/read/story/: the rows that tell of one payment, for its merchant's timeline and for the operators' page alike. What lives
 * here: one read for each kind of row, in the shapes of domain/story. What may not: what is sealed, which no `select` here
 * names, and more than `MOST_ROWS` of a kind.
 */
export type Reader = Prisma.TransactionClient;

/** More of one kind are not told: the story says so, and the first ones are there. */
export const MOST_ROWS = 2_000;

export function ms(at: Date): number {
  return at.getTime();
}

/** JSON that this house's own writers wrote from a value of the type. */
function written<T>(value: unknown): T {
  return value as T;
}

export async function readDecisions(db: Reader, paymentId: string): Promise<DecisionRow[]> {
  const rounds = await loadRounds(db, paymentId);
  return rounds.map(({ attemptId, document, atMs }) => ({ id: attemptId ?? paymentId, document, atMs }));
}

export async function readAttempts(db: Reader, paymentId: string): Promise<AttemptRow[]> {
  const rows = await db.attempt.findMany({
    where: { paymentId },
    orderBy: { number: 'asc' },
    take: MOST_ROWS,
  });
  return rows.map((row) => ({
    id: row.id,
    number: row.number,
    provider: row.provider,
    accountId: row.accountId,
    connectorVersion: row.connectorVersion,
    status: written(row.status),
    ...present('providerReference', row.providerReference),
    ...presentAs('decline', row.decline, (each) => written<NonNullable<AttemptRow['decline']>>(each)),
    ...presentAs('authentication', row.authentication, (each) =>
      written<NonNullable<AttemptRow['authentication']>>(each),
    ),
    watched: row.watched,
    undoing: row.undoing,
    atMs: ms(row.createdAt),
  }));
}

/** Refunds' among them: an operation names the attempt whose money it moves. */
export async function readOperations(db: Reader, paymentId: string): Promise<OperationRow[]> {
  const rows = await db.operation.findMany({
    where: { paymentId },
    orderBy: [{ createdAt: 'asc' }, { attemptNumber: 'asc' }, { number: 'asc' }],
    omit: { sealedParameters: true, providerKey: true },
    include: { attempt: { select: { provider: true } } },
    take: MOST_ROWS,
  });
  return rows.map((row) => ({
    id: row.id,
    ownerId: row.ownerId,
    attemptId: row.attemptId,
    provider: row.attempt.provider,
    kind: row.kind,
    number: row.number,
    cause: row.cause,
    status: written(row.status),
    amountMinor: Number(row.amountMinor),
    currency: row.currency,
    ...present('providerReference', row.providerReference),
    sends: row.sends,
    ...presentAs('outcome', row.outcome, (each) => written<NonNullable<OperationRow['outcome']>>(each)),
    atMs: ms(row.createdAt),
    ...presentAs('sendByMs', row.sendBy, ms),
    ...presentAs('firstSentAtMs', row.firstSentAt, ms),
    ...presentAs('lastSentAtMs', row.lastSentAt, ms),
    ...presentAs('revokedAtMs', row.revokedAt, ms),
    ...presentAs('closedAtMs', row.closedAt, ms),
  }));
}

export async function readObservations(
  db: Reader,
  paymentId: string,
  operations: readonly OperationRow[],
): Promise<ObservationRow[]> {
  const of = new Map(operations.map((each) => [each.id, each] as const));
  const rows = await db.observation.findMany({
    where: { paymentId },
    orderBy: { id: 'asc' },
    take: MOST_ROWS,
  });
  return rows.map((row) => ({
    id: String(row.id),
    operationId: row.operationId,
    ownerId: row.ownerId,
    provider: of.get(row.operationId)?.provider ?? 'the provider',
    kind: of.get(row.operationId)?.kind ?? 'request',
    source: row.source,
    generation: row.generation,
    outcome: written(row.outcome),
    atMs: ms(row.createdAt),
  }));
}

export async function readInbox(db: Reader, paymentId: string): Promise<InboxRow[]> {
  const rows = await db.inbox.findMany({
    where: { paymentId },
    orderBy: { receivedAt: 'asc' },
    omit: { rawBody: true, evidence: true },
    take: MOST_ROWS,
  });
  return rows.map((row) => ({
    id: row.id,
    provider: row.provider,
    accountId: row.accountId,
    providerEventId: row.providerEventId,
    eventType: row.eventType,
    ...present('reference', row.reference),
    ...present('providerReference', row.providerReference),
    summary: row.summary,
    atMs: ms(row.receivedAt),
    ...presentAs('acknowledgedAtMs', row.acknowledgedAt, ms),
  }));
}

/** Without the content that is hashed: it repeats what the columns say. */
export async function readAudit(db: Reader, paymentId: string): Promise<AuditRow[]> {
  const rows = await db.audit.findMany({
    where: { paymentId },
    orderBy: [{ sequence: 'asc' }],
    omit: { content: true, contentDigest: true, previousHash: true },
    take: MOST_ROWS,
  });
  return rows.map((row) => ({
    ownerId: row.ownerId,
    sequence: row.sequence,
    generation: row.generation,
    trigger: row.trigger,
    actor: row.actor,
    ...present('fromStatus', row.fromStatus),
    toStatus: row.toStatus,
    reason: row.reason,
    ...present('policyVersion', row.policyVersion),
    hash: row.hash,
    atMs: ms(row.at),
  }));
}

export async function readLedger(db: Reader, paymentId: string): Promise<LedgerRow[]> {
  const rows = await db.ledgerTransaction.findMany({
    where: { paymentId },
    orderBy: [{ createdAt: 'asc' }, { sequence: 'asc' }],
    include: { postings: { orderBy: { id: 'asc' } } },
    take: MOST_ROWS,
  });
  return rows.map((row) => ({
    id: row.id,
    ownerId: row.ownerId,
    sequence: row.sequence,
    kind: row.kind,
    ...present('description', row.description),
    postings: row.postings.map(({ account, currency, amountMinor }) => ({
      account,
      currency,
      amountMinor: Number(amountMinor),
    })),
    atMs: ms(row.createdAt),
  }));
}

export async function readEvents(db: Reader, paymentId: string): Promise<EventRow[]> {
  const rows = await db.outbox.findMany({
    where: { paymentId },
    orderBy: { eventSequence: 'asc' },
    omit: { payload: true },
    take: MOST_ROWS,
  });
  return rows.map((row) => ({
    id: row.id,
    ownerId: row.ownerId,
    type: row.type,
    sequence: row.sequence,
    eventSequence: row.eventSequence,
    atMs: ms(row.createdAt),
  }));
}
