import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { MerchantJournal } from './journal.ts';

/** What a merchant reads of an answer. */
export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a merchant's untyped client.
  readonly body: any;
}

export interface CallOptions {
  readonly scenario: number;
  readonly key?: string;
  readonly body?: unknown;
  /** `Prefer: wait=N`, in seconds; absent: the API's own patience. */
  readonly waitSeconds?: number;
}

export interface MerchantOptions {
  readonly apiUrls: readonly string[];
  readonly apiKey: string;
  readonly merchantId: string;
  readonly defaultWaitMs: number;
  readonly journal: MerchantJournal;
}

/** The client's own patience beyond the API's promise; after it the connection is dropped. */
const GIVE_UP_AFTER_MS = 6_000;
const RETRY_FROM_MS = 100;
const RETRY_TO_MS = 2_000;
/** One request is repeated this long; a storm's outages are seconds. */
const RETRIES_FOR_MS = 120_000;

/**
 * A merchant that writes down what it asks before it asks, and what it was told. A request without a
 * definite answer is repeated under the same key, at either API in turn.
 */
export class MerchantClient {
  readonly #options: MerchantOptions;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 128 });
  #calls = 0;
  #stopped = false;

  constructor(options: MerchantOptions) {
    this.#options = options;
  }

  get merchantId(): string {
    return this.#options.merchantId;
  }

  /** Repeats until the answer is definite; undefined when patience ended without one. */
  async insist(method: 'GET' | 'POST', path: string, options: CallOptions): Promise<Answer | undefined> {
    const deadline = Date.now() + RETRIES_FOR_MS;
    for (let tries = 0; Date.now() < deadline && !this.#stopped; tries += 1) {
      const answer = await this.once(method, path, options);
      if (answer !== undefined && isDefinite(answer.status)) return answer;
      await delay(Math.min(RETRY_TO_MS, RETRY_FROM_MS * 2 ** tries));
    }
    return undefined;
  }

  /** One exchange; undefined when no answer came. */
  async once(method: 'GET' | 'POST', path: string, options: CallOptions): Promise<Answer | undefined> {
    const { apiUrls, defaultWaitMs, journal, merchantId } = this.#options;
    this.#calls += 1;
    const call = this.#calls;
    const api = call % apiUrls.length;
    const waitMs = options.waitSeconds === undefined ? defaultWaitMs : options.waitSeconds * 1_000;
    await journal.write({
      kind: 'request',
      call,
      scenario: options.scenario,
      merchant: merchantId,
      ...(options.key === undefined ? {} : { key: options.key }),
      method,
      path,
      ...(options.body === undefined ? {} : { body: options.body }),
      api,
      waitMs,
    });
    const startedMs = performance.now();
    try {
      const { answer, replayed } = await this.#exchange(apiUrls[api] ?? '', method, path, options, waitMs);
      const elapsedMs = performance.now() - startedMs;
      await journal.write({ kind: 'answer', call, ...answer, replayed, elapsedMs, waitMs });
      return answer;
    } catch (error) {
      const elapsedMs = performance.now() - startedMs;
      const { code, message } = error as NodeJS.ErrnoException;
      await journal.write({ kind: 'failure', call, error: code ?? message, elapsedMs });
      return undefined;
    }
  }

  /** No more repetitions: the storm is over. */
  stop(): void {
    this.#stopped = true;
    this.#agent.destroy();
  }

  #exchange(
    base: string,
    method: string,
    path: string,
    { key, body, waitSeconds }: CallOptions,
    waitMs: number,
  ): Promise<{ answer: Answer; replayed: boolean }> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = http.request(new URL(path, base), {
        method,
        agent: this.#agent,
        headers: {
          authorization: `Bearer ${this.#options.apiKey}`,
          ...(key === undefined ? {} : { 'idempotency-key': key }),
          ...(waitSeconds === undefined ? {} : { prefer: `wait=${waitSeconds}` }),
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
      });
      const giveUp = setTimeout(() => request.destroy(new Error('gave up')), waitMs + GIVE_UP_AFTER_MS);
      const fail = (error: Error) => {
        clearTimeout(giveUp);
        reject(error);
      };
      request.once('error', fail);
      request.once('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', fail);
        response.once('end', () => {
          clearTimeout(giveUp);
          try {
            const received = Buffer.concat(chunks).toString('utf8');
            const parsed: unknown = received === '' ? undefined : JSON.parse(received);
            const replayed = response.headers['idempotent-replayed'] === 'true';
            resolve({ answer: { status: response.statusCode ?? 0, body: parsed }, replayed });
          } catch (error) {
            reject(error as Error);
          }
        });
      });
      request.end(text);
    });
  }
}

/** 503 and other 5xx say "ask again with the same key", as the API documents. */
function isDefinite(status: number): boolean {
  return status < 500 && status !== 429;
}
