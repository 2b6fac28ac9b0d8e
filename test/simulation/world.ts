import { assert } from '../../domain/machine.ts';
import type { Attempt, Payment, RouteStep } from '../../domain/payment/payment.ts';
import type { Settings } from '../../domain/payment/resolver.ts';
import type { Transition } from '../../domain/payment/transition.ts';
import type { RefundOrderRuling } from '../../domain/refund/commands.ts';
import { draftOfDecision } from '../../domain/refund/refund.ts';
import type { RefundTransition } from '../../domain/refund/transition.ts';
import { Activities } from './activities.ts';
import type { AggregateRows, Recorded } from './aggregate-rows.ts';
import type { Charge } from './charge.ts';
import { Checks } from './checks.ts';
import { Database } from './database.ts';
import { Door } from './door.ts';
import { Mail } from './mail.ts';
import { Merchant } from './merchant.ts';
import { profileOf } from './profiles.ts';
import { Provider } from './provider.ts';
import { Random } from './random.ts';
import { RefundChecks } from './refund-checks.ts';
import { FIRST_REFUND_MS, RefundMerchant, type RefundRequest } from './refund-merchant.ts';
import type { PlannedRefund, RefundRows } from './refund-rows.ts';
import { REAL_RULES, type Rules } from './rules.ts';
import { tellingOf } from './telling.ts';
import { Timeline } from './timeline.ts';
import { Violation } from './violation.ts';
import { drawWeather, type Fate, type Fault, HARDSHIPS, type Hardship, type Weather } from './weather.ts';

const EPOCH_MS = 1_800_000_000_000;
const PAYMENT_ID = `pay_${'a'.repeat(26)}`;
/** More than any payment ever needs: one that is busier than this never comes to rest. */
const EVENTS_AT_MOST = 4_000;
/** A seed is a whole schedule. From this one on they are about refunds. */
export const FIRST_REFUND_SEED = 10_000_000;

const ASKED = ['S', 'S', 'N', 'N', 'A', 'B', 'C', 'D'] as const;
/** More of those that can prove a refund absent, which is what a late one belies. */
const ASKED_ABOUT_REFUNDS = ['S', 'S', 'N', 'A', 'B', 'B', 'B', 'C', 'D'] as const;
/** Hardships that the system is known not to bear yet. */
const WITHHELD: ReadonlySet<Hardship> = new Set<Hardship>();
export const PLAYED: ReadonlySet<Hardship> = new Set(HARDSHIPS.filter((each) => !WITHHELD.has(each)));

export interface Options {
  readonly rules?: Rules;
  readonly tracing?: boolean;
  readonly hardships?: ReadonlySet<Hardship>;
}

/**
 * One payment's world, made of a seed: providers, network, database, worker, workflow runs, merchant and
 * clocks, all in memory. The decisions are the real ones of domain/payment; everything around them is a twin
 * that can fail at any line. Start here, then read run.ts and lanes.ts beside workflows/payment.
 */
/** Far from every seed that is played. */
const RETRIES_SEED = 777_000_000;
const DAY_MS = 86_400_000;

export class World {
  readonly seed: number;
  readonly aboutRefunds: boolean;
  readonly rules: Rules;
  readonly random: Random;
  readonly timeline = new Timeline();
  readonly database: Database;
  readonly settings: Settings;
  readonly weather: Weather;
  readonly currency = 'EUR';
  readonly route: readonly RouteStep[];
  readonly checks = new Checks(this);
  readonly refundChecks = new RefundChecks(this);
  readonly mail = new Mail(this);
  readonly door: Door;
  readonly merchant = new Merchant(this);
  readonly refundMerchant: RefundMerchant;
  readonly activities = new Activities(this);
  readonly tracing: boolean;
  readonly trace: string[] = [];
  readonly #providers = new Map<string, Provider>();
  readonly #skews = new Map<string, number>();
  readonly #draft: Payment;
  /** Nothing goes wrong until there is something to refund. */
  readonly #gentle: boolean;

  constructor(seed: number, { rules = REAL_RULES, tracing = false, hardships = PLAYED }: Options = {}) {
    this.seed = seed;
    this.rules = rules;
    this.tracing = tracing;
    this.random = new Random(seed);
    this.database = new Database(PAYMENT_ID, rules);
    this.door = new Door(this);
    this.refundMerchant = new RefundMerchant(this);
    const { random } = this;
    this.aboutRefunds = seed >= FIRST_REFUND_SEED;
    this.#gentle = this.aboutRefunds && random.chance(0.7);
    this.timeline.nowMs = EPOCH_MS;
    const timeScale = random.pick([1, 1, 1, 0.02]);
    this.settings = { timeScale, providerDeadlineMs: 20_000 };
    this.weather = drawWeather(random, timeScale, hardships, this.aboutRefunds ? FIRST_REFUND_MS : 0);
    const kinds = Array.from(
      {
        length: random.pick(this.#gentle ? [1] : this.aboutRefunds ? [2, 3] : [0, 1, 1, 2, 2, 2, 3, 3, 3, 3]),
      },
      () => random.pick(this.aboutRefunds ? ASKED_ABOUT_REFUNDS : ASKED),
    );
    const profiles = kinds.map((kind, index) => profileOf(kind, index + 1, timeScale, random));
    for (const profile of profiles) this.#providers.set(profile.step.accountId, new Provider(this, profile));
    this.route = profiles.map((profile) => profile.step);
    for (const clock of ['workflow', 'database', ...this.#providers.keys()]) this.#draw(clock);
    this.#draft = this.#draftPayment();
  }

  #draftPayment(): Payment {
    const { random } = this;
    const confirm = this.#gentle || random.chance(0.9);
    const manual = random.chance(this.#gentle ? 0.2 : 0.5);
    return {
      id: PAYMENT_ID,
      merchantId: 'mer_1',
      mode: 'test',
      generation: 1,
      sequence: 0,
      status: confirm ? 'processing' : 'requires_confirmation',
      amountMinor: 1_000,
      currency: this.currency,
      captureMethod: manual ? 'manual' : 'automatic',
      amountAuthorizedMinor: 0,
      amountCapturedMinor: 0,
      amountRefundedMinor: 0,
      route: confirm ? this.route : [],
      attempts: [],
      completeByMs: EPOCH_MS + (confirm ? random.pick([30_000, 120_000]) : 180_000),
      createdAtMs: EPOCH_MS,
      metadata: {},
      ...this.#retried(confirm),
    };
  }

  /**
   * Some are made without their payer, by a policy that tries them again later. Drawn by a die of its own, so that every
   * other seed plays as it always has.
   */
  #retried(confirm: boolean): Partial<Payment> {
    const random = new Random(this.seed + RETRIES_SEED);
    if (this.aboutRefunds || !confirm || !random.chance(0.25)) return {};
    return {
      completeByMs: EPOCH_MS + 20 * DAY_MS,
      authentication: { asked: { request: 'automatic' }, reasons: [], offSession: true },
      retryPlan: {
        maxAttempts: random.between(1, 3),
        failOverAfter: ['issuer_unavailable', 'processing_error'],
        laterMs: random.pick([[3_600_000], [DAY_MS, 3 * DAY_MS]]),
        timeScale: this.settings.timeScale,
        ...(random.chance(0.2) ? { declinesLeft: random.between(1, 3) } : {}),
      },
    };
  }

  /** Plays the schedule to its end, and throws the first violation. */
  run(): void {
    const { random, timeline, weather } = this;
    this.merchant.begin(this.#draft.status !== 'processing', this.#draft.captureMethod === 'manual');
    for (const { kind, atMs } of weather.upheavals) timeline.after(atMs, () => this.door.upheave(kind));
    if (weather.skewMs > 0)
      for (const clock of this.#skews.keys())
        timeline.after(random.magnitude(86_400_000), () => this.#draw(clock));
    this.door.payment.begin();
    if (this.aboutRefunds) this.refundMerchant.begin();
    for (let events = 0; timeline.step(); events += 1)
      if (events > (this.aboutRefunds ? 5 : 1) * EVENTS_AT_MOST)
        throw new Violation('I9', `no rest after ${events} events`);
    this.checks.atQuiescence();
  }

  /** Each machine's own idea of the time. Any two are `skewMs` apart at most, and jump inside of that. */
  clock(name: string): number {
    return this.timeline.nowMs + (this.#skews.get(name) ?? 0);
  }

  #draw(clock: string): void {
    const half = this.weather.skewMs / 2;
    this.#skews.set(clock, half === 0 ? 0 : this.random.between(-half, half));
  }

  strikes(fault: Fault): boolean {
    const probability = this.weather.faults[fault];
    return (
      probability > 0 &&
      !(this.#gentle && this.database.balance.capturedMinor === 0) &&
      this.timeline.nowMs < EPOCH_MS + this.weather.calmAtMs &&
      this.random.chance(probability)
    );
  }

  planOrHydrate(generation: number): Payment {
    const { paymentRows } = this.database;
    if (generation > 1 || paymentRows.state !== undefined) return paymentRows.hydrate();
    const draft = this.#draft;
    const decision =
      draft.status === 'processing'
        ? this.rules.routed(draft, 'first')
        : { after: draft, reason: 'waits for confirmation' };
    const trigger = { type: 'created', actor: 'request:req_0' };
    const transition = this.rules.transitionOf(draft, decision, trigger, EPOCH_MS);
    if (this.tracing) this.note(tellingOf(transition));
    return paymentRows.plan(transition, 'req_0', this.clock('database'));
  }

  /** Judged as the door does, and again under the balance's lock. */
  judgeRefund(payment: Payment, { refundId, requestId, amountMinor }: RefundRequest): RefundOrderRuling {
    const amount = amountMinor === undefined ? {} : { amountMinor };
    const order = { refundId, cause: requestId, metadata: {}, ...amount };
    return this.rules.judgeRefundOrder(payment, this.database.balanceAsRead(), order, this.timeline.nowMs);
  }

  /** activities/refund/plan.ts. */
  planRefund(rows: RefundRows, order: RefundRequest): PlannedRefund {
    const { payment } = this.database;
    assert(payment !== undefined, 'a refund of no payment');
    const planned = rows.plan(
      payment,
      () => {
        const ruling = this.judgeRefund(payment, order);
        if (ruling.type === 'refused') return ruling;
        const draft = draftOfDecision(ruling.decision.after);
        const trigger = { type: 'created', actor: `request:${order.requestId}` };
        const { nowMs } = this.timeline;
        const transition = this.rules.refundTransitionOf(draft, ruling.decision, trigger, nowMs);
        return { type: 'decided', transition };
      },
      order.requestId,
      this.clock('database'),
    );
    const [first] = rows.steps;
    if (planned.type === 'refund' && planned.created && first !== undefined) this.#written(first);
    return planned;
  }

  /** A refund whose workflow ended before it planned is refused for good. */
  refuseRefund(rows: RefundRows, order: RefundRequest): void {
    const { payment } = this.database;
    assert(payment !== undefined, 'a refund of no payment');
    const refusal = { code: 'refund_ended', message: 'ended before anything was reserved' };
    rows.plan(payment, () => ({ type: 'refused', refusal }), order.requestId, this.clock('database'));
  }

  record<State extends { readonly sequence: number }, S extends Transition | RefundTransition>(
    rows: AggregateRows<State, S>,
    step: S,
    requestId: string | undefined,
  ): Recorded {
    const recorded = rows.record(step, requestId, this.clock('database'));
    if (recorded === 'recorded') this.#written(step);
    else if (this.tracing) this.note(`step ${step.sequence}: ${recorded}`);
    return recorded;
  }

  #written(step: Transition | RefundTransition): void {
    if (this.tracing) this.note(tellingOf(step));
    if ('refund' in step) this.refundChecks.written(step);
    else this.checks.written(step);
  }

  note(line: string): void {
    this.trace.push(`${((this.timeline.nowMs - EPOCH_MS) / 1_000).toFixed(3).padStart(12)} s  ${line}`);
  }

  providerOf(operationId: string): Provider {
    const attemptId = this.database.permit(operationId).attemptId;
    const attempt = this.database.payment?.attempts.find((each) => each.id === attemptId);
    const provider = attempt === undefined ? undefined : this.#providers.get(attempt.accountId);
    assert(provider !== undefined, `${operationId} has no provider`);
    return provider;
  }

  charge(attempt: Attempt): Charge | undefined {
    return this.#providers.get(attempt.accountId)?.charges.get(attempt.id);
  }

  charges(): readonly Charge[] {
    return [...this.#providers.values()].flatMap((provider) => [...provider.charges.values()]);
  }

  providers(): readonly Provider[] {
    return [...this.#providers.values()];
  }

  /** What becomes of a charge. A schedule about refunds mostly has a payment that goes well. */
  fateOfCharge(): Fate {
    if (this.#gentle) return 'approved';
    return this.aboutRefunds
      ? this.random.pick(['approved', 'declined'] as const)
      : this.random.weighted(this.weather.fates);
  }
}
