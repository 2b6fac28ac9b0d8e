import type { ListedPayment, SearchHit, StoryMaterial } from '../../db/read/index.ts';
import { challengeWorkflowId, paymentWorkflowId, refundWorkflowId } from '../../domain/ids.ts';
import { snapshotOf } from '../../domain/payment/payment.ts';
import { refundableMinor } from '../../domain/refund/commands.ts';
import { isStoredRouting } from '../../domain/routing/again.ts';
import { paymentActions, refundActions, type StoryAction } from '../../domain/story/actions.ts';
import type { StoryEntry } from '../../domain/story/entry.ts';
import { headlineOf } from '../../domain/story/headline.ts';
import { highlightsOf } from '../../domain/story/highlights.ts';
import { assembleStory } from '../../domain/story/story.ts';
import { traceIdOf, traceUrlOf } from '../../domain/trace.ts';
import { type LuhnCheck, redacted } from '../card-data.ts';
import { renderPayment } from '../payments/render.ts';
import { renderDecision } from '../routing/render-decision.ts';
import type { ListedPaymentJson, SearchJson, StoryJson } from './schema.ts';

/** The story as JSON. What merchants, payers and providers wrote goes through the redaction once more. */
export interface StoryPlaces {
  /** How a workflow's history is found in Temporal's Web UI. */
  workflowUrl(workflowId: string): string | undefined;
  readonly traceUrl?: string;
  readonly isLuhnValid: LuhnCheck;
}

export interface Page {
  readonly limit: number;
  readonly startingAfter?: string;
}

/** Undefined: the page's cursor names no entry of this story. */
export function renderStory(
  material: StoryMaterial,
  page: Page,
  places: StoryPlaces,
  nowMs: number,
): StoryJson | undefined {
  const { payment, rows, people, balance, refunds } = material;
  const context = { paymentId: payment.id, merchantId: payment.merchantId, status: payment.status, people };
  const entries = assembleStory(rows, context);
  const from =
    page.startingAfter === undefined ? 0 : entries.findIndex(({ id }) => id === page.startingAfter) + 1;
  if (from === 0 && page.startingAfter !== undefined) return undefined;
  const told = entries.slice(from, from + page.limit);
  const body: StoryJson = {
    object: 'story',
    payment: renderPayment(snapshotOf(payment)),
    merchant: payment.merchantId,
    card: material.card ?? null,
    generation: payment.generation,
    headline: headlineOf({ payment, rows, context }),
    highlights: highlightsOf(entries).map(({ id, title, severity }) => ({
      entry: id,
      text: title,
      tone: severity,
    })),
    money: {
      currency: payment.currency,
      asked: payment.amountMinor,
      authorized: payment.amountAuthorizedMinor,
      captured: payment.amountCapturedMinor,
      refunded: payment.amountRefundedMinor,
      refundable: refundableMinor(balance),
      charged_back: payment.amountChargedBackMinor ?? 0,
      settled: settledOf(material),
    },
    actions: [
      ...paymentActions(payment, balance, nowMs),
      ...refunds.flatMap(refundActions),
      ...approvals(material),
    ].map(renderAction),
    workflows: workflowsOf(material, places),
    trace: traceOf(payment.id, places),
    audit: { ...material.audit, problems: [...material.audit.problems] },
    related: material.siblings.map(({ id, status, createdAt }) => ({
      id,
      status,
      created_at: createdAt.toISOString(),
    })),
    timeline: {
      data: told.map((entry) => renderEntry(entry)),
      total: entries.length,
      has_more: from + told.length < entries.length,
      cut: [...material.cut],
    },
  };
  return redacted(body, places.isLuhnValid) as StoryJson;
}

function renderEntry(entry: StoryEntry): StoryJson['timeline']['data'][number] {
  const { id, atMs, topic, title, severity, technical, actor, refundId, links } = entry;
  return {
    id,
    at: new Date(atMs).toISOString(),
    topic,
    title,
    severity,
    technical,
    actor,
    refund: refundId ?? null,
    links: links.map((link) => ({ ...link })),
    details: inOurWords(entry.details),
  };
}

/** A routing decision as `GET /v1/payments/:id/routing` shows it; everything else is in the API's words already. */
export function inOurWords({ explanation, ...details }: Readonly<Record<string, unknown>>) {
  if (explanation === undefined) return details;
  return {
    ...details,
    explanation: isStoredRouting(explanation) ? renderDecision(explanation) : explanation,
  };
}

function renderAction(action: StoryAction): StoryJson['actions'][number] {
  return {
    name: action.name,
    subject: action.subject,
    allowed: action.allowed,
    refusal: action.refusal ?? null,
    operation: action.operation ?? null,
    amount: action.amountMinor ?? null,
    accounts: action.accounts === undefined ? null : [...action.accounts],
    proposed_by: action.proposedBy ?? null,
  };
}

function approvals({ rows }: StoryMaterial): readonly StoryAction[] {
  return rows.resolution
    .filter(({ status }) => status === 'proposed')
    .map(({ id, operationId, proposedBy }) => ({
      name: 'approve',
      subject: id,
      allowed: true,
      proposedBy,
      ...(operationId === undefined ? {} : { operation: operationId }),
    }));
}

function settledOf({ rows }: StoryMaterial): StoryJson['money']['settled'] {
  const sums = new Map<string, { gross: number; fee: number; net: number; lines: number }>();
  for (const line of rows.settlement_line) {
    const sum = sums.get(line.settlementCurrency) ?? { gross: 0, fee: 0, net: 0, lines: 0 };
    sums.set(line.settlementCurrency, {
      // Gross is in the payment's currency: net and fee make it in the settlement's.
      gross: sum.gross + line.netMinor + line.feeMinor,
      fee: sum.fee + line.feeMinor,
      net: sum.net + line.netMinor,
      lines: sum.lines + 1,
    });
  }
  return [...sums].map(([currency, sum]) => ({ currency, ...sum }));
}

/** The generations that may still be found there, the latest first, and the challenges that there were. */
function workflowsOf({ payment, refunds }: StoryMaterial, places: StoryPlaces): StoryJson['workflows'] {
  const ids = [
    ...Array.from({ length: payment.generation }, (_, index) => ({
      type: 'payment' as const,
      id: paymentWorkflowId(payment.id, payment.generation - index),
    })),
    ...payment.attempts
      .filter(({ authentication }) => authentication?.challengedAtMs !== undefined)
      .map(({ number }) => ({ type: 'challenge' as const, id: challengeWorkflowId(payment.id, number) })),
    ...refunds.map(({ id, generation }) => ({
      type: 'refund' as const,
      id: refundWorkflowId(id, generation),
    })),
  ];
  return ids.map((each) => ({ ...each, url: places.workflowUrl(each.id) ?? null }));
}

function traceOf(paymentId: string, { traceUrl }: StoryPlaces): StoryJson['trace'] {
  const id = traceIdOf(paymentId);
  return { id, url: traceUrlOf(id, traceUrl) ?? null };
}

export function renderListed(row: ListedPayment): ListedPaymentJson {
  return {
    id: row.id,
    object: 'listed_payment',
    merchant: row.merchantId,
    mode: row.mode === 'live' ? 'live' : 'test',
    status: row.status,
    amount: row.amountMinor,
    amount_captured: row.amountCapturedMinor,
    amount_refunded: row.amountRefundedMinor,
    currency: row.currency,
    reference: row.reference ?? null,
    customer: row.customerId ?? null,
    card: row.card ?? null,
    failure: row.failureCode ?? null,
    providers: [...row.providers],
    open_exceptions: row.openExceptions,
    created_at: row.createdAt.toISOString(),
  };
}

export function renderHits(query: string, hits: readonly SearchHit[]): SearchJson {
  return {
    object: 'search',
    query,
    data: hits.map(({ matched, value, exact, payment, target }) => ({
      matched,
      value,
      exact,
      payment: payment === undefined ? null : renderListed(payment),
      target: target ?? null,
    })),
  };
}
