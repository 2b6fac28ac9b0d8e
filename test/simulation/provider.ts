import { type DeclineReason, type OperationOutcome, RETRY_ADVICE } from '../../domain/payment/outcome.ts';
import type { Answer, Charge, LookupAnswer, Request } from './charge.ts';
import { lookUp } from './look-up.ts';
import type { Posted } from './mail.ts';
import { Modifications } from './modifications.ts';
import type { Profile } from './profiles.ts';
import { Refunding } from './refunding.ts';
import type { World } from './world.ts';

interface KeptKey {
  readonly expiresAtMs: number;
  /** Absent while the request is being worked on. */
  answer: Answer | undefined;
}

const REASONS = Object.keys(RETRY_ADVICE) as readonly DeclineReason[];
/** Those after which another provider is asked. */
const SOFT_REASONS = REASONS.filter((reason) => RETRY_ADVICE[reason] === 'retry_other_provider');

/**
 * A provider that keeps what its profile promises and nothing more: keys replay inside their window, an
 * effect comes within `slowestMs` of its request, look-ups lag, webhooks tell. What it does beyond that
 * (a success after its own decline) is marked late on the charge.
 */
export class Provider {
  readonly profile: Profile;
  readonly world: World;
  readonly charges = new Map<string, Charge>();
  readonly #keys = new Map<string, KeptKey>();
  readonly refunds: Refunding;
  readonly #modifications: Modifications;
  #number = 0;

  constructor(world: World, profile: Profile) {
    this.world = world;
    this.profile = profile;
    this.#modifications = new Modifications(this);
    this.refunds = new Refunding(this);
  }

  get nowMs(): number {
    return this.world.clock(this.profile.step.accountId);
  }

  nextReference(): string {
    this.#number += 1;
    return `${this.profile.step.accountId}_${this.#number}`;
  }

  /** A request has arrived. Its answer comes when its effect has been decided. */
  receive(request: Request, reply: (answer: Answer) => void): void {
    const { step, slowestMs } = this.profile;
    const kept = step.replaysByKey ? this.#keys.get(request.key) : undefined;
    if (kept !== undefined && this.nowMs < kept.expiresAtMs) {
      reply(kept.answer ?? answered({ type: 'unknown', cause: 'conflict' }));
      return;
    }
    const key: KeptKey = { expiresAtMs: this.nowMs + step.keyWindowMs, answer: undefined };
    if (step.replaysByKey) this.#keys.set(request.key, key);
    const finish = () => {
      const { answer, keep } = this.#execute(request);
      if (keep) key.answer = answer;
      else this.#keys.delete(request.key);
      reply(answer);
    };
    const { random } = this.world;
    if (slowestMs > 0 && random.chance(0.05)) this.world.timeline.after(random.magnitude(slowestMs), finish);
    else finish();
  }

  isKept({ key }: Request): boolean {
    return this.#keys.has(key);
  }

  keep(request: Request, answer: Answer): void {
    const { replaysByKey, keyWindowMs } = this.profile.step;
    if (replaysByKey) this.#keys.set(request.key, { expiresAtMs: this.nowMs + keyWindowMs, answer });
  }

  lookUp(request: Request, byReferenceOnly: boolean): LookupAnswer {
    return lookUp(this, request, byReferenceOnly);
  }

  #execute(request: Request): { answer: Answer; keep: boolean } {
    if (request.kind === 'refund') return this.refunds.execute(request);
    if (request.kind !== 'authorize' && request.kind !== 'sale') return this.#modifications.execute(request);
    const { world } = this;
    const fate = world.fateOfCharge();
    if (world.tracing) world.note(`${this.profile.step.accountId} executes ${request.operationId}: ${fate}`);
    const existing = this.charges.get(request.attemptId);
    // Without keys, a second request under the same reference is a second charge, and no fate can excuse it.
    if (existing?.real === true) world.checks.secondEffect(existing, request.operationId);
    switch (fate) {
      case 'approved':
        return kept(this.#approve(this.#make(request)));
      case 'declined':
        return this.#decline(request);
      case 'rejected':
        return { answer: rejected('request_refused'), keep: false };
      case 'challenge':
        return kept(this.#challenge(this.#make(request)));
      case 'pending':
        return kept(this.#settleLater(this.#make(request)));
      case 'failsBefore':
        return { answer: serverError(), keep: world.random.chance(0.5) };
      case 'failsAfter':
        this.#approve(this.#make(request));
        return kept(serverError());
      case 'swallowed':
        this.#comeToLife(request);
        return { answer: serverError(), keep: false };
    }
  }

  #make(request: Request): Charge {
    const charge: Charge = {
      attemptId: request.attemptId,
      attemptNumber: request.attemptNumber,
      accountId: this.profile.step.accountId,
      providerReference: this.nextReference(),
      amountMinor: request.amountMinor,
      sale: request.kind === 'sale',
      createdAtMs: this.nowMs,
      state: 'pending',
      late: false,
      real: false,
      capturedMinor: 0,
      refundedMinor: 0,
      captures: new Map(),
      refunds: new Map(),
      outside: new Map(),
    };
    this.charges.set(request.attemptId, charge);
    return charge;
  }

  #approve(charge: Charge, posted: Posted = 'usual'): Answer {
    const { world } = this;
    charge.state = charge.sale ? 'captured' : 'authorized';
    charge.real = true;
    if (charge.sale) charge.capturedMinor = charge.amountMinor;
    world.checks.charged(charge);
    const { providerReference, amountMinor, attemptId } = charge;
    const outcome: OperationOutcome = {
      type: charge.sale ? 'captured' : 'authorized',
      providerReference,
      amountMinor,
      currency: world.currency,
      ...(charge.sale || !this.profile.step.canLookup
        ? {}
        : { captureBeforeMs: this.nowMs + this.profile.lifetimeMs }),
    };
    world.mail.post(this, { kind: 'authorize', reference: attemptId, outcome, amountMinor }, charge, posted);
    if (!charge.sale) world.timeline.after(this.profile.lifetimeMs, () => this.#modifications.expire(charge));
    return answered(outcome);
  }

  #decline(request: Request): { answer: Answer; keep: boolean } {
    const { world } = this;
    const charge = this.#make(request);
    const outcome = this.#refuse(charge);
    if (world.random.chance(world.weather.lateSuccess))
      world.timeline.after(world.random.magnitude(86_400_000), () => {
        if (charge.state !== 'declined') return;
        charge.late = true;
        this.#approve(charge, 'certain');
      });
    return kept({ outcome, refused: this.profile.declinesAre4xx });
  }

  #refuse(charge: Charge): OperationOutcome {
    charge.state = 'declined';
    const reason = this.world.random.pick(this.world.aboutRefunds ? SOFT_REASONS : REASONS);
    const outcome: OperationOutcome = {
      type: 'declined',
      decline: { reason, providerCode: reason, message: reason },
      providerReference: charge.providerReference,
    };
    this.world.mail.post(this, { kind: 'authorize', reference: charge.attemptId, outcome }, charge);
    return outcome;
  }

  #challenge(charge: Charge): Answer {
    const { world } = this;
    charge.state = 'challenge';
    if (world.random.chance(0.4))
      world.timeline.after(world.random.magnitude(600_000), () => {
        if (charge.state !== 'challenge') return;
        if (world.random.chance(0.7)) this.#approve(charge);
        else this.#refuse(charge);
      });
    const { providerReference } = charge;
    const named = world.random.chance(0.5) || !this.profile.step.canVoidByReference;
    return answered({ type: 'requires_action', action: 'redirect', ...(named ? { providerReference } : {}) });
  }

  #settleLater(charge: Charge): Answer {
    const { world } = this;
    world.timeline.after(world.random.magnitude(3_600_000), () => {
      if (charge.state !== 'pending') return;
      if (world.random.chance(0.7)) this.#approve(charge);
      else this.#refuse(charge);
    });
    return answered({ type: 'pending', providerReference: charge.providerReference });
  }

  /** The request that an internal fault swallowed runs after all: in time, or long after. */
  #comeToLife(request: Request): void {
    const { world, profile } = this;
    const late = profile.slowestMs === 0 || world.random.chance(0.5);
    if (late && !world.random.chance(world.weather.lateSuccess)) return;
    const delayMs = late ? profile.slowestMs + world.random.magnitude(86_400_000) : profile.slowestMs / 2;
    world.timeline.after(delayMs, () => {
      // A resend under the same key came first, and is the one effect of that key.
      if (this.charges.has(request.attemptId) || this.isKept(request)) return;
      const charge = this.#make(request);
      charge.late = late;
      this.keep(request, this.#approve(charge, late ? 'certain' : 'usual'));
    });
  }
}

export function answered(outcome: OperationOutcome): Answer {
  return { outcome, refused: false };
}

export function rejected(code: string): Answer {
  return { outcome: { type: 'rejected', code, message: code }, refused: true };
}

export function serverError(): Answer {
  return answered({ type: 'unknown', cause: 'server_error' });
}

export function kept(answer: Answer): { answer: Answer; keep: boolean } {
  return { answer, keep: true };
}
