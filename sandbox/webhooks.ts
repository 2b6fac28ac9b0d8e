// Webhook delivery: at least once, retried with backoff until any 2xx, each event on its own (providers
// promise no order). The admin server can hold, duplicate, delay or drop deliveries.
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { z } from 'zod';
import type { WebhookRow } from './kernel.ts';

export const webhookRequest = z.strictObject({
  mode: z.enum(['normal', 'hold', 'duplicate', 'late', 'drop']).optional(),
  delayMs: z.number().int().min(0).max(86_400_000).optional(),
  copies: z.number().int().min(1).max(100).optional(),
  /** Moves the endpoint. */
  url: z.url().optional(),
});

export interface WebhookMode {
  mode: 'normal' | 'hold' | 'duplicate' | 'late' | 'drop';
  delayMs: number;
  copies: number;
}

export interface Rendered {
  headers: Record<string, string>;
  body: string;
}

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 30_000;
const DELIVERY_TIMEOUT_MS = 10_000;
const DEFAULT_MODE: WebhookMode = { mode: 'normal', delayMs: 5_000, copies: 2 };

export interface DispatcherOptions {
  url: string | undefined;
  /** Signs at each attempt, because a signature carries its time. */
  render(row: WebhookRow): Rendered;
  /** The event is accepted, dropped, or has nowhere to go. */
  done(row: WebhookRow): void;
}

export class Dispatcher {
  #mode: WebhookMode = { ...DEFAULT_MODE };
  #url: string | undefined;
  #held: WebhookRow[] = [];
  #closed = false;
  readonly #options: DispatcherOptions;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #agents = {
    http: new HttpAgent({ keepAlive: true, maxSockets: 16 }),
    https: new HttpsAgent({ keepAlive: true, maxSockets: 16 }),
  };
  #delivered = 0;
  #attempts = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#url = options.url;
  }

  configure(change: z.infer<typeof webhookRequest>): void {
    if (change.mode !== undefined) this.#mode = { ...DEFAULT_MODE, mode: change.mode };
    if (change.delayMs !== undefined) this.#mode.delayMs = change.delayMs;
    if (change.copies !== undefined) this.#mode.copies = change.copies;
    if (change.url !== undefined) this.#url = change.url;
  }

  describe(): Record<string, unknown> {
    const { mode, delayMs, copies } = this.#mode;
    const counts = { held: this.#held.length, delivered: this.#delivered, attempts: this.#attempts };
    return { mode, delayMs, copies, url: this.#url ?? null, ...counts };
  }

  enqueue(row: WebhookRow): void {
    if (this.#closed) return;
    if (this.#url === undefined || this.#mode.mode === 'drop') this.#options.done(row);
    else if (this.#mode.mode === 'hold') this.#held.push(row);
    else if (this.#mode.mode === 'late') this.#later(() => this.#deliver(row, 1), this.#mode.delayMs);
    else this.#deliver(row, this.#mode.mode === 'duplicate' ? this.#mode.copies : 1);
  }

  /** Sends what was held, in the order asked for; answers how many. */
  release(order: 'fifo' | 'reverse' = 'fifo'): number {
    const rows = order === 'reverse' ? this.#held.reverse() : this.#held;
    this.#held = [];
    for (const row of rows) this.#deliver(row, 1);
    return rows.length;
  }

  reset(): void {
    this.#mode = { ...DEFAULT_MODE };
    this.#held = [];
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  close(): void {
    this.#closed = true;
    this.reset();
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  #deliver(row: WebhookRow, copies: number): void {
    let open = copies;
    for (let copy = 0; copy < copies; copy += 1) {
      this.#attempt(row, 0, () => {
        open -= 1;
        this.#delivered += 1;
        if (open === 0) this.#options.done(row);
      });
    }
  }

  #attempt(row: WebhookRow, failures: number, accepted: () => void): void {
    if (this.#closed || this.#url === undefined) return;
    this.#attempts += 1;
    this.#post(this.#url, this.#options.render(row)).then((ok) => {
      if (this.#closed) return;
      if (ok) return accepted();
      const waitMs = Math.min(FIRST_RETRY_MS * 2 ** failures, LONGEST_RETRY_MS);
      this.#later(() => this.#attempt(row, failures + 1, accepted), waitMs);
    });
  }

  /** True on any 2xx; whatever else happens is a failed attempt, never an error. */
  #post(url: string, rendered: Rendered): Promise<boolean> {
    const secure = url.startsWith('https:');
    const agent: HttpAgent = secure ? this.#agents.https : this.#agents.http;
    const start = secure ? httpsRequest : httpRequest;
    const length = String(Buffer.byteLength(rendered.body));
    const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': length };
    return new Promise((resolve) => {
      const options = { method: 'POST', agent, timeout: DELIVERY_TIMEOUT_MS };
      const request = start(url, { ...options, headers: { ...headers, ...rendered.headers } }, (response) => {
        const status = response.statusCode ?? 0;
        response.resume();
        response.once('close', () => resolve(status >= 200 && status < 300));
      });
      request.once('timeout', () => request.destroy());
      request.once('error', () => resolve(false));
      request.end(rendered.body);
    });
  }

  #later(run: () => void, waitMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, waitMs);
    this.#timers.add(timer);
  }
}
