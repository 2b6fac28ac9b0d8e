import { PAYMENT_EDGES } from '../../../domain/payment/states.ts';
import { REFUND_EDGES } from '../../../domain/refund/states.ts';
import type { Finding } from './finding.ts';
import { canonicalOf } from './same.ts';
import { type Exchange, exchangesOf, isDefinite, type Statement, statementsOf } from './told.ts';
import { grouped, type View } from './view.ts';

/**
 * I8: acknowledged is durable. What an answer named exists at the end, in a state that can follow from what
 * was told; one key is one object and one body, with one answer; what was told later never goes back; and money
 * that is held for the merchant is given up only by the merchant, by a person, or by its expiry.
 */
export function checkAcknowledged(view: View): Finding[] {
  const exchanges = exchangesOf(view.evidence.merchant);
  const statements = statementsOf(exchanges);
  // `processing` and `pending` say that nothing can be said yet.
  const definite = statements.filter(isDefinite);
  return [
    ...lost(view, statements),
    ...contradicted(view, definite),
    ...backwards(statements),
    ...givenUpUnasked(view),
    ...oneKey(exchanges),
  ];
}

const found = (subject: string, what: string): Finding => ({ invariant: 'I8', subject, what });

function lost(view: View, statements: readonly Statement[]): Finding[] {
  const { tables } = view.evidence;
  const known = new Set(
    [tables.payment, tables.refund, tables.payment_method, tables.resolution].flat().map((row) => row.id),
  );
  const missing = new Map(
    statements
      .filter(({ id, httpStatus }) => httpStatus < 300 && !known.has(id))
      .map((statement) => [statement.id, statement]),
  );
  return [...missing.values()].map(({ id, httpStatus, status }) =>
    found(id, `was acknowledged (${httpStatus}, ${status}) and doesn't exist`),
  );
}

type Edges = Readonly<Record<string, readonly string[]>>;

function edgesOf(object: string): Edges | undefined {
  if (object === 'payment') return PAYMENT_EDGES;
  return object === 'refund' ? REFUND_EDGES : undefined;
}

/** Whether a status can follow from another in any number of steps, none included. */
export function canFollow(edges: Edges, from: string, to: string): boolean {
  const seen = new Set([from]);
  for (const status of seen) for (const next of edges[status] ?? []) seen.add(next);
  return seen.has(to);
}

function contradicted(view: View, statements: readonly Statement[]): Finding[] {
  const findings = new Map<string, Finding>();
  for (const { id, object, status, httpStatus } of statements) {
    const edges = edgesOf(object);
    const end = (view.payments.get(id) ?? view.refunds.get(id))?.status;
    if (edges === undefined || end === undefined || canFollow(edges, status, end)) continue;
    findings.set(`${id} ${status}`, found(id, `was told as ${status} (${httpStatus}) and ended ${end}`));
  }
  return [...findings.values()];
}

/** What was asked after an answer had come must not say what was before it. A replay may: it repeats the first. */
function backwards(statements: readonly Statement[]): Finding[] {
  const findings: Finding[] = [];
  for (const [id, told] of grouped(statements, (statement) => statement.id)) {
    const edges = edgesOf(told[0]?.object ?? '');
    if (edges === undefined) continue;
    for (const later of told.filter(({ replayed, request }) => !replayed && request.method === 'GET')) {
      const earlier = told.find(
        (each) =>
          isDefinite(each) &&
          each.answeredSeq < later.askedSeq &&
          !canFollow(edges, each.status, later.status),
      );
      if (earlier !== undefined)
        findings.push(found(id, `was told as ${earlier.status}, and then as ${later.status}`));
    }
  }
  return findings;
}

const HELD: ReadonlySet<string> = new Set(['requires_capture', 'partially_captured']);

/** What was held was told of, at least as an event; the cause of its void says who wanted it. */
function givenUpUnasked(view: View): Finding[] {
  return [...view.payments.values()]
    .filter(({ id, status }) => {
      const steps = view.audits.get(id) ?? [];
      return status === 'canceled' && steps.some(({ toStatus }) => HELD.has(toStatus));
    })
    .flatMap(({ id }) => {
      const voids = view.operations.filter(({ paymentId, kind }) => paymentId === id && kind === 'void');
      if (voids.some(({ cause }) => /^(?:req_|operator_void_)/.test(cause))) return [];
      const why = voids.map(({ cause }) => cause).join(', ') || 'no void';
      return [found(id, `was held for its merchant, and was canceled by ${why}, which nobody asked for`)];
    });
}

function oneKey(exchanges: readonly Exchange[]): Finding[] {
  const keyed = exchanges.filter(({ request }) => request.method === 'POST' && request.key !== undefined);
  const byKey = grouped(keyed, ({ request }) => `${request.merchant} POST ${request.path} ${request.key}`);
  return [...byKey].flatMap(([name, same]) => judgeKey(name, same));
}

function judgeKey(name: string, exchanges: readonly Exchange[]): Finding[] {
  const findings: Finding[] = [];
  const accepted = exchanges.filter((exchange) => statementsOf([exchange]).some(isDefinite));
  const bodies = grouped(accepted, ({ request }) => canonicalOf(request.body));
  if (bodies.size > 1) findings.push(found(name, `was accepted with ${bodies.size} bodies`));
  const ids = new Set(statementsOf(accepted).map(({ id }) => id));
  if (ids.size > 1) findings.push(found(name, `named ${ids.size} objects: ${[...ids].join(', ')}`));
  return [...findings, ...differingReplays(name, accepted)];
}

/** All definite answers to one request say the same, word for word, from the first on. */
function differingReplays(name: string, accepted: readonly Exchange[]): Finding[] {
  const [first, ...repeats] = [...accepted].sort((a, b) => a.answer.seq - b.answer.seq);
  if (first === undefined) return [];
  const words = ({ answer }: Exchange) => `${answer.status} ${canonicalOf(withoutRequestId(answer.body))}`;
  return repeats
    .filter((repeat) => repeat.answer.replayed && words(repeat) !== words(first))
    .slice(0, 1)
    .map((repeat) => found(name, `was answered ${words(first)} and then, repeated, ${words(repeat)}`));
}

/** An error names the HTTP request that it answers, which differs by nature. */
function withoutRequestId(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || !('error' in body)) return body;
  const { request_id: _id, ...error } = body.error as Record<string, unknown>;
  return { ...body, error };
}
