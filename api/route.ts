import type { Logger } from 'pino';
import type { ZodObject, ZodType, z } from 'zod';
import type {
  ApiKeyOwner,
  MerchantSettings,
  OperatorIdentity,
  WebhookAccount,
} from '../db/settings/index.ts';
import type { Permission } from '../domain/access/roles.ts';
import type { Verifier } from './admin/verifier.ts';
import type { CommandGate } from './command-gate.ts';
import type { Access } from './console/access.ts';
import type { Session } from './console/sessions.ts';
import type { ApiDeps } from './deps.ts';
import type { EventStreams } from './events/stream.ts';
import { parseWith } from './parse.ts';
import type { RateLimiter } from './rate-limits/limiter.ts';
import type { ReadingPlaces } from './reading-places.ts';
import type { RoutingView } from './routing/view.ts';
import type { NoteBook } from './story/notes.ts';
import type { ChangeStreams } from './story/stream.ts';
import type { Bell } from './webhooks/bell.ts';

/**
 * A route is a plain value: its path, its zod schemas, its answers and its handler. The Express router and
 * the OpenAPI document are both made from the same table, so neither can know a route that the other doesn't.
 */
export interface Route {
  readonly method: 'get' | 'post';
  /** In Express's form, e.g. `/v1/payments/:id`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  /** `session`: for somebody who is signed in at the console, about themselves. */
  readonly access: 'merchant' | 'operator' | 'session' | 'public';
  /**
   * What a person must be allowed. Absent: `view` for a GET, `act` for an operator's POST; and a merchant's POST is
   * for keys alone, not for people who look at the merchant through the console.
   */
  readonly permission?: Permission;
  /** Whoever is refused here leaves a row, as operators do whose commands are refused. */
  readonly audited?: boolean;
  /** Also for somebody who has to change their password before anything else. */
  readonly openWhilePasswordExpired?: boolean;
  readonly params?: ZodObject;
  readonly query?: ZodObject;
  readonly body?: ZodType;
  /** A POST whose answer is kept under the caller's `Idempotency-Key`. */
  readonly idempotent?: boolean;
  /** Honours `Prefer: wait=N`. */
  readonly waits?: boolean;
  /** At most so many bytes of JSON, where that is not what others have. */
  readonly jsonBodyBytes?: number;
  /** Present: the body is handed on as bytes, at most this many. */
  readonly rawBodyBytes?: number;
  /** Present: the body is handed on as it comes, at most this many bytes of it. */
  readonly streamedBodyBytes?: number;
  /** Where in the body a card number belongs. */
  readonly cardNumberAt?: readonly string[];
  readonly responses: Readonly<Record<number, RouteResponse>>;
  run(call: Call, services: Services): Promise<Reply | StreamReply>;
}

export interface RouteResponse {
  readonly description: string;
  readonly schema?: ZodType;
  readonly contentType?: string;
}

export interface Services extends Omit<ApiDeps, 'access'> {
  readonly access: Access;
  readonly gate: CommandGate;
  readonly verifier: Verifier;
  readonly bell: Bell;
  readonly eventStreams: EventStreams;
  readonly changeStreams: ChangeStreams;
  readonly notes: NoteBook;
  /** What people read at once. */
  readonly readingPlaces: ReadingPlaces;
  /** Absent: nobody is limited. */
  readonly rateLimiter?: RateLimiter;
  /** What decisions of a merchant rest on (`<mode>/<merchant>`), remembered for a moment. */
  routingView(whose: string): Promise<RoutingView | undefined>;
  /** A merchant's settings, remembered for a moment. */
  merchantSettings(merchantId: string): Promise<MerchantSettings | undefined>;
  /** The account that a webhook is addressed to, remembered for a moment. */
  webhookAccount(accountId: string): Promise<WebhookAccount | undefined>;
}

/** One request on its way: who calls, what was sent, and what the log line will say of it. */
export interface Call {
  /** On merchants' routes only. */
  readonly caller?: ApiKeyOwner;
  /** On operators' routes only. */
  readonly operator?: OperatorIdentity;
  /** Of somebody who is signed in, wherever they call. */
  readonly session?: Session;
  /** Of the connection's other end, which may be a proxy. */
  readonly remoteAddress: string | undefined;
  readonly requestId: string;
  readonly params: unknown;
  readonly query: unknown;
  /** Parsed JSON, or the bytes of a raw body. */
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The body as it comes, once, on routes that say so. */
  stream(): AsyncIterable<Uint8Array>;
  /** The path as it was called, without the query. */
  readonly concretePath: string;
  readonly receivedAtMs: number;
  /** Milliseconds since the request came in, by a clock that no one can set. */
  elapsedMs(): number;
  readonly log: Logger;
  /** Adds members to the request's log line. */
  note(facts: Readonly<Record<string, unknown>>): void;
}

export interface Reply {
  readonly status: number;
  /** JSON, or text where it is a string. */
  readonly body: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * An answer that goes on until its caller leaves. The edge calls `stream` once, and aborts the signal in any case: when
 * the caller is gone, its key is revoked or the process stops. The chunks have to end then. A caller who reads slowly
 * is waited for.
 */
export interface StreamReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  stream(signal: AbortSignal): AsyncIterable<string>;
}

type Parsed = 'params' | 'query' | 'body';

interface ParsedCall<P, Q, B> extends Omit<Call, Parsed | 'caller' | 'operator' | 'session'> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
}

export interface TypedCall<P, Q, B> extends ParsedCall<P, Q, B> {
  readonly caller: ApiKeyOwner;
}

export interface OperatorCall<P, Q, B> extends ParsedCall<P, Q, B> {
  readonly operator: OperatorIdentity;
}

export interface SessionCall<P, Q, B> extends ParsedCall<P, Q, B> {
  readonly session: Session;
}

type Output<T> = T extends ZodType ? z.output<T> : undefined;

type Definition<P, Q, B> = Omit<Route, 'run' | 'access' | 'params' | 'query' | 'body'> & {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
};

type MerchantRoute<P, Q, B> = Definition<P, Q, B> & {
  handle(call: TypedCall<Output<P>, Output<Q>, Output<B>>, services: Services): Promise<Reply | StreamReply>;
};

type OperatorRoute<P, Q, B> = Definition<P, Q, B> & {
  handle(
    call: OperatorCall<Output<P>, Output<Q>, Output<B>>,
    services: Services,
  ): Promise<Reply | StreamReply>;
};

type SessionRoute<P, Q, B> = Definition<P, Q, B> & {
  handle(call: SessionCall<Output<P>, Output<Q>, Output<B>>, services: Services): Promise<Reply>;
};

type PublicRoute<P, Q, B> = Definition<P, Q, B> & {
  handle(call: ParsedCall<Output<P>, Output<Q>, Output<B>>, services: Services): Promise<Reply>;
};

/** A route behind a merchant's bearer key. Its handler sees parsed input only. */
export function merchantRoute<
  P extends ZodObject | undefined = undefined,
  Q extends ZodObject | undefined = undefined,
  B extends ZodType | undefined = undefined,
>({ handle, ...definition }: MerchantRoute<P, Q, B>): Route {
  return parsedRoute(definition, 'merchant', async (call, parsed, services) => {
    if (call.caller === undefined) throw new Error('a merchant route was reached without its caller');
    return handle({ ...parsed, caller: call.caller }, services);
  });
}

/** A route behind an operator's own key. */
export function operatorRoute<
  P extends ZodObject | undefined = undefined,
  Q extends ZodObject | undefined = undefined,
  B extends ZodType | undefined = undefined,
>({ handle, ...definition }: OperatorRoute<P, Q, B>): Route {
  return parsedRoute(definition, 'operator', async (call, parsed, services) => {
    if (call.operator === undefined) throw new Error('an operator route was reached without its operator');
    return handle({ ...parsed, operator: call.operator }, services);
  });
}

/** A route of a person's own, behind the console's cookie and nothing else. */
export function sessionRoute<
  P extends ZodObject | undefined = undefined,
  Q extends ZodObject | undefined = undefined,
  B extends ZodType | undefined = undefined,
>({ handle, ...definition }: SessionRoute<P, Q, B>): Route {
  return parsedRoute(definition, 'session', async (call, parsed, services) => {
    if (call.session === undefined) throw new Error('a route of a session was reached without it');
    return handle({ ...parsed, session: call.session }, services);
  });
}

/** A route that anybody may call. Its handler sees parsed input only. */
export function publicRoute<
  P extends ZodObject | undefined = undefined,
  Q extends ZodObject | undefined = undefined,
  B extends ZodType | undefined = undefined,
>({ handle, ...definition }: PublicRoute<P, Q, B>): Route {
  return parsedRoute(definition, 'public', (_call, parsed, services) => handle(parsed, services));
}

/** The one permission that a person needs for it, or undefined where it is not for people. */
export function permissionFor({ access, method, permission }: Route): Permission | undefined {
  if (permission !== undefined) return permission;
  if (method === 'get') return 'view';
  return access === 'operator' ? 'act' : undefined;
}

function parsedRoute<
  P extends ZodObject | undefined,
  Q extends ZodObject | undefined,
  B extends ZodType | undefined,
>(
  definition: Definition<P, Q, B>,
  access: Route['access'],
  run: (
    call: Call,
    parsed: ParsedCall<Output<P>, Output<Q>, Output<B>>,
    services: Services,
  ) => Promise<Reply | StreamReply>,
): Route {
  const { params, query, body, ...rest } = definition;
  return {
    ...rest,
    access,
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { query }),
    ...(body === undefined ? {} : { body }),
    async run(call, services) {
      const { caller: _caller, operator: _operator, session: _session, ...facts } = call;
      const parsed = {
        ...facts,
        params: parseWith(params, call.params) as Output<P>,
        query: parseWith(query, call.query) as Output<Q>,
        body: parseWith(body, call.body) as Output<B>,
      };
      return run(call, parsed, services);
    },
  };
}
