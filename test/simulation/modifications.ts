import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Answer, Charge, Request } from './charge.ts';
import type { Posted } from './mail.ts';
import { answered, kept, type Provider, rejected, serverError } from './provider.ts';

type Kind = 'capture' | 'void';

/** Captures and voids of a model provider: done at once, or received and settled by webhook. Refunds are in refunding.ts. */
export class Modifications {
  readonly #provider: Provider;

  constructor(provider: Provider) {
    this.#provider = provider;
  }

  execute(request: Request): { answer: Answer; keep: boolean } {
    const { world, profile } = this.#provider;
    const charge = this.#provider.charges.get(request.attemptId);
    const { refusals } = world.weather;
    if (world.random.chance(refusals * 0.5)) return { answer: rejected('request_refused'), keep: false };
    const fails = world.random.chance(world.weather.faults.serverError * 0.5);
    if (fails && world.random.chance(0.5)) return { answer: serverError(), keep: world.random.chance(0.5) };
    const answer =
      profile.modifications === 'immediate' ? this.#perform(request, charge) : this.#receive(request, charge);
    // An error answer is kept for its key only where the effect is too; a refusal never is.
    if (fails && !answer.refused) return kept(serverError());
    return { answer, keep: !answer.refused };
  }

  #receive(request: Request, charge: Charge | undefined): Answer {
    const { world } = this.#provider;
    if (charge === undefined && !request.byReference) return rejected('no_such_payment');
    if (request.kind === 'capture')
      charge?.captures.set(request.operationId, { amountMinor: request.amountMinor, state: 'pending' });
    world.timeline.after(world.random.magnitude(30_000), () => {
      const settled = this.#perform(request, this.#provider.charges.get(request.attemptId));
      this.#tell(request, settled.outcome);
    });
    return answered({ type: 'pending', providerReference: this.#provider.nextReference() });
  }

  #tell(request: Request, outcome: OperationOutcome, posted: Posted = 'usual'): void {
    const { world } = this.#provider;
    const kind = request.kind as Kind;
    const charge = this.#provider.charges.get(request.attemptId);
    const money = kind === 'void' ? {} : { amountMinor: request.amountMinor };
    const event = { kind, reference: request.operationId, outcome, ...money };
    world.mail.post(this.#provider, event, charge, posted);
  }

  #perform(request: Request, charge: Charge | undefined): Answer {
    const { world } = this.#provider;
    if (world.tracing)
      world.note(
        `${this.#provider.profile.step.accountId} performs ${request.operationId} on ${charge?.state}`,
      );
    return request.kind === 'capture' ? this.#capture(request, charge) : this.#void(request, charge);
  }

  #capture(request: Request, charge: Charge | undefined): Answer {
    const { world } = this.#provider;
    const { operationId, amountMinor } = request;
    const fits = charge?.state === 'authorized' && charge.capturedMinor + amountMinor <= charge.amountMinor;
    if (charge === undefined || !fits || world.random.chance(world.weather.refusals)) {
      charge?.captures.set(operationId, { amountMinor, state: 'refused' });
      return rejected('capture_refused');
    }
    world.checks.once(charge.captures.get(operationId), operationId);
    const effect = { amountMinor, state: 'done' as 'done' | 'undone' };
    charge.captures.set(operationId, effect);
    charge.capturedMinor += amountMinor;
    const whole = charge.capturedMinor === charge.amountMinor;
    if (whole || (request.finalCapture && this.#immediate)) charge.state = 'captured';
    if (this.#immediate) this.#hintOfCapture(charge);
    if (!this.#immediate && world.random.chance(world.weather.takenBack))
      world.timeline.after(world.random.magnitude(86_400_000), () => {
        effect.state = 'undone';
        charge.capturedMinor -= amountMinor;
        this.#tell(request, takenBack(), 'certain');
      });
    return answered(captured(charge.providerReference, amountMinor, world.currency));
  }

  get #immediate(): boolean {
    return this.#provider.profile.modifications === 'immediate';
  }

  #hintOfCapture(charge: Charge): void {
    const { world } = this.#provider;
    const outcome = captured(charge.providerReference, charge.capturedMinor, world.currency);
    const { attemptId: reference, capturedMinor: amountMinor } = charge;
    world.mail.post(this.#provider, { kind: 'authorize', reference, outcome, amountMinor }, charge);
  }

  #void(request: Request, charge: Charge | undefined): Answer {
    if (charge === undefined) return rejected('nothing_to_void');
    const open =
      (charge.state === 'authorized' && charge.capturedMinor === 0) ||
      charge.state === 'challenge' ||
      // An intent whose payment was declined is canceled like one that waits for its payer.
      (this.#immediate && charge.state === 'declined' && !request.byReference);
    if (open) {
      charge.state = 'canceled';
      if (this.#immediate) this.#hintOfVoid(charge);
    }
    const gone = this.#immediate && (charge.state === 'canceled' || charge.state === 'expired');
    if (!open && !gone) return rejected('void_refused');
    return answered({ type: 'voided', providerReference: charge.providerReference });
  }

  #hintOfVoid(charge: Charge): void {
    const outcome: OperationOutcome = { type: 'voided', providerReference: charge.providerReference };
    const { attemptId: reference } = charge;
    this.#provider.world.mail.post(this.#provider, { kind: 'authorize', reference, outcome }, charge);
  }

  /** What is still held when an authorization runs out goes back. */
  expire(charge: Charge): void {
    if (charge.state !== 'authorized') return;
    charge.state = 'expired';
    const { world } = this.#provider;
    if (world.tracing) world.note(`${charge.accountId} lets ${charge.attemptId} lapse`);
    world.checks.lapsed(charge);
    this.#hintOfVoid(charge);
  }
}

function captured(providerReference: string, amountMinor: number, currency: string): OperationOutcome {
  return { type: 'captured', providerReference, amountMinor, currency };
}

function takenBack(): OperationOutcome {
  const decline = {
    reason: 'processing_error',
    providerCode: 'CAPTURE_FAILED',
    message: 'taken back',
  } as const;
  return { type: 'declined', decline };
}
