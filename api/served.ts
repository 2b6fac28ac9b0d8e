import type { Request, Response } from 'express';
import type { RequestMeter } from '../domain/meter.ts';

/** What is told of a request once it is over, and when that is known. */

/** Whether a request's caller may ask at all. */
export interface Judgement {
  begins(): void;
  /** The caller is known, or an answer is decided. */
  ends(): void;
}

/**
 * `tell` is called once the connection's part is over. Whoever hangs up while their key is still being looked up would have been
 * owed an answer, or not: only the judgement says which, so that is waited for, and a stranger never looks like a caller.
 */
export function whenOver(response: Response, tell: (elapsedMs: number) => void): Judgement {
  const startedMs = performance.now();
  let isOpen = false;
  let late: (() => void) | undefined;
  response.once('close', () => {
    const elapsedMs = performance.now() - startedMs;
    if (isOpen) late = () => tell(elapsedMs);
    else tell(elapsedMs);
  });
  return {
    begins() {
      isOpen = true;
    },
    ends() {
      isOpen = false;
      late?.();
      late = undefined;
    },
  };
}

/** Counts a request that is over. How long a stream's caller stays is no answer time. */
export function countServed(
  meter: RequestMeter,
  request: Request,
  response: Response,
  { route, seconds }: { readonly route: string; readonly seconds: number },
): void {
  if (String(response.get('Content-Type') ?? '').startsWith('text/event-stream')) return;
  const { statusCode: status, writableFinished: isWritten } = response;
  const { method, complete: isWhole } = request;
  // Half a request that nobody refused asked for nothing: there is no status to count it by.
  if (!isWhole && !response.headersSent && status < 400) return;
  // What is refused is judged, whether or not somebody stayed to hear it; and half a request waits for no answer.
  const isAnswered = isWritten || !isWhole || (status >= 400 && status < 500);
  meter.served({ method, route, status, isAnswered, seconds });
}
