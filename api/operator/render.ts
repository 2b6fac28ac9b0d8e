import type { AboutOwner, ExceptionEntry, StoredResolution } from '../../db/read/index.ts';

export function renderResolution(row: StoredResolution) {
  return {
    id: row.id,
    object: 'resolution' as const,
    subject: row.ownerId,
    operation: row.operationId ?? null,
    outcome: row.outcome.type,
    evidence: row.evidence,
    reason: row.reason,
    status: row.status,
    proposed_by: row.proposedBy,
    proposed_at: new Date(row.proposedAtMs).toISOString(),
    approved_by: row.approvedBy ?? null,
    approved_at: row.approvedAtMs === undefined ? null : new Date(row.approvedAtMs).toISOString(),
  };
}

export function renderException(row: ExceptionEntry) {
  return {
    id: row.id,
    object: 'exception' as const,
    kind: row.kind,
    subject: row.subjectId,
    payment: row.paymentId ?? null,
    summary: row.summary,
    opened_at: row.openedAt.toISOString(),
  };
}

export function renderAbout({ operations, exceptions, resolutions }: AboutOwner) {
  return {
    operations: operations.map((row) => ({
      id: row.id,
      kind: row.kind,
      status: row.status,
      amount: row.amountMinor,
      provider_reference: row.providerReference ?? null,
      sends: row.sends,
      first_sent_at: row.firstSentAt?.toISOString() ?? null,
      closed: row.closed,
    })),
    exceptions: exceptions.map(renderException),
    resolutions: resolutions.map(renderResolution),
  };
}
