import type { Logger } from 'pino';
import type { ZodObject, ZodType, z } from 'zod';
import type { ApiKeyOwner, WebhookAccount } from '../db/settings/index.ts';
import type { CommandGate } from './command-gate.ts';
import type { ApiDeps } from './deps.ts';
import { parseWith } from './parse.ts';
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
  readonly access: 'merchant' | 'public';
  readonly params?: ZodObject;
  readonly query?: ZodObject;
  readonly body?: ZodType;
  /** A POST whose answer is kept under the caller's `Idempotency-Key`. */
  readonly idempotent?: boolean;
  /** Honours `Prefer: wait=N`. */
  readonly waits?: boolean;
  /** Present: the body is handed on as bytes, at most this many. */
  readonly rawBodyBytes?: number;
  /** Where in the body a card number belongs. */
  readonly cardNumberAt?: readonly string[];
  readonly responses: Readonly<Record<number, RouteResponse>>;
  run(call: Call, services: Services): Promise<Reply>;
}

export interface RouteResponse {
  readonly description: string;
  readonly schema?: ZodType;
  readonly contentType?: string;
}

export interface Services extends ApiDeps {
  readonly gate: CommandGate;
  readonly bell: Bell;
  /** The account that a webhook is addressed to, remembered for a moment. */
  webhookAccount(accountId: string): Promise<WebhookAccount | undefined>;
}

/** One request on its way: who calls, what was sent, and what the log line will say of it. */
export interface Call {
  /** Absent on public routes. */
  readonly caller?: ApiKeyOwner;
  readonly requestId: string;
  readonly params: unknown;
  readonly query: unknown;
  /** Parsed JSON, or the bytes of a raw body. */
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | undefined>>;
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

export interface TypedCall<P, Q, B> extends Omit<Call, 'params' | 'query' | 'body' | 'caller'> {
  readonly caller: ApiKeyOwner;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
}

type Output<T> = T extends ZodType ? z.output<T> : undefined;

type MerchantRoute<P, Q, B> = Omit<Route, 'run' | 'access' | 'params' | 'query' | 'body'> & {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  handle(call: TypedCall<Output<P>, Output<Q>, Output<B>>, services: Services): Promise<Reply>;
};

/** A route behind a bearer key. Its handler sees parsed input only. */
export function merchantRoute<
  P extends ZodObject | undefined = undefined,
  Q extends ZodObject | undefined = undefined,
  B extends ZodType | undefined = undefined,
>(definition: MerchantRoute<P, Q, B>): Route {
  const { handle, params, query, body, ...rest } = definition;
  return {
    ...rest,
    access: 'merchant',
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { query }),
    ...(body === undefined ? {} : { body }),
    async run(call, services) {
      if (call.caller === undefined) throw new Error('a merchant route was reached without its caller');
      const typed = {
        ...call,
        caller: call.caller,
        params: parseWith(params, call.params) as Output<P>,
        query: parseWith(query, call.query) as Output<Q>,
        body: parseWith(body, call.body) as Output<B>,
      };
      return handle(typed, services);
    },
  };
}
