import { isRefundId } from '../../domain/names.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Answer, Charge, RefundEffect, Request } from './charge.ts';
import { refundFailed } from './look-up.ts';
import type { Posted } from './mail.ts';
import { answered, kept, type Provider, rejected, serverError } from './provider.ts';

type Execution = { answer: Answer; keep: boolean };

/**
 * Refunds at a model provider: made at once or settled later, refused, taken back after they succeeded, made
 * after they had failed, and made by somebody else. Some providers let more be refunded than was captured, so
 * that only our own bound holds.
 */
export class Refunding {
  readonly #provider: Provider;

  constructor(provider: Provider) {
    this.#provider = provider;
  }

  get #immediate(): boolean {
    return this.#provider.profile.modifications === 'immediate';
  }

  execute(request: Request): Execution {
    const { world } = this.#provider;
    const charge = this.#provider.charges.get(request.attemptId);
    world.refundChecks.asked(request);
    const { refusals, faults } = world.weather;
    if (charge === undefined || world.random.chance(refusals * 0.5))
      return { answer: rejected('request_refused'), keep: false };
    const fails = world.random.chance(faults.serverError);
    if (fails && world.random.chance(0.7)) return this.#swallow(request, charge);
    const answer = this.#immediate ? this.#now(request, charge) : this.#received(request, charge);
    // An error answer is kept for its key only where the effect is too; a refusal never is.
    if (fails && !answer.refused) return kept(serverError());
    return { answer, keep: !answer.refused };
  }

  /** An internal fault: nothing comes of the request, or it runs after all, in time or long after. */
  #swallow(request: Request, charge: Charge): Execution {
    const { world, profile } = this.#provider;
    const execution = { answer: serverError(), keep: world.random.chance(0.3) };
    const late = profile.slowestMs === 0 || world.random.chance(0.7);
    if (execution.keep || !world.random.chance(late ? world.weather.lateSuccess : 0.3)) return execution;
    const delayMs = late
      ? 6 * profile.step.visibilityHorizonMs + 120_000 + world.random.magnitude(86_400_000)
      : world.random.magnitude(profile.slowestMs / 2);
    world.timeline.after(delayMs, () => {
      // A resend under the same key came first, and is the one effect of that key.
      if (charge.refunds.has(request.operationId) || this.#provider.isKept(request)) return;
      if (late && !this.#mayBeLate(request, charge)) return;
      const effect = this.#effect(request, charge, late);
      if (this.#fits(request, charge)) this.#make(request, charge, effect, 'certain');
      else effect.state = 'refused';
      this.#provider.keep(request, effect.made ? answered(refunded(effect)) : rejected('refund_refused'));
    });
    return execution;
  }

  #effect(request: Request, charge: Charge, late: boolean): RefundEffect {
    const { amountMinor, operationId, ownerId } = request;
    this.#provider.world.refundChecks.begun(charge, request, late);
    const effect: RefundEffect = {
      amountMinor,
      ownerId,
      state: 'pending',
      late,
      made: false,
      providerReference: this.#provider.nextReference(),
    };
    charge.refunds.set(operationId, effect);
    return effect;
  }

  #fits({ amountMinor }: Request, charge: Charge): boolean {
    return !this.#immediate || charge.refundedMinor + amountMinor <= charge.capturedMinor;
  }

  #now(request: Request, charge: Charge): Answer {
    const { world } = this.#provider;
    if (!this.#fits(request, charge) || world.random.chance(world.weather.refusals))
      return rejected('refund_refused');
    if (world.random.chance(0.2)) return this.#received(request, charge);
    const effect = this.#effect(request, charge, false);
    this.#make(request, charge, effect);
    return answered(refunded(effect));
  }

  /** Accepted; what becomes of it is told later. */
  #received(request: Request, charge: Charge): Answer {
    const { world } = this.#provider;
    const effect = this.#effect(request, charge, false);
    world.timeline.after(world.random.magnitude(world.random.pick([30_000, 3 * 86_400_000])), () => {
      if (this.#fits(request, charge) && !world.random.chance(world.weather.refusals))
        this.#make(request, charge, effect);
      else this.#refuse(request, charge, effect);
    });
    return answered({ type: 'pending', providerReference: effect.providerReference });
  }

  #make(request: Request, charge: Charge, effect: RefundEffect, posted: Posted = 'usual'): void {
    const { world } = this.#provider;
    if (world.tracing) world.note(`${charge.accountId} makes ${request.operationId}`);
    effect.state = 'done';
    effect.made = true;
    charge.refundedMinor += effect.amountMinor;
    this.#tell(request, charge, effect, refunded(effect), posted);
    const { takenBack, hardships } = world.weather;
    if (this.#provider.profile.webhookIs === 'hint' && hardships.has('outsideInTotals'))
      this.#tellTotal(charge);
    if (!world.random.chance(takenBack * 2)) return;
    if (!isRefundId(effect.ownerId) && !hardships.has('undoTakenBack')) return;
    world.timeline.after(world.random.magnitude(3 * 86_400_000), () =>
      this.#takeBack(request, charge, effect),
    );
  }

  #takeBack(request: Request, charge: Charge, effect: RefundEffect): void {
    const { world } = this.#provider;
    if (world.tracing) world.note(`${charge.accountId} takes ${request.operationId} back`);
    effect.state = 'undone';
    charge.refundedMinor -= effect.amountMinor;
    this.#tell(request, charge, effect, refundFailed(effect.providerReference), 'certain');
  }

  #refuse(request: Request, charge: Charge, effect: RefundEffect): void {
    const { world } = this.#provider;
    effect.state = 'refused';
    const { lateSuccess, hardships } = world.weather;
    const refusal: OperationOutcome = {
      type: 'rejected',
      code: 'refund_refused',
      message: 'not carried out',
    };
    const overtakes = hardships.has('successOvertakesRefusal');
    this.#tell(request, charge, effect, refusal, overtakes ? 'usual' : 'prompt');
    if (!world.random.chance(lateSuccess)) return;
    world.timeline.after((overtakes ? 0 : 5_000) + world.random.magnitude(86_400_000), () => {
      if (!this.#mayBeLate(request, charge)) return;
      effect.late = true;
      this.#make(request, charge, effect, 'certain');
    });
  }

  #mayBeLate({ ownerId }: Request, charge: Charge): boolean {
    const others = [...charge.refunds.values()].filter((effect) => effect.ownerId === ownerId);
    const twice = isRefundId(ownerId) ? 'lateTwice' : 'undoLateTwice';
    return this.#provider.world.weather.hardships.has(twice) || !others.some(({ late }) => late);
  }

  #tell(
    request: Request,
    charge: Charge,
    { amountMinor, providerReference }: RefundEffect,
    outcome: OperationOutcome,
    posted: Posted,
  ): void {
    const { world, profile } = this.#provider;
    // The name that we gave the refund stands outside of what some providers sign, or is left out.
    const nameless =
      world.weather.hardships.has('namelessLetters') &&
      profile.webhookIs === 'evidence' &&
      world.random.chance(0.3);
    const reference = nameless ? request.attemptId : request.operationId;
    const event = { kind: 'refund' as const, reference, outcome, amountMinor, providerReference };
    world.mail.post(this.#provider, event, charge, posted);
  }

  /** Some providers only hint at the total of what was refunded, whoever did it. */
  #tellTotal(charge: Charge): void {
    const { attemptId: reference, refundedMinor: amountMinor } = charge;
    const outcome: OperationOutcome = { type: 'refunded', providerReference: '', amountMinor };
    const event = { kind: 'refund' as const, reference, outcome, amountMinor };
    this.#provider.world.mail.post(this.#provider, event, charge, 'certain');
  }

  /** Somebody refunds a part of it from the provider's dashboard. */
  makeOutside(charge: Charge): void {
    const { world, profile } = this.#provider;
    const left = charge.capturedMinor - charge.refundedMinor;
    const untold = profile.webhookIs === 'hint' && !world.weather.hardships.has('outsideInTotals');
    if (left <= 0 || untold) return;
    const attempt = world.database.payment?.attempts.find((each) => each.id === charge.attemptId);
    const counts = attempt !== undefined && attempt.capturedMinor > 0 && !attempt.undoing;
    if (!counts && !world.weather.hardships.has('outsideWhileUndoing')) return;
    const amountMinor = world.random.between(1, left);
    const providerReference = this.#provider.nextReference();
    charge.outside.set(providerReference, amountMinor);
    charge.refundedMinor += amountMinor;
    if (world.tracing) world.note(`${charge.accountId}: ${amountMinor} refunded from outside`);
    if (profile.webhookIs === 'hint') {
      this.#tellTotal(charge);
      return;
    }
    const outcome: OperationOutcome = { type: 'refunded', providerReference, amountMinor };
    const event = { kind: 'refund' as const, reference: charge.attemptId, outcome, amountMinor };
    world.mail.post(this.#provider, { ...event, providerReference }, charge, 'certain');
  }
}

function refunded({ providerReference, amountMinor }: RefundEffect): OperationOutcome {
  return { type: 'refunded', providerReference, amountMinor };
}
