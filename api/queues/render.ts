import type { z } from 'zod';
import type {
  Approvals,
  DeadDelivery,
  HeldPayment,
  KindCount,
  QueueLengths,
  UnknownOperation,
  UnplacedLetter,
} from '../../db/read/index.ts';
import { MAX_COUNTED, QUEUES } from '../../db/read/index.ts';
import { explainDoubt } from '../../domain/payment/doubt.ts';
import { renderResolution } from '../operator/render.ts';
import type {
  approvalsSchema,
  deadLetterSchema,
  heldSchema,
  letterSchema,
  queuesSchema,
  unknownSchema,
} from './schema.ts';

const iso = (ms: number) => new Date(ms).toISOString();
const isoOrNull = (ms: number | undefined) => (ms === undefined ? null : iso(ms));

export function renderQueues(
  lengths: QueueLengths,
  kinds: readonly KindCount[],
  atMs: number,
): z.input<typeof queuesSchema> {
  const queues = QUEUES.map((name) => {
    const { count, oldestMs } = lengths[name];
    return [name, { count, oldest_at: isoOrNull(oldestMs) }] as const;
  });
  return {
    object: 'queues',
    at: iso(atMs),
    counted_up_to: MAX_COUNTED,
    queues: Object.fromEntries(queues) as z.input<typeof queuesSchema>['queues'],
    exceptions_by_kind: kinds.map((kind) => ({ ...kind })),
  };
}

export function renderUnknown(operation: UnknownOperation, nowMs: number): z.input<typeof unknownSchema> {
  const { parked, proposed, step, sendByMs } = operation;
  const explained = explainDoubt(
    {
      kind: operation.kind,
      cause: operation.cause,
      status: operation.status,
      completeByMs: operation.completeByMs,
      parked: parked !== undefined,
      ...(step === undefined ? {} : { step }),
      ...(sendByMs === undefined ? {} : { sendByMs }),
      ...(proposed === undefined ? {} : { proposedBy: proposed.by }),
    },
    nowMs,
  );
  return {
    object: 'unknown_operation',
    id: operation.id,
    kind: operation.kind,
    status: operation.status,
    subject: operation.ownerId,
    payment: operation.paymentId,
    generation: operation.generation,
    merchant: operation.merchantId,
    mode: operation.mode,
    reference: operation.reference ?? null,
    provider: operation.provider,
    account: operation.accountId,
    provider_reference: operation.providerReference ?? null,
    amount: operation.amountMinor,
    currency: operation.currency,
    first_sent_at: iso(operation.firstSentAtMs),
    last_sent_at: iso(operation.lastSentAtMs),
    sends: operation.sends,
    answers: operation.answers.map(({ source, type, detail, atMs }) => ({
      source,
      type,
      detail: detail ?? null,
      at: iso(atMs),
    })),
    next_questions: [...explained.questions],
    reason: explained.reason,
    explanation: explained.text,
    actions: [...explained.actions],
    exception: parked?.caseId ?? null,
    parked_at: isoOrNull(parked?.sinceMs),
    owner: parked?.owner ?? null,
    resolution: proposed?.resolutionId ?? null,
    proposed_by: proposed?.by ?? null,
  };
}

export function renderDeadLetter(delivery: DeadDelivery): z.input<typeof deadLetterSchema> {
  return {
    object: 'dead_letter',
    endpoint: delivery.endpointId,
    endpoint_url: delivery.endpointUrl,
    endpoint_status: delivery.endpointStatus,
    merchant: delivery.merchantId,
    mode: delivery.mode,
    event: delivery.eventId,
    type: delivery.eventType,
    payment: delivery.paymentId,
    sequence: delivery.eventSequence,
    attempts: delivery.attempts,
    last_attempt_at: isoOrNull(delivery.lastAttemptAtMs),
    last_status_code: delivery.lastStatusCode ?? null,
    last_error: delivery.lastError ?? null,
    created_at: iso(delivery.createdAtMs),
  };
}

export function renderLetter(letter: UnplacedLetter): z.input<typeof letterSchema> {
  return {
    object: 'unplaced_letter',
    exception: letter.caseId,
    letter: letter.inboxId,
    provider: letter.provider,
    account: letter.accountId,
    merchant: letter.merchantId ?? null,
    type: letter.eventType,
    reference: letter.reference ?? null,
    provider_reference: letter.providerReference ?? null,
    summary: letter.summary,
    owner: letter.owner ?? null,
    received_at: iso(letter.receivedAtMs),
    opened_at: iso(letter.openedAtMs),
    due_at: isoOrNull(letter.dueAtMs),
  };
}

export function renderHeld(held: HeldPayment): z.input<typeof heldSchema> {
  return {
    object: 'held_payment',
    payment: held.paymentId,
    exception: held.caseId,
    merchant: held.merchantId,
    mode: held.mode,
    reference: held.reference ?? null,
    amount: held.amountMinor,
    currency: held.currency,
    summary: held.summary,
    owner: held.owner ?? null,
    held_since: iso(held.heldSinceMs),
    due_at: isoOrNull(held.dueAtMs),
  };
}

export function renderApprovals({
  resolutions,
  policies,
  hasMore,
}: Approvals): z.input<typeof approvalsSchema> {
  return {
    object: 'approvals',
    resolutions: resolutions.map((row) => ({
      ...renderResolution(row),
      payment: row.paymentId,
      merchant: row.merchantId ?? null,
      mode: row.mode ?? null,
    })),
    policies: policies.map(({ merchantId, mode, version, name, author, proposal }) => ({
      merchant: merchantId,
      mode,
      version,
      name,
      author,
      to: proposal.to,
      percent: proposal.percent ?? null,
      proposed_by: proposal.by,
      reason: proposal.reason,
      proposed_at: iso(proposal.atMs),
    })),
    has_more: hasMore,
  };
}
