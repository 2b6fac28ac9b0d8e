import type { Logger } from 'pino';
import type { RequestNote, RequestNoteWriter } from '../../db/requests/index.ts';
import { duplicatedPaymentOf } from '../payments/duplicate.ts';
import { Problem } from '../problems.ts';
import type { Reply } from '../route.ts';

/**
 * Remembers what was asked about a payment in vain, or twice, for whoever looks at the payment later. It is told when the
 * answer is known, counts in memory and writes a moment later, so that no answer waits for it; a crash loses a moment.
 */
export interface NoteBook {
  answered(asked: Asked, reply: Reply): void;
  refused(asked: Asked, error: unknown): void;
}

export interface Asked {
  readonly subjectId: string;
  /** Absent: an operator's. */
  readonly merchantId?: string;
  readonly path: string;
  readonly requestId: string;
}

const WRITE_AFTER_MS = 200;
/** More different notes at once are a flood, and the rest of it is dropped. */
const MOST_WAITING = 2_000;
const MOST_DETAIL = 300;
/** Who may not ask, or asks for what isn't theirs, writes nothing about it; nor does whoever asks too often. */
const UNTOLD = new Set([401, 403, 404, 429]);

export function createNoteBook(writer: RequestNoteWriter, logger: Logger): NoteBook {
  let waiting = new Map<string, RequestNote>();
  let scheduled = false;

  const flush = async (): Promise<void> => {
    scheduled = false;
    const notes = [...waiting.values()];
    waiting = new Map();
    try {
      await writer.write(notes);
    } catch (error) {
      logger.warn({ err: error, notes: notes.length }, 'notes of requests were not written');
    }
  };

  const add = (asked: Asked, code: string, status: number, detail: string): void => {
    const { subjectId, path, requestId } = asked;
    const key = `${subjectId} ${path} ${code}`;
    const known = waiting.get(key);
    if (known === undefined && waiting.size >= MOST_WAITING) return;
    const nowMs = Date.now();
    waiting.set(key, {
      subjectId,
      ...(asked.merchantId === undefined ? {} : { merchantId: asked.merchantId }),
      path,
      code,
      status,
      detail: detail.slice(0, MOST_DETAIL),
      requestId,
      times: (known?.times ?? 0) + 1,
      firstAtMs: known?.firstAtMs ?? nowMs,
      lastAtMs: nowMs,
    });
    if (scheduled) return;
    scheduled = true;
    // A process that ends doesn't wait for it.
    setTimeout(flush, WRITE_AFTER_MS).unref();
  };

  return {
    answered(asked, { status, headers }) {
      if (isReplay(headers)) add(asked, 'replayed', status, 'the first answer, again');
    },
    refused(asked, error) {
      if (!(error instanceof Problem)) return;
      const { httpStatus: status, code, message, headers, details } = error;
      if (isReplay(headers)) return add(asked, 'replayed', status, message);
      // A payment that failed is answered with its failure: that is no refusal, and stands in its own rows.
      const failed = details.payment !== undefined;
      // An operator's refusals have rows of their own.
      if (failed || status >= 500 || UNTOLD.has(status) || asked.merchantId === undefined) return;
      // The second payment of an order has no row: it is told of at the one that it met.
      add({ ...asked, subjectId: duplicatedPaymentOf(error) ?? asked.subjectId }, code, status, message);
    },
  };
}

function isReplay(headers: Reply['headers']): boolean {
  return headers?.['Idempotent-Replayed'] === 'true';
}
