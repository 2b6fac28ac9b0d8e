import { setTimeout as delay } from 'node:timers/promises';
import { type Random, randomFor } from '../random.ts';
import type { Answer, MerchantClient } from './client.ts';
import type { Payer } from './payer.ts';

/** What a merchant asks for, before it has a payment method. */
export interface Order {
  readonly amount: number;
  readonly currency: string;
  readonly card: { readonly number: string; readonly holder?: string };
  readonly capture_method?: 'manual';
  readonly confirm?: false;
  readonly three_ds?: { readonly request: 'any' };
}

/** Who does business in a storm. */
export interface Actors {
  readonly client: MerchantClient;
  readonly payer: Payer;
  readonly timeScale: number;
}

export type Scenario = (business: Business) => Promise<void>;

/** One scenario under way: calls that carry its number, keys and chances of its own. */
export class Business {
  readonly random: Random;
  /** Who authenticates, where the issuer asks for it. */
  readonly payer: Payer;
  /** How fast the platform's unscaled time goes by. */
  readonly timeScale: number;
  readonly #client: MerchantClient;
  readonly #number: number;
  readonly #prefix: string;
  #keys = 0;

  constructor({ client, payer, timeScale }: Actors, seed: number, number: number) {
    this.payer = payer;
    this.timeScale = timeScale;
    this.random = randomFor(seed, `scenario ${number}`);
    this.#client = client;
    this.#number = number;
    this.#prefix = `storm-${seed}-${number}`;
  }

  key(): string {
    this.#keys += 1;
    return `${this.#prefix}-${this.#keys}`;
  }

  post(path: string, body: unknown, key = this.key()): Promise<Answer | undefined> {
    const waitSeconds = this.random.pick([undefined, undefined, 1, 2, 3]);
    return this.#client.insist('POST', path, {
      scenario: this.#number,
      key,
      body,
      ...(waitSeconds === undefined ? {} : { waitSeconds }),
    });
  }

  get(path: string): Promise<Answer | undefined> {
    return this.#client.insist('GET', path, { scenario: this.#number });
  }

  /** The body of a payment's creation, with a card of its own in the vault. */
  async bodyOf(order: Order): Promise<Record<string, unknown> | undefined> {
    const { card, ...rest } = order;
    const method = await this.post('/v1/payment_methods', {
      type: 'card',
      card: {
        number: card.number,
        exp_month: 3,
        exp_year: 2030,
        cvc: '737',
        ...(card.holder === undefined ? {} : { holder_name: card.holder }),
      },
    });
    if (method?.status !== 201) return undefined;
    return { ...rest, payment_method: method.body.id, reference: `storm ${this.#number}` };
  }

  async pay(order: Order): Promise<string | undefined> {
    const body = await this.bodyOf(order);
    return body === undefined ? undefined : paymentOf(await this.post('/v1/payments', body));
  }

  /** The payment once its status is one of these, or another that it will not leave by itself. */
  async until(id: string, ...wanted: readonly string[]): Promise<string | undefined> {
    const deadline = Date.now() + SETTLES_WITHIN_MS;
    for (let wait = 50; Date.now() < deadline; wait = Math.min(1_000, wait * 2)) {
      const answer = await this.get(`/v1/payments/${id}`);
      if (answer === undefined) return undefined;
      const status = answer.status === 200 ? String(answer.body.status) : 'none';
      if (wanted.includes(status) || !GOES_ON.includes(status)) return status;
      await delay(wait);
    }
    return undefined;
  }
}

const SETTLES_WITHIN_MS = 60_000;
/** What a payment leaves by itself, the payer's time included. */
const GOES_ON: readonly string[] = ['none', 'processing', 'requires_action'];

/** The payment's id, also where it was refused by its provider. */
export function paymentOf(answer: Answer | undefined): string | undefined {
  const id: unknown = answer?.body?.id ?? answer?.body?.error?.payment?.id;
  return typeof id === 'string' && id.startsWith('pay_') ? id : undefined;
}
