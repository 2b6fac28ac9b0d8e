import { type Attributes, type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { paymentIdFor } from '../domain/ids.ts';
import { paymentIdIn, traceIdOf } from '../domain/trace.ts';
import { activeTraceId, inSpan, isTracing, parseTraceparent, type SpanPlan } from '../telemetry/span.ts';
import { containsCardNumber } from './card-data.ts';
import { Problem } from './problems.ts';
import type { Call, Reply, Route, Services, StreamReply } from './route.ts';

/** Not told of: who asks every few seconds whether we are there, and what is read by browsers. */
const UNTOLD = /^\/(?:healthz|readyz|openapi\.json|console(?:\/|$))/;

/**
 * Serves a request as a trace. A command about a payment belongs to the payment's trace, whose id follows from the
 * payment's own, and a caller's trace is linked; everything else goes on in its caller's trace, or begins one. `tell` hears
 * the trace's id before the work begins: a payment's whether or not it is traced, because log lines of all
 * processes have it.
 */
export async function serveTraced(
  route: Route,
  call: Call,
  { cards }: Pick<Services, 'cards'>,
  tell: (traceId: string) => void,
  work: () => Promise<Reply | StreamReply>,
): Promise<Reply | StreamReply> {
  const paymentId = paymentOf(route, call);
  const traceId = paymentId === undefined ? undefined : traceIdOf(paymentId);
  if (traceId !== undefined) tell(traceId);
  if (!isTracing() || UNTOLD.test(route.path)) return work();
  const caller = callersSpan(call, cards);
  // Whoever polls would fill the trace of what happened with having looked at it.
  const isRead = route.method === 'get' && route.access !== 'public';
  const home = isRead ? undefined : traceId;
  const plan: SpanPlan = {
    kind: SpanKind.SERVER,
    startedAtMs: call.receivedAtMs,
    attributes: attributesOf(route, call, paymentId),
    ...(home === undefined
      ? { ...(caller === undefined ? {} : { parent: caller }) }
      : { traceId: home, links: caller === undefined ? [] : [{ context: caller }] }),
  };
  const served = await inSpan(`${route.method.toUpperCase()} ${route.path}`, plan, async (span) => {
    const own = traceId === undefined ? activeTraceId() : undefined;
    if (own !== undefined) tell(own);
    return outcomeOf(span, work);
  });
  return served();
}

/** A refusal is an answer like any other, and no failure of the span. */
async function outcomeOf(
  span: Span,
  work: () => Promise<Reply | StreamReply>,
): Promise<() => Reply | StreamReply> {
  try {
    const reply = await work();
    span.setAttribute('http.response.status_code', reply.status);
    return () => reply;
  } catch (error) {
    const { httpStatus, code } =
      error instanceof Problem ? error : { httpStatus: 500, code: 'internal_error' };
    span.setAttributes({ 'http.response.status_code': httpStatus, 'error.type': code });
    if (httpStatus >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    return () => {
      throw error;
    };
  }
}

/** Which payment a request is about, as far as its path and key tell: before its body is judged. */
function paymentOf(route: Route, { params, caller, headers }: Call): string | undefined {
  const key = headers['idempotency-key'];
  if (route.operationId === 'createPayment' && caller !== undefined && key !== undefined)
    return paymentIdFor(caller.merchantId, caller.mode, key);
  return Object.values(params as Record<string, string>).find((value) => paymentIdIn(value) === value);
}

/** Hex may look like a card number, and what looks like one is kept nowhere. */
function callersSpan({ headers: { traceparent } }: Call, { isLuhnValid }: Services['cards']) {
  const caller = parseTraceparent(traceparent);
  return caller !== undefined && containsCardNumber(traceparent ?? '', isLuhnValid) ? undefined : caller;
}

function attributesOf(route: Route, { caller, operator, requestId }: Call, paymentId?: string): Attributes {
  return {
    'http.request.method': route.method.toUpperCase(),
    'http.route': route.path,
    'interlock.request_id': requestId,
    ...(caller === undefined
      ? {}
      : { 'interlock.merchant_id': caller.merchantId, 'interlock.mode': caller.mode }),
    ...(operator === undefined ? {} : { 'interlock.operator_id': operator.operatorId }),
    ...(paymentId === undefined ? {} : { 'interlock.payment_id': paymentId }),
  };
}
