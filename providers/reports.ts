import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { detailOfFault, exchange, openCall } from './transport/index.ts';

/**
 * How reports are asked for and read. They move nothing, may be a thousand times as large as any answer of a payment
 * API, and take minutes to come: so their content does not go through the transport's permits and bounds, but has
 * deadlines and a bound of its own.
 */

/** What kept a provider's report from being read, in words that quote nothing. */
export class ReportFault extends Error {
  override readonly name = 'ReportFault';
  /** Whether asking again may help. */
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean) {
    super(message);
    this.retryable = retryable;
  }
}

/** One question of a provider's API, under the transport's rules. What `judge` doesn't know is a fault worth a retry. */
export async function ask<T>(
  deadlineMs: number,
  send: () => Promise<T>,
  judge: (error: unknown) => ReportFault | undefined,
): Promise<T> {
  const call = openCall({ totalDeadlineMs: deadlineMs, needsPermit: false });
  try {
    return await call.run(() => exchange(send));
  } catch (error) {
    throw judge(error) ?? new ReportFault(detailOfFault(error, call), true);
  } finally {
    call.close();
  }
}

export interface Download {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly limits?: Partial<DownloadLimits>;
  readonly signal?: AbortSignal;
}

export interface DownloadLimits {
  /** Until the answer begins. */
  readonly firstByteMs: number;
  /** Between two chunks: a server that says nothing for so long has gone. */
  readonly idleMs: number;
  /** Until its end, whoever is slow. */
  readonly totalMs: number;
  readonly maxBytes: number;
}

export const DOWNLOAD_LIMITS: DownloadLimits = {
  firstByteMs: 30_000,
  idleMs: 60_000,
  totalMs: 30 * 60_000,
  maxBytes: 4 * 1024 ** 3,
};

/**
 * One GET whose body is read as it comes, with the reader's back-pressure. Undefined: 404. Redirects are refused,
 * because the request carries a key; so is an answer that ends early or grows beyond the bound.
 */
export async function download(order: Download): Promise<AsyncIterable<Uint8Array> | undefined> {
  const limits = { ...DOWNLOAD_LIMITS, ...order.limits };
  const response = await begin(order, limits);
  const status = response.statusCode ?? 0;
  const { 'content-encoding': encoding = 'identity' } = response.headers;
  if (status === 200 && encoding === 'identity') return bodyOf(response, limits, order.signal);
  response.resume();
  response.destroy();
  if (status === 404) return undefined;
  if (status === 200) throw new ReportFault('the file came compressed, unasked', false);
  throw new ReportFault(`http_${status}`, status === 429 || status >= 500);
}

function begin({ url, headers, signal }: Download, limits: DownloadLimits): Promise<http.IncomingMessage> {
  const { get } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const request = get(url, {
      // Compressed content would have to be believed before it is bounded.
      headers: { accept: '*/*', 'accept-encoding': 'identity', ...headers },
      agent: false,
      ...(signal === undefined ? {} : { signal }),
    });
    const late = setTimeout(
      () => request.destroy(new ReportFault('no answer in time', true)),
      limits.firstByteMs,
    );
    request.once('response', (response) => {
      clearTimeout(late);
      resolve(response);
    });
    request.once('error', (error) => {
      clearTimeout(late);
      reject(faultOf(error));
    });
  });
}

function bodyOf(response: http.IncomingMessage, limits: DownloadLimits, signal: AbortSignal | undefined) {
  return readWithin(response, {
    limits,
    judge: () => undefined,
    atEnd: async () => {
      if (!response.complete) throw new ReportFault('the answer was cut short', true);
      signal?.throwIfAborted();
    },
  });
}

/** How a stream is read. */
export interface Reading {
  readonly limits: DownloadLimits;
  /** What an error of the stream's means. Undefined: that the connection was lost. */
  judge(error: unknown): ReportFault | undefined;
  /** Throws if the stream has ended before its time. */
  atEnd(received: number): Promise<void>;
}

/** A stream as it comes, within limits. Destroyed at the end, whichever it is. */
export async function* readWithin(
  stream: Readable,
  { limits, judge, atEnd }: Reading,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  const untilMs = performance.now() + limits.totalMs;
  const chunks = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const leftMs = Math.max(0, untilMs - performance.now());
      // Runs only while we wait, so that a slow reader is not mistaken for a server that has gone.
      const next =
        leftMs < limits.idleMs
          ? await inTime(chunks.next(), leftMs, 'not read in time')
          : await inTime(chunks.next(), limits.idleMs, 'the answer stopped');
      if (next.done === true) break;
      received += next.value.byteLength;
      if (received > limits.maxBytes) throw new ReportFault('the file is too large', false);
      yield next.value;
    }
    await atEnd(received);
  } catch (error) {
    throw judge(error) ?? faultOf(error);
  } finally {
    stream.destroy();
  }
}

/** Whatever the stream does then: some wait for their server even to be destroyed. */
async function inTime<T>(work: Promise<T>, waitMs: number, why: string): Promise<T> {
  let late: NodeJS.Timeout | undefined;
  const lapsed = new Promise<never>((_resolve, reject) => {
    late = setTimeout(() => reject(new ReportFault(why, true)), waitMs);
  });
  return Promise.race([work, lapsed]).finally(() => clearTimeout(late));
}

function faultOf(error: unknown): ReportFault {
  if (error instanceof ReportFault) return error;
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
  return new ReportFault(code === undefined ? 'connection_lost' : `connection_lost: ${code}`, true);
}
