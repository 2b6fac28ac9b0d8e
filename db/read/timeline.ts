import type { Db } from '../client.ts';
import { loadRounds } from '../explanations.ts';

/** One thing that happened to a payment. `details` is JSON in the API's words, without anything sealed. */
export interface TimelineEntry {
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** What kind of record tells of it, e.g. `audit.transition` or `operation.sent`. */
  readonly type: string;
  /** The record's own id or number. */
  readonly id: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface TimelineReader {
  /** Oldest first. The caller has made sure that the payment is its merchant's. */
  read(paymentId: string): Promise<readonly TimelineEntry[]>;
}

/** Where several records bear the same millisecond, the cause is told before what followed from it. */
const RANK: readonly string[] = [
  'route',
  'attempt',
  'operation',
  'observation',
  'webhook',
  'audit',
  'ledger',
  'event',
];

export function createTimelineReader(db: Db): TimelineReader {
  return {
    async read(paymentId) {
      const parts = await Promise.all([
        readRoute(db, paymentId),
        readAttempts(db, paymentId),
        readObservations(db, paymentId),
        readWebhooks(db, paymentId),
        readAudit(db, paymentId),
        readLedger(db, paymentId),
        readEvents(db, paymentId),
      ]);
      // The sort is stable, so the order of each part stays where time and rank say nothing.
      return parts.flat().sort((a, b) => a.atMs - b.atMs || rankOf(a) - rankOf(b));
    },
  };
}

function rankOf({ type }: TimelineEntry): number {
  return RANK.indexOf(type.slice(0, type.indexOf('.')));
}

async function readRoute(db: Db, paymentId: string): Promise<TimelineEntry[]> {
  const rounds = await loadRounds(db, paymentId);
  return rounds.map(({ attemptId, document, atMs }) => ({
    atMs,
    type: 'route.explained',
    id: attemptId ?? paymentId,
    details: { explanation: document, ...(attemptId === undefined ? {} : { attempt: attemptId }) },
  }));
}

async function readAttempts(db: Db, paymentId: string): Promise<TimelineEntry[]> {
  const attempts = await db.attempt.findMany({
    where: { paymentId },
    orderBy: { number: 'asc' },
    include: {
      operations: { omit: { sealedParameters: true, providerKey: true }, orderBy: { createdAt: 'asc' } },
    },
  });
  return attempts.flatMap((attempt) => [
    {
      atMs: attempt.createdAt.getTime(),
      type: 'attempt.created',
      id: attempt.id,
      details: {
        number: attempt.number,
        provider: attempt.provider,
        account: attempt.accountId,
        connector_version: attempt.connectorVersion,
        status: attempt.status,
        provider_reference: attempt.providerReference,
        decline: attempt.decline,
        watched: attempt.watched,
        undoing: attempt.undoing,
      },
    },
    ...attempt.operations.flatMap(operationEntries),
  ]);
}

interface OperationTimes {
  readonly id: string;
  readonly attemptId: string;
  readonly kind: string;
  readonly number: number;
  readonly cause: string;
  readonly status: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly providerReference: string | null;
  readonly sends: number;
  readonly outcome: unknown;
  readonly createdAt: Date;
  readonly firstSentAt: Date | null;
  readonly lastSentAt: Date | null;
  readonly revokedAt: Date | null;
  readonly closedAt: Date | null;
  readonly sendBy: Date | null;
}

/** A permit's life is the heart of what an operator asks: made, claimed, claimed again, revoked, closed. */
function operationEntries(row: OperationTimes): TimelineEntry[] {
  const what = { attempt: row.attemptId, kind: row.kind, number: row.number };
  const moments: [string, Date | null, Readonly<Record<string, unknown>>][] = [
    [
      'operation.created',
      row.createdAt,
      {
        cause: row.cause,
        amount: Number(row.amountMinor),
        currency: row.currency,
        send_by: row.sendBy === null ? null : row.sendBy.toISOString(),
      },
    ],
    ['operation.sent', row.firstSentAt, {}],
    [
      'operation.resent',
      row.lastSentAt?.getTime() === row.firstSentAt?.getTime() ? null : row.lastSentAt,
      { sends: row.sends },
    ],
    ['operation.revoked', row.revokedAt, {}],
    [
      'operation.closed',
      row.closedAt,
      { status: row.status, provider_reference: row.providerReference, outcome: row.outcome },
    ],
  ];
  return moments.flatMap(([type, at, details]) =>
    at === null ? [] : [{ atMs: at.getTime(), type, id: row.id, details: { ...what, ...details } }],
  );
}

async function readObservations(db: Db, paymentId: string): Promise<TimelineEntry[]> {
  const rows = await db.observation.findMany({ where: { paymentId }, orderBy: { id: 'asc' } });
  return rows.map((row) => ({
    atMs: row.createdAt.getTime(),
    type: 'observation.made',
    id: String(row.id),
    details: {
      operation: row.operationId,
      source: row.source,
      generation: row.generation,
      outcome: row.outcome,
    },
  }));
}

async function readWebhooks(db: Db, paymentId: string): Promise<TimelineEntry[]> {
  const rows = await db.inbox.findMany({
    where: { paymentId },
    orderBy: { receivedAt: 'asc' },
    omit: { rawBody: true, evidence: true },
  });
  return rows.map((row) => ({
    atMs: row.receivedAt.getTime(),
    type: 'webhook.received',
    id: row.id,
    details: {
      provider: row.provider,
      account: row.accountId,
      provider_event: row.providerEventId,
      event_type: row.eventType,
      reference: row.reference,
      provider_reference: row.providerReference,
      acknowledged_at: row.acknowledgedAt?.toISOString() ?? null,
      summary: row.summary,
    },
  }));
}

async function readAudit(db: Db, paymentId: string): Promise<TimelineEntry[]> {
  const rows = await db.audit.findMany({ where: { paymentId }, orderBy: { sequence: 'asc' } });
  return rows.map((row) => ({
    atMs: row.at.getTime(),
    type: 'audit.transition',
    id: String(row.sequence),
    details: {
      sequence: row.sequence,
      generation: row.generation,
      from: row.fromStatus,
      to: row.toStatus,
      reason: row.reason,
      trigger: row.trigger,
      actor: row.actor,
      policy_version: row.policyVersion,
      hash: row.hash,
    },
  }));
}

async function readLedger(db: Db, paymentId: string): Promise<TimelineEntry[]> {
  const rows = await db.ledgerTransaction.findMany({
    where: { paymentId },
    orderBy: { sequence: 'asc' },
    include: { postings: { orderBy: { id: 'asc' } } },
  });
  return rows.map((row) => ({
    atMs: row.createdAt.getTime(),
    type: 'ledger.posted',
    id: row.id,
    details: {
      sequence: row.sequence,
      kind: row.kind,
      postings: row.postings.map(({ account, currency, amountMinor }) => ({
        account,
        currency,
        amount: Number(amountMinor),
      })),
    },
  }));
}

async function readEvents(db: Db, paymentId: string): Promise<TimelineEntry[]> {
  const rows = await db.outbox.findMany({ where: { paymentId }, orderBy: { sequence: 'asc' } });
  return rows.map((row) => ({
    atMs: row.createdAt.getTime(),
    type: 'event.emitted',
    id: row.id,
    details: { sequence: row.sequence, event_type: row.type },
  }));
}
