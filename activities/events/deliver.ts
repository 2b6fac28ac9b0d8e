import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Context, log } from '@temporalio/activity';
import {
  type DueDelivery,
  disableEndpoint,
  hasWork,
  type Outlook,
  outlookOf,
  type Settled,
  takeDeliveries,
} from '../../db/webhooks/index.ts';
import { publicEvent } from '../../domain/events/event.ts';
import { type AttemptOutcome, describeOutcome, followingOf, verdictOf } from '../../domain/events/outcome.ts';
import type { Dependencies, WebhookSettings } from '../dependencies.ts';
import { tellEndpoint } from '../tracing.ts';
import { createPoster, type Poster } from './post.ts';
import { createSigner, type Signer } from './sign.ts';

export interface DeliverOrder {
  readonly endpointId: string;
}

/** How an endpoint stands when a pass is over, and how long the workflow may rest. */
export interface DeliverReport {
  readonly status: Outlook['status'];
  readonly disabledReason?: string;
  readonly pending: number;
  readonly dead: number;
  /** Delivered and failed attempts of this pass. */
  readonly delivered: number;
  readonly failed: number;
  readonly lastFailure?: string;
  /** Until there is something to do that is known of by now; 0: at once. */
  readonly restMs: number;
}

/** A pass begins nothing new after this long, so that histories show progress and a worker can stop. */
const PASS_MS = 10_000;
/** How long a pass stays after the last event: the next is often close behind, and another pass costs more. */
const LINGER_MS = 1_000;
/** What comes to its end within this time is written together, and what has come up meanwhile begun with it. */
const TICK_MS = 250;
/** Payments whose events are on the wire to one endpoint at once. */
const CONCURRENCY = 64;
/** A claim outlasts two attempts and whatever else may take time; nobody begins one that it might not outlast. */
const CLAIM_DEADLINES = 2;
const CLAIM_MARGIN_MS = 5_000;
/** Unscaled: how long an endpoint with nothing to do rests before it looks again by itself. */
const IDLE_MS = 60_000;
const SHORTEST_REST_MS = 1_000;

/**
 * One pass over one endpoint: makes deliveries of new events, sends what is due, payments beside each other and each
 * payment's events one after the other, and writes what became of them. All state is in Postgres, so a pass may end
 * anywhere: what it had not written is sent again.
 */
export function createDeliver(deps: Dependencies) {
  let poster: Poster | undefined;
  return async function deliverDue({ endpointId }: DeliverOrder): Promise<DeliverReport> {
    const { webhooks = DEFAULTS } = deps;
    poster ??= createPoster(webhooks);
    const pass = new Pass(deps, webhooks, poster, endpointId);
    const inProgress = deps.events?.passBegins(endpointId);
    let spared = false;
    try {
      await pass.run();
    } finally {
      spared = inProgress?.end() ?? false;
    }
    const report = await pass.report();
    // Asked after the pass was over, so what a spared poke told of may be something that it didn't see.
    return spared && (await hasWork(deps.db, endpointId)) ? { ...report, restMs: 0 } : report;
  };
}

const DEFAULTS: WebhookSettings = { privateTargets: false, deadlineMs: 10_000 };

class Pass {
  readonly #deps: Dependencies;
  readonly #webhooks: WebhookSettings;
  readonly #poster: Poster;
  readonly #endpointId: string;
  /** Names this pass in the rows that it has claimed. */
  readonly #claimId = randomUUID();
  readonly #inFlight = new Set<Promise<void>>();
  #settled: Settled[] = [];
  /** The URL that said it wants no more. */
  #gone: string | undefined;
  /** Whether all that was free was taken: more may be due. */
  #full = false;
  #halfFree: () => void = () => undefined;
  #delivered = 0;
  #failed = 0;
  #lastFailure: string | undefined;

  constructor(deps: Dependencies, webhooks: WebhookSettings, poster: Poster, endpointId: string) {
    this.#deps = deps;
    this.#webhooks = webhooks;
    this.#poster = poster;
    this.#endpointId = endpointId;
  }

  async run(): Promise<void> {
    const { cancellationSignal } = Context.current();
    const startedAt = performance.now();
    let busyAt = startedAt;
    for (;;) {
      Context.current().heartbeat();
      const over = performance.now() - startedAt > PASS_MS || cancellationSignal.aborted;
      const free = over ? 0 : CONCURRENCY - this.#inFlight.size;
      if (this.#settled.length > 0 || (free > 0 && (this.#full || (await this.#hasWork())))) {
        busyAt = performance.now();
        if (!(await this.#step(free))) break;
      }
      const idle = this.#inFlight.size === 0 && this.#settled.length === 0;
      if (idle && (over || performance.now() - busyAt > LINGER_MS)) return;
      await this.#tick();
    }
    // Disabled or deleted: what is on the wire comes to its end, and is still written where there is a row.
    await Promise.all(this.#inFlight);
    if (this.#settled.length > 0) await this.#step(0);
  }

  #hasWork(): Promise<boolean> {
    return hasWork(this.#deps.db, this.#endpointId);
  }

  /** Writes what has come to an end, and begins what is due. False: the endpoint wants no more. */
  async #step(chains: number): Promise<boolean> {
    const { db, vault } = this.#deps;
    const claimMs = CLAIM_DEADLINES * this.#webhooks.deadlineMs + CLAIM_MARGIN_MS;
    if (this.#gone !== undefined) await disableEndpoint(db, this.#endpointId, this.#gone, GONE_REASON);
    const settled = this.#settled;
    this.#settled = [];
    // By our own clock and from before it was claimed, so a frozen process errs on the safe side.
    const claimedUntil = performance.now() + claimMs;
    const taken = await takeDeliveries(db, {
      endpointId: this.#endpointId,
      claimId: this.#claimId,
      settled,
      chains,
      claimMs,
    });
    if (taken.type !== 'open') return false;
    const { endpoint } = taken;
    this.#full = taken.more || (chains > 0 && taken.chains.length === chains);
    if (taken.chains.length === 0) return true;
    const sign = createSigner(vault.openSecret(endpoint.sealedSecrets, endpoint.id), Date.now());
    for (const chain of taken.chains) {
      const sending = this.#sendChain(chain, endpoint.url, sign, claimedUntil).finally(() => {
        this.#inFlight.delete(sending);
        if (this.#inFlight.size <= CONCURRENCY / 2) this.#halfFree();
      });
      this.#inFlight.add(sending);
    }
    return true;
  }

  /** One payment's events, each only after the one before was delivered. */
  async #sendChain(
    chain: readonly DueDelivery[],
    url: string,
    sign: Signer,
    claimedUntil: number,
  ): Promise<void> {
    const { deadlineMs } = this.#webhooks;
    let stopped = false;
    for (const delivery of chain) {
      const outlasts = performance.now() + deadlineMs < claimedUntil - CLAIM_MARGIN_MS / 2;
      if (stopped || !outlasts) {
        stopped = true;
        this.#settled.push({ eventId: delivery.id, type: 'unsent' });
        continue;
      }
      stopped = !this.#judge(delivery, url, await this.#attempt(delivery, url, sign));
    }
  }

  /** A fault of ours must not hold up more than this one event, so it counts as a failed attempt. */
  async #attempt(delivery: DueDelivery, url: string, sign: Signer): Promise<AttemptOutcome> {
    try {
      const body = JSON.stringify(publicEvent(delivery));
      const headers = sign(delivery.id, body, new Date());
      const { deadlineMs } = this.#webhooks;
      return await tellEndpoint(delivery, this.#endpointId, () =>
        this.#poster.post({ url, body, headers, deadlineMs }),
      );
    } catch (error) {
      log.error('an event could not be sent', { eventId: delivery.id, error: String(error) });
      return { type: 'failed', error: 'internal' };
    }
  }

  /** Answers whether the payment's next event may go. */
  #judge(delivery: DueDelivery, url: string, outcome: AttemptOutcome): boolean {
    const verdict = verdictOf(outcome);
    const following = followingOf(verdict, delivery.attempts + 1);
    if (verdict === 'delivered') this.#delivered += 1;
    else {
      this.#failed += 1;
      this.#lastFailure = describeOutcome(outcome);
    }
    if (verdict === 'gone') this.#gone = url;
    this.#deps.meter?.eventSent(following.status === 'pending' ? 'failed' : following.status);
    const { timeScale } = this.#deps.settings;
    this.#settled.push({
      eventId: delivery.id,
      type: 'attempted',
      status: following.status,
      ...(following.status === 'pending' ? { waitMs: following.waitMs * timeScale } : {}),
      ...(outcome.type === 'answered' ? { statusCode: outcome.statusCode } : {}),
      ...(verdict === 'delivered' ? {} : { error: describeOutcome(outcome) }),
    });
    return following.status !== 'pending';
  }

  async #tick(): Promise<void> {
    const halfFree = new Promise<void>((resolve) => {
      this.#halfFree = this.#full ? resolve : () => undefined;
    });
    const nothingToWaitFor = this.#full && this.#inFlight.size <= CONCURRENCY / 2;
    if (!nothingToWaitFor) await Promise.race([delay(TICK_MS), halfFree]);
  }

  async report(): Promise<DeliverReport> {
    const { timeScale } = this.#deps.settings;
    const { nextDueInMs, ...outlook } = await outlookOf(this.#deps.db, this.#endpointId);
    const idleMs = Math.max(SHORTEST_REST_MS, IDLE_MS * timeScale);
    return {
      ...outlook,
      delivered: this.#delivered,
      failed: this.#failed,
      ...(this.#lastFailure === undefined ? {} : { lastFailure: this.#lastFailure }),
      restMs: Math.min(nextDueInMs ?? idleMs, idleMs),
    };
  }
}

const GONE_REASON = 'the endpoint answered 410 Gone';
