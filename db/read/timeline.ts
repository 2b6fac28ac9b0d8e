import {
  attemptDetails,
  auditDetails,
  closingDetails,
  type Details,
  inboxDetails,
  permitDetails,
} from '../../domain/story/details.ts';
import type {
  AttemptRow,
  AuditRow,
  DecisionRow,
  InboxRow,
  LedgerRow,
  OperationRow,
} from '../../domain/story/rows.ts';
import type { Db } from '../client.ts';
import {
  readAttempts,
  readAudit,
  readDecisions,
  readEvents,
  readInbox,
  readLedger,
  readObservations,
  readOperations,
} from './story/rows.ts';

/** One thing that happened to a payment. `details` is JSON in the API's words, without anything sealed. */
export interface TimelineEntry {
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** What kind of record tells of it, e.g. `audit.transition` or `operation.sent`. */
  readonly type: string;
  /** The record's own id or number. */
  readonly id: string;
  readonly details: Details;
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
      const [rounds, attempts, operations, observations, webhooks, audit, ledger, events] = await Promise.all(
        [
          readDecisions(db, paymentId),
          readAttempts(db, paymentId),
          readOperations(db, paymentId),
          readObservations(db, paymentId, []),
          readInbox(db, paymentId),
          readAudit(db, paymentId),
          readLedger(db, paymentId),
          readEvents(db, paymentId),
        ],
      );
      const parts: readonly (readonly TimelineEntry[])[] = [
        rounds.map((row) => routeEntry(row, paymentId)),
        attempts.flatMap((attempt) => [
          attemptEntry(attempt),
          ...operations.filter(({ attemptId }) => attemptId === attempt.id).flatMap(operationEntries),
        ]),
        observations.map(({ id, atMs, operationId, source, generation, outcome }) => ({
          atMs,
          type: 'observation.made',
          id,
          details: { operation: operationId, source, generation, outcome },
        })),
        webhooks.map(webhookEntry),
        audit.map(auditEntry),
        ledger.map(ledgerEntry),
        events.map(({ id, atMs, sequence, type }) => ({
          atMs,
          type: 'event.emitted',
          id,
          details: { sequence, event_type: type },
        })),
      ];
      // The sort is stable, so the order of each part stays where time and rank say nothing.
      return parts.flat().sort((a, b) => a.atMs - b.atMs || rankOf(a) - rankOf(b));
    },
  };
}

function rankOf({ type }: TimelineEntry): number {
  return RANK.indexOf(type.slice(0, type.indexOf('.')));
}

function routeEntry({ id, document, atMs }: DecisionRow, paymentId: string): TimelineEntry {
  const details = { explanation: document, ...(id === paymentId ? {} : { attempt: id }) };
  return { atMs, type: 'route.explained', id, details };
}

function attemptEntry(row: AttemptRow): TimelineEntry {
  return {
    atMs: row.atMs,
    type: 'attempt.created',
    id: row.id,
    details: attemptDetails(row),
  };
}

function webhookEntry(row: InboxRow): TimelineEntry {
  return {
    atMs: row.atMs,
    type: 'webhook.received',
    id: row.id,
    details: { provider: row.provider, ...inboxDetails(row) },
  };
}

function auditEntry(row: AuditRow): TimelineEntry {
  return {
    atMs: row.atMs,
    type: 'audit.transition',
    id: String(row.sequence),
    details: auditDetails(row),
  };
}

function ledgerEntry({ id, atMs, sequence, kind, postings }: LedgerRow): TimelineEntry {
  return {
    atMs,
    type: 'ledger.posted',
    id,
    details: {
      sequence,
      kind,
      postings: postings.map(({ account, currency, amountMinor }) => ({
        account,
        currency,
        amount: amountMinor,
      })),
    },
  };
}

/** A permit's life is the heart of what an operator asks: made, claimed, claimed again, revoked, closed. */
function operationEntries(row: OperationRow): TimelineEntry[] {
  const what = { attempt: row.attemptId, kind: row.kind, number: row.number };
  const moments: [string, number | undefined, Details][] = [
    ['operation.created', row.atMs, permitDetails(row)],
    ['operation.sent', row.firstSentAtMs, {}],
    [
      'operation.resent',
      row.lastSentAtMs === row.firstSentAtMs ? undefined : row.lastSentAtMs,
      { sends: row.sends },
    ],
    ['operation.revoked', row.revokedAtMs, {}],
    ['operation.closed', row.closedAtMs, closingDetails(row)],
  ];
  return moments.flatMap(([type, atMs, details]) =>
    atMs === undefined ? [] : [{ atMs, type, id: row.id, details: { ...what, ...details } }],
  );
}
