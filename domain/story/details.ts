import type { AttemptRow, AuditRow, InboxRow, OperationRow } from './rows.ts';
import { instantOrNull } from './words.ts';

/**
 * The facts of rows in the API's words. The merchant's timeline and the operators' story both show them, each with the ids
 * that it names beside: what is added to a row is added for both.
 */
export type Details = Readonly<Record<string, unknown>>;

export function attemptDetails(row: AttemptRow): Details {
  return {
    number: row.number,
    provider: row.provider,
    account: row.accountId,
    connector_version: row.connectorVersion,
    status: row.status,
    provider_reference: row.providerReference ?? null,
    decline: row.decline ?? null,
    watched: row.watched,
    undoing: row.undoing,
  };
}

/** Of a permit when it is made: why, and what it allows until when. */
export function permitDetails(row: OperationRow): Details {
  return {
    cause: row.cause,
    amount: row.amountMinor,
    currency: row.currency,
    send_by: instantOrNull(row.sendByMs),
  };
}

/** Of an operation when it is over. */
export function closingDetails(row: OperationRow): Details {
  return {
    status: row.status,
    provider_reference: row.providerReference ?? null,
    outcome: row.outcome ?? null,
  };
}

export function auditDetails(row: AuditRow): Details {
  return {
    sequence: row.sequence,
    generation: row.generation,
    from: row.fromStatus ?? null,
    to: row.toStatus,
    reason: row.reason,
    trigger: row.trigger,
    actor: row.actor,
    policy_version: row.policyVersion ?? null,
    hash: row.hash,
  };
}

export function inboxDetails(row: InboxRow): Details {
  return {
    account: row.accountId,
    provider_event: row.providerEventId,
    event_type: row.eventType,
    reference: row.reference ?? null,
    provider_reference: row.providerReference ?? null,
    acknowledged_at: instantOrNull(row.acknowledgedAtMs),
    summary: row.summary,
  };
}
