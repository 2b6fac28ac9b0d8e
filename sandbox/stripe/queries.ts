// Reading: retrieve, list and search. Lists are consistent at once; the search index lags behind, as Stripe's
// does, so "not found" by search means nothing until the lag has passed.
import type { Kernel, Transaction } from '../kernel.ts';
import type { Answer } from '../provider.ts';
import { ok } from './authorize.ts';
import { invalid, notFound } from './errors.ts';
import { child, type Form, text } from './form.ts';
import { expanded } from './intents.ts';
import { charges, disputes, events, type IntentRow, intents, paymentMethods, refunds } from './objects.ts';

/** Before time scale. */
const SEARCH_LAG_MS = 60_000;
const LARGEST_PAGE = 100;

export function retrieveCharge(tx: Transaction, id: string): Answer {
  const charge = tx.get(charges, id);
  if (charge === undefined) throw notFound('charge', id, 'id');
  return ok(charge);
}

export function retrievePaymentMethod(tx: Transaction, id: string): Answer {
  const row = tx.get(paymentMethods, id);
  if (row === undefined) throw notFound('PaymentMethod', id, 'payment_method');
  return ok(row.method);
}

export function retrieveDispute(tx: Transaction, id: string): Answer {
  const dispute = tx.get(disputes, id);
  if (dispute === undefined) throw notFound('dispute', id, 'dispute');
  return ok(dispute);
}

export function retrieveEvent(tx: Transaction, id: string): Answer {
  const event = tx.get(events, id);
  if (event === undefined) throw notFound('event', id, 'id');
  return ok(event);
}

function limitOf(form: Form): number {
  const limit = Number(text(form, 'limit') ?? 10);
  if (Number.isInteger(limit) && limit >= 1 && limit <= LARGEST_PAGE) return limit;
  throw invalid('This value must be between 1 and 100.', 'limit', 'parameter_invalid_integer');
}

/** A page of rows given newest first, cut by id cursors. */
function page<T extends { id: string }>(url: string, rows: readonly T[], form: Form): Answer {
  const limit = limitOf(form);
  const after = text(form, 'starting_after');
  const before = text(form, 'ending_before');
  let candidates = rows;
  if (after !== undefined) candidates = rows.slice(rows.findIndex((row) => row.id === after) + 1);
  if (before !== undefined) {
    const end = Math.max(
      rows.findIndex((row) => row.id === before),
      0,
    );
    candidates = rows.slice(Math.max(end - limit, 0), end);
  }
  const data = candidates.slice(0, limit);
  return ok({ object: 'list', data, has_more: candidates.length > limit, url });
}

function createdWithin(form: Form): (created: number) => boolean {
  const exact = text(form, 'created');
  if (exact !== undefined) return (created) => created === Number(exact);
  const range = child(form, 'created');
  const bound = (name: string, otherwise: number) => Number(text(range, name) ?? otherwise);
  const [gt, gte] = [bound('gt', -1), bound('gte', 0)];
  const [lt, lte] = [bound('lt', Number.MAX_SAFE_INTEGER), bound('lte', Number.MAX_SAFE_INTEGER)];
  return (created) => created > gt && created >= gte && created < lt && created <= lte;
}

export function listIntents(kernel: Kernel, tx: Transaction, form: Form): Answer {
  const within = createdWithin(form);
  const rows = kernel.store.values(intents).reverse();
  const found = rows.filter((row) => within(row.intent.created)).map((row) => row.intent);
  const answer = page('/v1/payment_intents', found, form);
  const body = answer.body as { data: IntentRow['intent'][] };
  const dataForm: Form = { ...form, expand: stripDataPrefix(form) };
  return ok({ ...body, data: body.data.map((intent) => expanded(tx, intent, dataForm)) });
}

function stripDataPrefix(form: Form): string[] {
  const wanted = form.expand;
  const names = Array.isArray(wanted) ? wanted : wanted === undefined ? [] : [wanted];
  return names.filter((name) => typeof name === 'string').map((name) => name.replace(/^data\./, ''));
}

export function listRefunds(kernel: Kernel, form: Form): Answer {
  const intent = text(form, 'payment_intent');
  const charge = text(form, 'charge');
  const within = createdWithin(form);
  const found = kernel.store
    .values(refunds)
    .reverse()
    .filter(
      (refund) =>
        (intent === undefined || refund.payment_intent === intent) &&
        (charge === undefined || refund.charge === charge) &&
        within(refund.created),
    );
  return page('/v1/refunds', found, form);
}

export function listEvents(kernel: Kernel, form: Form): Answer {
  const type = text(form, 'type');
  const types = form.types;
  const wanted = Array.isArray(types) ? types : type === undefined ? undefined : [type];
  const within = createdWithin(form);
  const matches = (eventType: string) =>
    wanted === undefined ||
    wanted.some(
      (name) =>
        typeof name === 'string' && (name === eventType || eventType.startsWith(name.replace(/\*$/, ' '))),
    );
  const found = kernel.store
    .values(events)
    .reverse()
    .filter((event) => matches(event.type) && within(event.created));
  return page('/v1/events', found, form);
}

type Clause = (row: IntentRow) => boolean;

const CLAUSE = /^(-?)(metadata\[(["'])(.+?)\3\]|[a-z_]+)\s*(:|>=|<=|>|<)\s*(?:(["'])(.*?)\6|(-?\d+)|(null))$/;

function compare(operator: string, left: number, right: number): boolean {
  if (operator === '>') return left > right;
  if (operator === '<') return left < right;
  if (operator === '>=') return left >= right;
  if (operator === '<=') return left <= right;
  return left === right;
}

function parseClause(source: string): Clause {
  const match = CLAUSE.exec(source.trim());
  const [, negation, field = '', , key, operator = ':', , quoted, number, isNull] = match ?? [];
  if (match === null) throw invalid(`Invalid search query: ${source}`, 'query');
  const matches = clauseFor(field, key, operator, quoted, number, isNull !== undefined);
  return negation === '-' ? (row) => !matches(row) : matches;
}

function clauseFor(
  field: string,
  key: string | undefined,
  operator: string,
  quoted: string | undefined,
  number: string | undefined,
  isNull: boolean,
): Clause {
  if (key !== undefined) {
    return isNull
      ? (row) => row.intent.metadata[key] === undefined
      : (row) => row.intent.metadata[key] === (quoted ?? number);
  }
  if (field === 'status') return (row) => row.intent.status === quoted;
  if (field === 'currency') return (row) => row.intent.currency === quoted?.toLowerCase();
  if (field === 'customer') return () => false;
  const value = Number(number ?? quoted);
  if (field === 'amount') return (row) => compare(operator, row.intent.amount, value);
  if (field === 'created') return (row) => compare(operator, row.intent.created, value);
  throw invalid(
    `Field \`${field}\` is an unsupported search field for resource \`payment_intents\`.`,
    'query',
  );
}

/** `a AND b` or `a OR b`, not both in one query; quoted values may hold either word. */
function parseQuery(query: string): Clause {
  const parts = query.match(/(?:"[^"]*"|'[^']*'|[^"'])+?(?=\s+(?:AND|OR)\s+|$)/gi) ?? [];
  const joined = /\s+OR\s+/i.test(query.replaceAll(/"[^"]*"|'[^']*'/g, '')) ? 'or' : 'and';
  const clauses = parts.map((part) => parseClause(part.replace(/^\s*(?:AND|OR)\s+/i, '')));
  return (row) =>
    joined === 'or' ? clauses.some((clause) => clause(row)) : clauses.every((clause) => clause(row));
}

export function searchIntents(kernel: Kernel, tx: Transaction, form: Form): Answer {
  const query = text(form, 'query');
  if (query === undefined) throw invalid('Missing required param: query.', 'query', 'parameter_missing');
  const matches = parseQuery(query);
  const indexedUntil = Date.now() - SEARCH_LAG_MS * kernel.timeScale;
  const rows = kernel.store.values(intents).reverse();
  const found = rows
    .filter((row) => row.createdAtMs <= indexedUntil && matches(row))
    .map((row) => row.intent);
  const limit = limitOf(form);
  const start = Number(text(form, 'page') ?? 0);
  const dataForm: Form = { ...form, expand: stripDataPrefix(form) };
  const data = found.slice(start, start + limit).map((intent) => expanded(tx, intent, dataForm));
  const more = found.length > start + limit;
  return ok({
    object: 'search_result',
    data,
    has_more: more,
    next_page: more ? String(start + limit) : null,
    url: '/v1/payment_intents/search',
  });
}
