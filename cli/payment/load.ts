import type { Db } from '../../db/client.ts';
import { loadRounds } from '../../db/explanations.ts';
import { brokenLinks } from '../../domain/audit/chain.ts';
import { paymentWorkflowId, refundWorkflowId } from '../../domain/ids.ts';

/** Everything that Postgres knows of one payment, but for what is sealed; instants in ISO 8601. */
export async function loadDossier(
  db: Db,
  paymentId: string,
  temporal: { namespace: string; uiUrl?: string },
) {
  const where = { paymentId };
  const payment = await db.payment.findUnique({ where: { id: paymentId } });
  if (payment === null) return undefined;
  const [attempts, refunds, ledger, audit, exceptions, observations, inbox, balance, rounds] =
    await Promise.all([
      db.attempt.findMany({
        where,
        orderBy: { number: 'asc' },
        include: {
          operations: {
            omit: { sealedParameters: true },
            orderBy: [{ createdAt: 'asc' }, { number: 'asc' }],
          },
        },
      }),
      db.refund.findMany({ where, omit: { step: true }, orderBy: { createdAt: 'asc' } }),
      db.ledgerTransaction.findMany({
        where,
        orderBy: [{ createdAt: 'asc' }, { sequence: 'asc' }],
        include: { postings: { orderBy: { id: 'asc' } } },
      }),
      db.audit.findMany({ where, orderBy: [{ at: 'asc' }, { sequence: 'asc' }] }),
      db.exception.findMany({ where, orderBy: { openedAt: 'asc' } }),
      db.observation.findMany({ where, orderBy: { id: 'asc' } }),
      db.inbox.findMany({ where, orderBy: { receivedAt: 'asc' }, omit: { rawBody: true } }),
      db.paymentBalance.findUnique({ where }),
      loadRounds(db, paymentId),
    ]);
  const workflowId = paymentWorkflowId(paymentId, payment.generation);
  const { route: _route, ...facts } = payment;
  return {
    payment: facts,
    workflow: {
      id: workflowId,
      ...(temporal.uiUrl === undefined
        ? {}
        : { url: webUiLink(temporal.uiUrl, temporal.namespace, workflowId) }),
    },
    routing: rounds[0]?.document,
    later_rounds: rounds
      .slice(1)
      .map(({ attemptId, document, atMs }) => ({ attemptId, document, at: new Date(atMs) })),
    attempts,
    refunds: refunds.map((refund) => ({
      ...refund,
      workflowId: refundWorkflowId(refund.id, refund.generation),
    })),
    ledger,
    balance,
    audit: audit.map(({ content: _content, ...row }) => row),
    audit_problems: [payment, ...refunds].flatMap((owner) =>
      brokenLinks(
        owner,
        audit.filter(({ ownerId }) => ownerId === owner.id),
      ),
    ),
    exceptions,
    observations,
    webhooks: inbox,
  };
}

export type Dossier = NonNullable<Awaited<ReturnType<typeof loadDossier>>>;

function webUiLink(uiUrl: string, namespace: string, workflowId: string): string {
  return `${uiUrl.replace(/\/$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
}

/** Amounts fit a JSON number (their CHECK bounds them); instants become ISO 8601 by themselves. */
export function toJson(dossier: Dossier): string {
  return JSON.stringify(dossier, (_name, value: unknown) =>
    typeof value === 'bigint' ? Number(value) : value,
  );
}
