import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import type { StreamReply } from './route.ts';

/** A stream may last for days; its caller's key or session may not. */
const KEY_CHECK_MS = 1_000;
/** So long may a caller leave unread what was sent, heartbeats included, before the connection is given up. */
const STALLED_MS = 60_000;

interface StreamLimits {
  readonly stopping: AbortSignal;
  isStillAllowed(): Promise<boolean>;
}

/** Sends until the stream ends, its caller leaves or may no longer listen, or the process stops. */
export async function sendStream(
  response: Response,
  reply: StreamReply,
  limits: StreamLimits,
): Promise<void> {
  const over = new AbortController();
  const end = () => {
    over.abort();
    // Of one who doesn't read, nobody knows when the rest would be taken.
    if (response.writableNeedDrain) response.destroy();
  };
  // That the caller left is no error, and how most streams end; that the stream itself broke is one.
  let broken: { readonly error: unknown } | undefined;
  const source = reply.stream(over.signal);
  const chunks = async function* () {
    try {
      yield* source;
    } catch (error) {
      broken = { error };
      throw error;
    }
  };
  const keyCheck = setInterval(async () => {
    if (!(await limits.isStillAllowed())) end();
  }, KEY_CHECK_MS);
  try {
    response.once('close', () => over.abort());
    limits.stopping.addEventListener('abort', end, { signal: over.signal });
    if (limits.stopping.aborted || response.destroyed) over.abort();
    response.status(reply.status).set(reply.headers).flushHeaders();
    response.setTimeout(STALLED_MS);
    // HEAD asks for the headers only, and would hold an endless body open.
    if (response.req.method === 'HEAD') response.end();
    else await pipeline(chunks, response);
  } catch (error) {
    if (broken !== undefined) throw broken.error;
    if (!response.destroyed) throw error;
  } finally {
    clearInterval(keyCheck);
    over.abort();
  }
}
