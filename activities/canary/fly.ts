import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { bookedFor, recordCanary } from '../../db/alarms/index.ts';
import type { Dependencies } from '../dependencies.ts';

/**
 * One payment of our own that goes the whole way a merchant's goes: card into the vault, payment, event, ledger, refund, all over
 * HTTP with a merchant's key but for the ledger. It throws nothing: how far it came is what it is for.
 */
export interface CanarySettings {
  /** The API as it is reached from outside. */
  readonly url: string;
  /** A key for test mode, of a merchant that nobody else uses. */
  readonly apiKey: string;
}

/** On the wire: added to, never changed. */
export interface CanaryEnd {
  /** `off`: this worker was told of no canary. */
  readonly status: 'succeeded' | 'failed' | 'off';
  readonly paymentId?: string;
  readonly failedStep?: string;
}

const CARD = { number: '4242424242424242', exp_month: 3, exp_year: 2035, cvc: '737' };
const AMOUNT = { amount: 1_00, currency: 'USD' };
const REQUEST_MS = 15_000;
const STEP_MS = 30_000;
const AGAIN_MS = 250;
const DETAIL_CHARACTERS = 300;

export function createFlyCanary({ db, canary: settings }: Dependencies) {
  return async function flyCanary(): Promise<CanaryEnd> {
    if (settings === undefined) return { status: 'off' };
    const flight = new Flight(settings);
    const startedAtMs = Date.now();
    try {
      await flight.fly((paymentId) => bookedFor(db, paymentId));
    } catch (error) {
      const detail = (error instanceof Error ? error.message : String(error)).slice(0, DETAIL_CHARACTERS);
      await recordCanary(db, { startedAtMs, ...flight.seen(), failed: { step: flight.step, detail } });
      return { status: 'failed', failedStep: flight.step, ...flight.paid() };
    }
    await recordCanary(db, { startedAtMs, ...flight.seen() });
    return { status: 'succeeded', ...flight.paid() };
  };
}

type Body = Readonly<Record<string, unknown>>;

class Flight {
  step = 'card';
  readonly #settings: CanarySettings;
  readonly #steps: Record<string, number> = {};
  #paymentId: string | undefined;
  #stepStartedMs = performance.now();

  constructor(settings: CanarySettings) {
    this.#settings = settings;
  }

  async fly(isBooked: (paymentId: string) => Promise<boolean>): Promise<void> {
    const { id: payment_method } = await this.#post('/v1/payment_methods', { type: 'card', card: CARD });
    this.#begin('payment');
    const payment = await this.#post('/v1/payments', {
      ...AMOUNT,
      payment_method,
      confirm: true,
      description: 'canary',
    });
    const id = String(payment.id);
    this.#paymentId = id;
    await this.#until(`/v1/payments/${id}`, ({ status }) => status === 'succeeded', ['failed', 'canceled']);
    this.#begin('event');
    await this.#until(`/v1/events?payment=${id}&type=payment.succeeded`, ({ data }) => {
      return Array.isArray(data) && data.length > 0;
    });
    this.#begin('ledger');
    await eventually(() => isBooked(id), 'nothing is booked for it');
    this.#begin('refund');
    const refund = await this.#post(`/v1/payments/${id}/refunds`, {});
    await this.#until(`/v1/refunds/${String(refund.id)}`, ({ status }) => status === 'succeeded', ['failed']);
    this.#begin('done');
  }

  seen(): { readonly steps: Readonly<Record<string, number>>; readonly paymentId?: string } {
    return { steps: this.#steps, ...this.paid() };
  }

  paid(): { readonly paymentId?: string } {
    return this.#paymentId === undefined ? {} : { paymentId: this.#paymentId };
  }

  #begin(step: string): void {
    const now = performance.now();
    this.#steps[this.step] = Math.round(now - this.#stepStartedMs);
    this.#stepStartedMs = now;
    this.step = step;
  }

  /** Reads until it is as it should be; one of `never` ends it at once. */
  #until(path: string, isDone: (body: Body) => boolean, never: readonly string[] = []): Promise<void> {
    return eventually(async () => {
      const body = await this.#ask('GET', path);
      if (never.includes(String(body.status))) throw new Ended(`${path} is ${String(body.status)}`);
      return isDone(body);
    }, `${path} did not become what it should`);
  }

  #post(path: string, body: object): Promise<Body> {
    return this.#ask('POST', path, body);
  }

  async #ask(method: 'GET' | 'POST', path: string, body?: object): Promise<Body> {
    const { url, apiKey } = this.#settings;
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'idempotency-key': `canary-${randomUUID()}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    const answer = (await response.json()) as Body & { readonly error?: { readonly code?: unknown } };
    // The code only: what else an error says is for whoever asked.
    if (!response.ok) throw new Ended(`${method} ${path}: ${response.status} ${String(answer.error?.code)}`);
    return answer;
  }
}

/** No sense in waiting on. */
class Ended extends Error {}

async function eventually(isDone: () => Promise<boolean>, otherwise: string): Promise<void> {
  const deadlineMs = performance.now() + STEP_MS;
  for (;;) {
    if (await isDone()) return;
    if (performance.now() > deadlineMs) throw new Error(otherwise);
    await delay(AGAIN_MS);
  }
}
