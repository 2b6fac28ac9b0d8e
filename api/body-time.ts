import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import { within } from './deadline.ts';
import { type Problem, problem } from './problems.ts';

/**
 * How long a body may take to come. Node's own bound is one for every route, and a large file over a slow line needs
 * longer than any JSON should: so Node bounds the headers, and what follows them is bounded here.
 */
export interface BodyTimes {
  /** From the request's beginning until all of it is here; once it is answered, until the rest is. */
  readonly wholeMs: number;
  /** Of a body that is taken as it comes: how long nothing of it may come. */
  readonly idleMs: number;
}

export const BODY_TIMES: BodyTimes = { wholeMs: 30_000, idleMs: 30_000 };

/** Of the requests whose bodies have not ended. */
const watches = new WeakMap<IncomingMessage, BodyWatch>();

/** Tells whoever reads a body that it takes too long; what follows an answer too slowly ends its connection. */
class BodyWatch {
  readonly #request: IncomingMessage;
  readonly #wholeMs: number;
  #timer: NodeJS.Timeout | undefined;
  #isLate = false;
  #isAnswered = false;
  #tellReader: (() => void) | undefined;

  constructor(request: IncomingMessage, response: Response, wholeMs: number) {
    this.#request = request;
    this.#wholeMs = wholeMs;
    this.#begin();
    // Whoever was answered early, and goes on sending, holds the connection no longer than others.
    response.once('close', () => {
      this.#isAnswered = true;
      if (request.complete || request.socket.destroyed) this.end();
      else this.#begin();
    });
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  tell(reader: (() => void) | undefined): void {
    this.#tellReader = reader;
    if (this.#isLate && !this.#request.complete) reader?.();
  }

  #begin(): void {
    this.end();
    this.#timer = setTimeout(() => this.#timeIsUp(), this.#wholeMs).unref();
  }

  #timeIsUp(): void {
    if (this.#request.complete) return;
    this.#isLate = true;
    if (this.#isAnswered) this.#request.socket.destroy();
    else this.#tellReader?.();
  }
}

/** The first of all handlers: bounds every body, also one that nobody reads. */
export function watchBody({ wholeMs }: BodyTimes): RequestHandler {
  return (request, response, next) => {
    const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
    if (length !== '0' || encoding !== undefined)
      watches.set(request, new BodyWatch(request, response, wholeMs));
    next();
  };
}

/** Reads a body as `read` does, and answers 408 where it takes too long. */
export function readInTime(read: RequestHandler): RequestHandler {
  return (request, response, next) => {
    const watch = watches.get(request);
    if (watch === undefined) return read(request, response, next);
    let isOver = false;
    const done = (error?: unknown) => {
      if (isOver) return;
      isOver = true;
      watch.tell(undefined);
      next(error);
    };
    watch.tell(() => done(tooSlow()));
    return read(request, response, done);
  };
}

/** Larger than allowed, it is refused where it becomes so; nothing of it is gathered here. It may take long, but not rest long. */
export async function* bodyAsItComes(
  request: Request,
  atMostBytes: number,
  { idleMs }: BodyTimes,
): AsyncGenerator<Uint8Array> {
  const { 'content-encoding': encoding = 'identity', 'content-length': length = '0' } = request.headers;
  if (encoding !== 'identity') throw problem('media_type_unsupported');
  if (Number(length) > atMostBytes) throw problem('body_too_large');
  watches.get(request)?.end();
  // Destroyed, the request would take along the connection over which its refusal is told.
  const chunks = request.iterator({ destroyOnReturn: false });
  for (let received = 0; ; ) {
    const next = await within(chunks.next(), idleMs);
    if (next === undefined) throw tooSlow();
    if (next.done === true) return;
    received += next.value.byteLength;
    if (received > atMostBytes) throw problem('body_too_large').withHeaders(CLOSE);
    yield next.value;
  }
}

const CLOSE = { Connection: 'close' };

function tooSlow(): Problem {
  return problem('request_timeout').withHeaders(CLOSE);
}
