import createClient, { type Middleware } from 'openapi-fetch';
import { answered, intended, type Order } from './intentions.ts';
import { presence } from './presence.ts';
import { problemOfResponse, Unreachable } from './problem.ts';
import type { paths } from './schema.d.ts';
import { scopedHeaders } from './scope.ts';

/**
 * The one way from the console to the API, typed by the API's own document. Whatever is refused is thrown as an
 * `ApiProblem`; an answer is what `answer(api.GET(...))` resolves to.
 */
export const api = createClient<paths>({ baseUrl: '', credentials: 'same-origin', fetch: fetchTwice });

const headers: Middleware = {
  onRequest({ request, schemaPath }) {
    for (const [name, value] of Object.entries(scopedHeaders(schemaPath, request.method))) {
      // A page that names another merchant than the chosen one means it.
      if (!request.headers.has(name)) request.headers.set(name, value);
    }
    if (request.method === 'GET' && !presence.isSomebodyHere()) {
      request.headers.set('X-Interlock-Background', '1');
    }
    if (request.method === 'POST' && !request.headers.has('Idempotency-Key')) {
      request.headers.set('Idempotency-Key', newKey());
    }
    return request;
  },
};

/** Answers to a request whose first try broke: that may have arrived all the same, whatever the second is told. */
const secondAnswers = new WeakSet<Response>();

/** Orders on their way, by the client's id of the request. */
const underway = new Map<string, Order>();

/** What comes with a key of its dialog is an order: while it is unanswered, ordering it again repeats it. */
const orders: Middleware = {
  async onRequest({ request, schemaPath, id }) {
    const key = request.headers.get('Idempotency-Key');
    if (request.method !== 'POST' || key === null) return request;
    const body = await request.clone().text();
    const named = request.headers.get('Interlock-Merchant');
    const merchant = named ?? scopedHeaders(schemaPath, 'POST')['Interlock-Merchant'] ?? '';
    const order: Order = { url: request.url, merchant, body };
    underway.set(id, order);
    const sent = intended(order, key);
    if (sent.key === key && sent.body === body) return request;
    const headers = new Headers(request.headers);
    headers.set('Idempotency-Key', sent.key);
    return new Request(request, { headers, body: sent.body });
  },
  onResponse({ response, id }) {
    const order = underway.get(id);
    underway.delete(id);
    if (order !== undefined) answered(order, response.status, !secondAnswers.has(response));
  },
  onError({ id }) {
    underway.delete(id);
  },
};

const refusals: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) throw await problemOfResponse(response);
  },
};

// Requests pass through them in this order and answers in the other: an order knows its answer before a refusal is thrown.
api.use(refusals, orders, headers);

/** One key an intended action: taken when a dialog opens, kept however often it is confirmed. */
export function newKey(): string {
  return `console-${crypto.randomUUID()}`;
}

/** The answer's body, or the thrown problem. */
export async function answer<T>(asked: Promise<{ readonly data?: T }>): Promise<T> {
  const { data } = await asked;
  // Refusals are thrown by the middleware above; what is left without a body (204) has nothing to tell.
  return data as T;
}

/** A connection that broke is tried once more: a POST carries its key, so that the second is the first. */
async function fetchTwice(request: Request): Promise<Response> {
  const again = request.clone();
  try {
    return await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
  }
  try {
    const response = await fetch(again);
    secondAnswers.add(response);
    return response;
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new Unreachable();
  }
}
