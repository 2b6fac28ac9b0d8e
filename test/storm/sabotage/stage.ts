import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { attemptIdFor, paymentIdFor } from '../../../domain/ids.ts';
import { readJournal } from '../evidence.ts';
import type { ForgedWebhook, JournalLine, ProviderName } from '../evidence-types.ts';
import { type Answer, MerchantClient } from '../merchant/client.ts';
import { MerchantJournal } from '../merchant/journal.ts';
import { Payer } from '../merchant/payer.ts';
import { FaultLog, type Nemesis } from '../nemesis/context.ts';
import { type Random, randomFor } from '../random.ts';
import type { Rig } from '../rig/rig.ts';
import { PROVIDERS } from '../rig/settings.ts';

export interface Order {
  readonly amount?: number;
  readonly currency: 'USD' | 'EUR';
  readonly card?: string;
  readonly holder?: string;
  readonly capture_method?: 'manual';
}

export interface Prepared {
  readonly key: string;
  readonly id: string;
  readonly attemptId: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The shopper's card where nothing is said; dollars are routed to Stripe first, euros to Adyen. */
const CARDS = { USD: '4242424242424242', EUR: '4111111111111111' } as const;
/** How long a precondition may take before the schedule is said to be broken, not the build. */
const MUST_HAPPEN_WITHIN_MS = 40_000;
const LOOK_EVERY_MS = 20;

/** What a schedule has in its hands: a merchant, a nemesis, and waiting for what it means to meet. */
export class Stage {
  readonly rig: Rig;
  readonly nemesis: Nemesis;
  readonly random: Random;
  readonly journal: MerchantJournal;
  readonly log: FaultLog;
  readonly payer: Payer;
  readonly forged: ForgedWebhook[] = [];
  readonly #client: MerchantClient;
  readonly #seed: number;
  #scenario = 0;
  #keys = 0;
  #payments = 0;

  private constructor(rig: Rig, seed: number, journal: MerchantJournal, log: FaultLog) {
    this.rig = rig;
    this.journal = journal;
    this.log = log;
    this.payer = new Payer(rig, journal, 0);
    this.#seed = seed;
    this.random = randomFor(seed, 'schedule');
    this.nemesis = { rig, random: this.random, log, forged: this.forged, busy: new Set() };
    const { apiUrls, apiKey, merchantId, pace } = rig;
    this.#client = new MerchantClient({
      apiUrls,
      apiKey,
      merchantId,
      defaultWaitMs: pace.apiWaitMs,
      journal,
    });
  }

  static async open(rig: Rig, seed: number): Promise<Stage> {
    const journal = await MerchantJournal.open(join(rig.dataDir, 'merchant.jsonl'));
    return new Stage(rig, seed, journal, await FaultLog.open(join(rig.dataDir, 'nemesis.jsonl')));
  }

  async close(): Promise<void> {
    this.#client.stop();
    await Promise.all([this.journal.close(), this.log.close()]);
  }

  /** A schedule begins: providers are taken for healthy again, whatever the one before did to them. */
  async begin(name: string): Promise<void> {
    this.#scenario += 1;
    await this.journal.write({ kind: 'scenario', number: this.#scenario, name });
    await this.rig.sql('DELETE FROM circuit');
  }

  key(): string {
    this.#keys += 1;
    return `sabotage-${this.#seed}-${this.#keys}`;
  }

  post(path: string, body: unknown, key = this.key(), waitSeconds = 1): Promise<Answer | undefined> {
    return this.#client.once('POST', path, { scenario: this.#scenario, key, body, waitSeconds });
  }

  async read(path: string): Promise<Answer | undefined> {
    return this.#client.once('GET', path, { scenario: this.#scenario });
  }

  /** The body of an order with a card of its own in the vault. */
  async order(order: Order): Promise<Record<string, unknown>> {
    const { card = CARDS[order.currency], holder, amount = this.random.int(1_000, 90_000), ...rest } = order;
    const details = { number: card, exp_month: 3, exp_year: 2030, cvc: '737' };
    const method = await this.#client.insist('POST', '/v1/payment_methods', {
      scenario: this.#scenario,
      key: this.key(),
      body: { type: 'card', card: { ...details, ...(holder === undefined ? {} : { holder_name: holder }) } },
    });
    if (method?.status !== 201) throw new Error(`the card was refused: ${JSON.stringify(method)}`);
    return { ...rest, amount, payment_method: method.body.id };
  }

  /** Orders that are about to be placed: cards in the vault, keys and so all ids known, nothing asked for yet. */
  prepare(count: number, order: Order): Promise<Prepared[]> {
    const one = async () => {
      const key = this.key();
      const id = this.idOf(key);
      return { key, id, attemptId: attemptIdFor(id, 1), body: await this.order(order) };
    };
    return Promise.all(Array.from({ length: count }, one));
  }

  /** Places them, all at once, and gives the payments' ids; the answers may be any, or none. */
  async place(orders: readonly Prepared[]): Promise<string[]> {
    this.#payments += orders.length;
    await Promise.all(orders.map(({ key, body }) => this.post('/v1/payments', body, key)));
    return orders.map(({ id }) => id);
  }

  async pay(count: number, order: Order): Promise<string[]> {
    return this.place(await this.prepare(count, order));
  }

  /** How many payments were asked for. */
  get payments(): number {
    return this.#payments;
  }

  idOf(key: string): string {
    return paymentIdFor(this.rig.merchantId, 'test', key);
  }

  async fault(provider: ProviderName, fault: Readonly<Record<string, unknown>>): Promise<void> {
    await this.rig.admin(provider, 'POST', '/faults', fault);
  }

  /** The same once for the first attempt of each, however long the others take to come. */
  async faultEach(orders: readonly Prepared[], fault: Readonly<Record<string, unknown>>): Promise<void> {
    for (const { attemptId } of orders)
      await this.fault('stripe', { ...fault, times: 1, match: { reference: attemptId } });
  }

  async clearFaults(): Promise<void> {
    for (const provider of PROVIDERS) await this.rig.admin(provider, 'DELETE', '/faults');
  }

  /** The journal's lines about these payments. */
  lines(provider: ProviderName, paymentIds: readonly string[]): readonly JournalLine[] {
    const stems = paymentIds.map((id) => id.slice('pay_'.length));
    return readJournal(this.rig, provider).filter(({ reference }) =>
      stems.some((stem) => reference?.includes(stem)),
    );
  }

  effects(provider: ProviderName, paymentIds: readonly string[], effect: string): readonly JournalLine[] {
    return this.lines(provider, paymentIds).filter((line) => line.effect === effect);
  }

  arrivals(provider: ProviderName, paymentIds: readonly string[], operation: string): readonly JournalLine[] {
    return this.lines(provider, paymentIds).filter(
      (line) => line.kind === 'arrival' && line.operation === operation,
    );
  }

  async statuses(paymentIds: readonly string[]): Promise<readonly string[]> {
    const rows = await this.rig.sql<{ status: string }>('SELECT status FROM payment WHERE id = ANY($1)', [
      paymentIds,
    ]);
    return rows.map(({ status }) => status);
  }

  /** All of them are in one of these states. */
  async are(paymentIds: readonly string[], ...wanted: readonly string[]): Promise<boolean> {
    const statuses = await this.statuses(paymentIds);
    return statuses.length === paymentIds.length && statuses.every((status) => wanted.includes(status));
  }

  /** Waits for what the schedule stands on. That it doesn't come is no verdict on the build. */
  async mustSee(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    if (!(await this.maySee(condition, MUST_HAPPEN_WITHIN_MS)))
      throw new Error(`the schedule waited in vain for ${what}`);
  }

  /** Gives something time to happen. A broken build may never get there; the checker then says so. */
  async maySee(condition: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
    const deadline = Date.now() + withinMs;
    while (!(await condition())) {
      if (Date.now() > deadline) return false;
      await delay(LOOK_EVERY_MS);
    }
    return true;
  }
}
