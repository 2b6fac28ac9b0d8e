import { randomUUID } from 'node:crypto';
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from 'express';
import type { Logger } from 'pino';
import type { RefusedCommand } from '../db/settings/index.ts';
import { BODY_TIMES, bodyAsItComes, readInTime } from './body-time.ts';
import type { CallerHeaders, Callers, Known } from './callers.ts';
import { containsCardNumber, findCardNumber, percentDecoded } from './card-data.ts';
import { readJsonBody, refuseUnsafe } from './json-body.ts';
import { Problem, problem, problemBody } from './problems.ts';
import { headersOf } from './rate-limits/limiter.ts';
import type { Call, Reply, Route, Services } from './route.ts';
import { sendStream } from './send-stream.ts';
import { countServed, type Judgement, whenOver } from './served.ts';
import { serveTraced } from './tracing.ts';

/** Between Express and the routes: ids, headers, keys, bodies, log lines, and how a problem is answered. */

const MAX_JSON_BYTES = 256 * 1024;
const MAX_REFUSED_PATH = 300;

/** Providers write into these addresses, what looks random at times looks like a card, and no payer may be refused for that. */
const RETURNS = '/v1/returns/';

const HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
};

/** What is known of a request while it is served. */
interface Serving {
  readonly requestId: string;
  readonly judgement: Judgement;
  readonly receivedAtMs: number;
  readonly startedMs: number;
  log: Logger;
  /** For the log line. The route's pattern stands there, never the path as called, which anyone may write. */
  readonly facts: Record<string, unknown>;
  known: Known;
  /** Whatever it is refused for leaves a row. */
  isAudited?: boolean;
}

function servingOf(response: Response): Serving {
  return response.locals.serving as Serving;
}

export function beginRequest({ logger, cards, meter }: Services): RequestHandler {
  return (request, response, next) => {
    const requestId = `hreq_${randomUUID().replaceAll('-', '')}`;
    const judgement = whenOver(response, (elapsedMs) => {
      const { facts, log } = serving;
      const line = {
        method: request.method,
        ...facts,
        status: response.statusCode,
        duration_ms: Math.round(elapsedMs),
        ...(response.writableFinished ? {} : { aborted: true }),
      };
      const route = typeof facts.route === 'string' ? facts.route : 'none';
      if (meter !== undefined) countServed(meter, request, response, { route, seconds: elapsedMs / 1_000 });
      if (response.statusCode >= 500) log.error(line, 'served');
      else log.info(line, 'served');
    });
    const serving: Serving = {
      requestId,
      judgement,
      receivedAtMs: Date.now(),
      startedMs: performance.now(),
      log: logger.child({
        request_id: requestId,
        ...traceOf('correlation_id', request.get('x-correlation-id'), /^[\w.:/+=-]{1,128}$/),
        ...traceOf(
          'traceparent',
          request.get('traceparent'),
          /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/,
        ),
      }),
      facts: {},
      known: {},
    };
    response.locals.serving = serving;
    response.set('Request-Id', requestId).set(HEADERS);
    const isOpaque = request.path.startsWith(RETURNS);
    if (!isOpaque && containsCardNumber(percentDecoded(request.originalUrl), cards.isLuhnValid)) {
      throw problem('card_number_in_text', { param: 'url' });
    }
    next();
  };

  function traceOf(name: string, value: string | undefined, form: RegExp): Record<string, string> {
    if (value === undefined || !form.test(value) || containsCardNumber(value, cards.isLuhnValid)) return {};
    return { [name]: value };
  }
}

/** The handlers of one route: its caller is known before its body is read. */
export function serveRoute(route: Route, services: Services, callers: Callers): RequestHandler[] {
  const authenticated: RequestHandler = async (request, response, next) => {
    const serving = servingOf(response);
    const headers = headersIn(request);
    serving.facts.route = route.path;
    serving.judgement.begins();
    serving.isAudited =
      route.audited === true ||
      (route.method === 'post' && route.access === 'operator') ||
      (route.access !== 'public' && callers.isByCookie(headers));
    serving.known = await callers.identify(route, headers);
    serving.known = await callers.authorize(route, headers, serving.known);
    const { caller, operator } = serving.known;
    if (operator !== undefined) serving.facts.operator_id = operator.operatorId;
    if (caller !== undefined) {
      serving.facts.merchant_id = caller.merchantId;
      serving.facts.mode = caller.mode;
    }
    // People at the console share nobody's limits: a merchant's are its own software's.
    if (caller !== undefined && operator === undefined) {
      const { rateLimiter } = services;
      const asked = rateLimiter?.admit(caller, request.method);
      // Mostly it is known at once, and then nothing is waited for.
      const verdict = asked instanceof Promise ? await asked : asked;
      if (verdict !== undefined) response.set(headersOf(verdict));
      if (rateLimiter !== undefined && verdict?.isAdmitted === false)
        throw await rateLimiter.refusal(verdict);
    }
    serving.judgement.ends();
    next();
  };
  const { bodyTimes = BODY_TIMES } = services;
  const limit = route.rawBodyBytes ?? route.jsonBodyBytes ?? MAX_JSON_BYTES;
  const read = readInTime(express.raw({ type: () => true, limit, inflate: false }));
  const run: RequestHandler = async (request, response) => {
    const serving = servingOf(response);
    const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const params: Record<string, string> = { ...(request.params as Record<string, string>) };
    if (!route.path.startsWith(RETURNS)) refuseCardNumber(request.query, services);
    refuseUnsafe(params);
    refuseUnsafe(request.query);
    const { known, requestId, receivedAtMs, startedMs, log, facts } = serving;
    const call: Call = {
      ...known,
      requestId,
      params,
      query: request.query,
      body: bodyFor(route, bytes, request.get('content-type'), services),
      stream: () => bodyAsItComes(request, route.streamedBodyBytes ?? 0, bodyTimes),
      headers: headersIn(request),
      remoteAddress: request.socket.remoteAddress,
      concretePath: route.path.replace(/:([a-z_]+)/g, (_, name: string) => params[name] ?? ''),
      receivedAtMs,
      elapsedMs: () => performance.now() - startedMs,
      log,
      note: (more) => Object.assign(facts, more),
    };
    const tellTrace = (traceId: string) => {
      response.set('Trace-Id', traceId);
      serving.log = log.child({ trace_id: traceId });
    };
    const reader = route.method === 'get' ? known.operator?.operatorId : undefined;
    const reply = await services.readingPlaces.within(reader, request.socket, () =>
      serveTraced(route, call, services, tellTrace, () => route.run({ ...call, log: serving.log }, services)),
    );
    if (!('stream' in reply)) return send(response, reply);
    const isStillAllowed = () => callers.isStillAllowed(route, headersIn(request));
    await sendStream(response, reply, { stopping: services.stopping, isStillAllowed });
  };
  const isRead = route.method === 'post' && route.streamedBodyBytes === undefined;
  return isRead ? [authenticated, read, run] : [authenticated, run];
}

/** Node joins what was sent twice, except of `Set-Cookie`, which no request has. */
function headersIn(request: Request): CallerHeaders {
  return request.headers as CallerHeaders;
}

function refuseCardNumber(query: unknown, { cards }: Services): void {
  const found = findCardNumber(query, cards.isLuhnValid, []);
  if (found !== undefined) throw problem('card_number_in_text', found === '' ? {} : { param: found });
}

function bodyFor(route: Route, bytes: Buffer, contentType: string | undefined, { cards }: Services): unknown {
  if (route.rawBodyBytes !== undefined) return bytes;
  if (route.body === undefined) return undefined;
  if (bytes.length > 0 && !/^application\/json\s*(?:;|$)/i.test(contentType ?? '')) {
    throw problem('media_type_unsupported');
  }
  return readJsonBody(bytes, {
    isLuhnValid: cards.isLuhnValid,
    ...(route.cardNumberAt === undefined ? {} : { cardNumberAt: route.cardNumberAt }),
  });
}

function send(response: Response, { status, body, headers }: Reply): void {
  response.status(status).set(headers ?? {});
  servingOf(response).judgement.ends();
  if (typeof body !== 'string') {
    response.json(body);
    return;
  }
  if (response.get('Content-Type') === undefined) response.type('text/plain');
  response.send(body);
}

/** Express knows an error handler by its four parameters. */
export function answerError(
  services: Services,
  writeRefusal: (refused: RefusedCommand, key?: string) => Promise<void>,
): ErrorRequestHandler {
  return async (error: unknown, request, response, _next) => {
    const { requestId, log, facts, known: caller, ...serving } = servingOf(response);
    const known =
      error instanceof Problem ? error : (problemOfParser(error) ?? problemOfAbsence(error, request.method));
    if (known === undefined) log.error({ err: describeError(error, services) }, 'a bug or a broken part');
    const answered = known ?? problem('internal_error');
    facts.problem = answered.code;
    if (isForTheBook(serving.isAudited === true, answered)) {
      const { httpStatus: status, code, message } = answered;
      const { method } = request;
      const path = request.path.slice(0, MAX_REFUSED_PATH);
      const operatorId = caller.operator?.operatorId;
      const who = operatorId === undefined ? {} : { operatorId };
      const key = caller.caller && `key:${caller.caller.keyId}`;
      const detail =
        operatorId !== undefined || key === undefined
          ? message
          : `${message} Asked by ${key} of ${caller.caller?.merchantId}.`;
      await writeRefusal({ method, path, status, code, detail, requestId, ...who }, key);
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    send(response, {
      status: answered.httpStatus,
      body: problemBody(answered, requestId),
      headers: answered.headers,
    });
  };

  function problemOfAbsence(error: unknown, method: string): Problem | undefined {
    if (method !== 'POST' && services.isTooLong(error)) return problem('read_too_long');
    if (!services.isUnavailable(error)) return undefined;
    // Of a POST nobody can say how far it came; the same key finds out.
    return problem(method === 'POST' ? 'outcome_unknown' : 'unavailable');
  }
}

const NO_MISDEED: ReadonlySet<string> = new Set([
  'session_expired',
  'too_many_reads',
  'read_too_long',
  'request_timeout',
]);

/** What a role, or one person alone, may not do: written down however it was asked for, by a merchant's key as well. */
const ALWAYS_WRITTEN: ReadonlySet<string> = new Set(['forbidden', 'keys_only', 'second_person_required']);

/** That a session has ended is nobody's misdeed, and a slow line neither. */
function isForTheBook(isAudited: boolean, { code, httpStatus }: Problem): boolean {
  if (ALWAYS_WRITTEN.has(code)) return true;
  return isAudited && httpStatus < 500 && !NO_MISDEED.has(code);
}

/** Express and its body parser throw errors with a `status`; the texts in them quote what was sent. */
function problemOfParser(error: unknown): Problem | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined;
  const { status } = error;
  if (status === 413) return problem('body_too_large');
  if (status === 415) return problem('media_type_unsupported');
  return typeof status === 'number' && status >= 400 && status < 500 ? problem('request_invalid') : undefined;
}

/** For our own log: a message that may quote data is masked, the frames tell the rest. */
function describeError(error: unknown, { cards }: Services): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const message = containsCardNumber(error.message, cards.isLuhnValid) ? '[redacted]' : error.message;
  return { type: error.name, message, stack: frames.join('\n') };
}
