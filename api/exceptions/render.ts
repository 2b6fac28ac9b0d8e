import type { CaseFigures, WholeCase } from '../../db/read/index.ts';
import type { CaseDecision, CaseFile } from '../../domain/cases/case.ts';
import { kindEntry } from '../../domain/cases/kinds.ts';

const iso = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());

export function renderException(file: CaseFile) {
  const { title, proposed, dispositions } = kindEntry(file.kind);
  return {
    id: file.id,
    object: 'exception' as const,
    kind: file.kind,
    title,
    subject: file.subjectId,
    summary: file.summary,
    cause: file.cause ?? null,
    status: file.status,
    merchant: file.merchantId ?? null,
    account: file.accountId ?? null,
    payment: file.paymentId ?? null,
    amount: file.amountMinor ?? null,
    currency: file.currency ?? null,
    team: file.team,
    severity: file.severity,
    owner: file.owner ?? null,
    opened_at: new Date(file.openedAtMs).toISOString(),
    opened_count: file.openedCount,
    due_at: iso(file.dueAtMs),
    overdue: file.dueAtMs !== undefined && file.dueAtMs < (file.closedAtMs ?? Date.now()),
    escalations: file.escalations,
    decision: renderDecision(file.decision),
    proposed_disposition: proposed ?? null,
    allowed_dispositions: [...dispositions],
    resolution: file.resolution ?? null,
    closed_at: iso(file.closedAtMs),
  };
}

function renderDecision(decision: CaseDecision | undefined) {
  if (decision === undefined) return null;
  return {
    status: decision.status,
    disposition: decision.type,
    target: decision.target ?? null,
    reason: decision.reason,
    proposed_by: decision.proposedBy,
    proposed_at: new Date(decision.proposedAtMs).toISOString(),
    approved_by: decision.approvedBy ?? null,
    approved_at: iso(decision.approvedAtMs),
    ledger_transaction: decision.ledgerTransactionId ?? null,
  };
}

export function renderWhole({ file, autoResolved, details, rows, entries }: WholeCase) {
  return {
    ...renderException(file),
    auto_resolved: autoResolved,
    advice: kindEntry(file.kind).advice,
    details,
    rows,
    entries: entries.map(({ at, ...entry }) => ({ ...entry, at: at.toISOString() })),
  };
}

const HOUR_MS = 3_600_000;

export function renderFigures(figures: CaseFigures, days: number) {
  const { opened, autoResolved } = figures;
  return {
    object: 'exception_figures' as const,
    days,
    open: figures.open,
    open_total: figures.open.reduce((sum, { count }) => sum + count, 0),
    overdue: figures.overdue,
    unowned: figures.unowned,
    opened,
    auto_resolved: autoResolved,
    auto_resolution_rate: opened === 0 ? null : autoResolved / opened,
    resolved_by_people: figures.resolvedByPeople,
    explained: figures.explained,
    sla_breaches: figures.breached,
    settlement_lag: figures.lag.map(({ accountId, settled, p50Ms, p95Ms }) => ({
      account: accountId,
      settled,
      p50_hours: p50Ms / HOUR_MS,
      p95_hours: p95Ms / HOUR_MS,
    })),
  };
}
