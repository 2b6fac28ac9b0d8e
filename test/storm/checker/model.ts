import { attemptIdFor, refundOperationIdFor } from '../../../domain/names.ts';
import type { StormEvidence } from '../evidence-types.ts';
import { ChallengeStory } from './model-of-challenges.ts';
import { Story, step } from './story.ts';
import { ACCOUNTS, AMOUNT, type Step, World } from './world.ts';

/**
 * A tiny model of a sound run, for the checker's own tests: it writes what a storm leaves behind for payments
 * of a few fates, without any of the platform's code. Mutating what it writes must be noticed.
 */
export const FATES = [
  'sale',
  'failover',
  'resent',
  'held',
  'captured',
  'voided',
  'refunded',
  'late_success',
  'parked',
  'challenged',
  'abandoned',
] as const;
export type Fate = (typeof FATES)[number];

/** A whole sound run of payments with these fates. */
export function soundRun(fates: readonly Fate[]): StormEvidence {
  const world = new World();
  fates.forEach((fate, index) => {
    new PaymentStory(world, index + 1).live(fate);
  });
  return world.evidence();
}

class PaymentStory extends Story {
  live(fate: Fate): void {
    const stories: Readonly<Record<Fate, () => void>> = {
      sale: () => this.#sale(1),
      resent: () => this.#sale(2),
      failover: () => this.#failover(),
      held: () => this.#held([]),
      captured: () => this.#held(['captured']),
      voided: () => this.#held(['voided']),
      refunded: () => this.#refunded(),
      late_success: () => this.#lateSuccess(),
      parked: () => this.#parked(),
      challenged: () => new ChallengeStory(this.world, this.number).approved(),
      abandoned: () => new ChallengeStory(this.world, this.number).abandoned(),
    };
    stories[fate]();
  }

  /** Charged at once at Stripe; more than one send replays the first under its key. */
  #charge(sends: number): { attemptId: string; operationId: string } {
    const world = this.world;
    const attemptId = world.attempt(this.id, 1, 'stripe', 'captured');
    const operationId = this.operationId(1, 'sale');
    const key = world.operation(operationId, this.id, attemptId, 'sale', { sends });
    const named = { reference: attemptId, idempotencyKey: key };
    world.arrival('stripe', { operation: 'authorize', ...named });
    world.effect('stripe', 'authorized', { ...named, providerReference: `pi_${this.number}` });
    world.effect('stripe', 'captured', { ...named, providerReference: `ch_${this.number}` });
    for (let send = 1; send < sends; send += 1)
      world.arrival('stripe', { operation: 'authorize', ...named, replay: true });
    this.post('capture', 'provider_receivable/pa_demo_stripe', 'merchant_payable/mer_demo');
    return { attemptId, operationId };
  }

  #saleSteps(attemptId: string, operationId: string): Step[] {
    return [
      step('processing', { [attemptId]: 'created', [operationId]: 'created' }),
      step('succeeded', { [attemptId]: 'captured', [operationId]: 'succeeded' }),
    ];
  }

  #sale(sends: number): void {
    const { attemptId, operationId } = this.#charge(sends);
    const chain = this.world.audit(this.id, this.id, this.#saleSteps(attemptId, operationId));
    this.world.balance(this.id, AMOUNT, 0, 0);
    this.row('succeeded', chain, AMOUNT);
  }

  #declined(): { attemptId: string; operationId: string } {
    const world = this.world;
    const attemptId = world.attempt(this.id, 1, 'stripe', 'declined');
    const operationId = this.operationId(1, 'sale');
    const key = world.operation(operationId, this.id, attemptId, 'sale', { status: 'declined' });
    const named = { reference: attemptId, idempotencyKey: key };
    world.arrival('stripe', { operation: 'authorize', ...named });
    world.effect('stripe', 'declined', { ...named, providerReference: `pi_${this.number}` });
    return { attemptId, operationId };
  }

  /** Declined by Stripe, then authorized and captured by Adyen. */
  #failover(): void {
    const world = this.world;
    const first = this.#declined();
    const second = attemptIdFor(this.id, 2);
    const authorize = this.operationId(2, 'authorize');
    const capture = this.operationId(2, 'capture');
    const chain = world.audit(this.id, this.id, [
      step('processing', { [first.attemptId]: 'created', [first.operationId]: 'created' }),
      step('processing', {
        [first.attemptId]: 'declined',
        [second]: 'created',
        [first.operationId]: 'declined',
        [authorize]: 'created',
      }),
      step('processing', { [second]: 'authorized', [authorize]: 'succeeded', [capture]: 'created' }),
      step('succeeded', { [second]: 'captured', [capture]: 'succeeded' }),
    ]);
    world.attempt(this.id, 2, 'adyen', 'captured');
    const authorizeKey = world.operation(authorize, this.id, second, 'authorize');
    world.arrival('adyen', { operation: 'authorize', reference: second, idempotencyKey: authorizeKey });
    const psp = { providerReference: `psp_${this.number}` };
    world.effect('adyen', 'authorized', { reference: second, idempotencyKey: authorizeKey, ...psp });
    const captureKey = world.operation(capture, this.id, second, 'capture');
    const captured = { reference: second, idempotencyKey: captureKey, operationReference: capture };
    world.arrival('adyen', { operation: 'capture', ...captured });
    world.effect('adyen', 'captured', { ...captured, providerReference: `mod_${this.number}` });
    this.post('capture', 'provider_receivable/pa_demo_adyen', 'merchant_payable/mer_demo');
    world.balance(this.id, AMOUNT, 0, 0);
    this.row('succeeded', chain, AMOUNT);
  }

  /** Authorized, and then whatever the merchant did about it. */
  #held(then: readonly ('captured' | 'voided')[]): void {
    const world = this.world;
    const [did] = then;
    const attemptId = world.attempt(this.id, 1, 'stripe', did ?? 'authorized');
    const authorize = this.operationId(1, 'authorize');
    const key = world.operation(authorize, this.id, attemptId, 'authorize');
    const named = { reference: attemptId, idempotencyKey: key, providerReference: `pi_${this.number}` };
    world.arrival('stripe', { operation: 'authorize', ...named });
    world.effect('stripe', 'authorized', named);
    const steps: Step[] = [
      step('processing', { [attemptId]: 'created', [authorize]: 'created' }),
      step('requires_capture', { [attemptId]: 'authorized', [authorize]: 'succeeded' }),
    ];
    if (did !== undefined) this.#modify(did, attemptId, steps);
    const status = did === undefined ? 'requires_capture' : did === 'captured' ? 'succeeded' : 'canceled';
    const captured = did === 'captured' ? AMOUNT : 0;
    world.balance(this.id, captured, 0, 0);
    this.row(status, world.audit(this.id, this.id, steps), captured, AMOUNT);
  }

  #modify(did: 'captured' | 'voided', attemptId: string, steps: Step[]): void {
    const world = this.world;
    const kind = did === 'captured' ? 'capture' : 'void';
    const operationId = this.operationId(1, kind);
    const key = world.operation(operationId, this.id, attemptId, kind, { cause: 'req_1' });
    world.arrival('stripe', { operation: kind, reference: attemptId, idempotencyKey: key });
    world.effect('stripe', did, { reference: attemptId, idempotencyKey: key, providerReference: 'x' });
    if (did === 'captured')
      this.post('capture', 'provider_receivable/pa_demo_stripe', 'merchant_payable/mer_demo');
    steps.push(
      step('processing', { [operationId]: 'created' }),
      step(did === 'captured' ? 'succeeded' : 'canceled', { [attemptId]: did, [operationId]: 'succeeded' }),
    );
  }

  /** Charged, and 400 of it refunded in two refunds. */
  #refunded(): void {
    const world = this.world;
    const { attemptId, operationId } = this.#charge(1);
    const chain = world.audit(this.id, this.id, this.#saleSteps(attemptId, operationId));
    for (const part of [1, 2]) this.#refund(part, attemptId);
    world.balance(this.id, AMOUNT, 400, 400);
    this.row('succeeded', chain, AMOUNT);
    for (const { id } of world.tables.refund.filter((row) => row.payment_id === this.id))
      world.event(String(id), this.id, 'refund.succeeded');
  }

  #refund(part: number, attemptId: string): void {
    const world = this.world;
    const refundId = `ref_${world.stem('r', this.number * 10 + part)}`;
    const operationId = refundOperationIdFor(this.id, refundId, 1);
    const amount = { amount_minor: '200' };
    const key = world.operation(operationId, this.id, attemptId, 'refund', {
      owner_id: refundId,
      ...amount,
    });
    const named = {
      reference: attemptId,
      idempotencyKey: key,
      operationReference: operationId,
      amountMinor: 200,
    };
    world.arrival('stripe', { operation: 'refund', ...named });
    world.effect('stripe', 'refunded', { ...named, providerReference: `re_${refundId}` });
    this.post('refund', 'merchant_payable/mer_demo', 'provider_receivable/pa_demo_stripe', 200);
    world.reserve(refundId, this.id, 200);
    const chain = world.audit(refundId, this.id, [
      step('pending', { [operationId]: 'created' }),
      step('succeeded', { [operationId]: 'succeeded' }),
    ]);
    world.tables.refund.push({
      id: refundId,
      payment_id: this.id,
      attempt_id: attemptId,
      account_id: ACCOUNTS.stripe,
      status: 'succeeded',
      generation: 1,
      currency: 'USD',
      ...amount,
      ...chain,
    });
    const body = { object: 'refund', id: refundId, status: 'succeeded', amount: 200 };
    world.told(`/v1/payments/${this.id}/refunds`, `refund-${refundId}`, body);
  }

  /** Declined, told as failed, charged after all, and given back. */
  #lateSuccess(): void {
    const world = this.world;
    const { attemptId, operationId } = this.#declined();
    const undo = this.operationId(1, 'refund');
    Object.assign(world.tables.attempt.at(-1) ?? {}, { status: 'refunded', undoing: true });
    world.effect('stripe', 'authorized', { reference: attemptId, providerReference: `pi_${this.number}` });
    world.effect('stripe', 'captured', { reference: attemptId, providerReference: `ch_${this.number}` });
    const key = world.operation(undo, this.id, attemptId, 'refund', { cause: 'late_success' });
    const named = { reference: attemptId, idempotencyKey: key, operationReference: undo };
    world.arrival('stripe', { operation: 'refund', ...named });
    world.effect('stripe', 'refunded', { ...named, providerReference: `re_${this.number}` });
    this.post('late_success', 'provider_receivable/pa_demo_stripe', 'suspense/mer_demo');
    this.post('late_success_undone', 'suspense/mer_demo', 'provider_receivable/pa_demo_stripe');
    world.reserve(attemptId, this.id, AMOUNT);
    world.balance(this.id, AMOUNT, AMOUNT, 0);
    const chain = world.audit(this.id, this.id, [
      step('processing', { [attemptId]: 'created', [operationId]: 'created' }),
      step('failed', { [attemptId]: 'declined', [operationId]: 'declined' }),
      step('failed', { [attemptId]: 'captured', [undo]: 'created' }),
      step('failed', { [attemptId]: 'refunded', [undo]: 'succeeded' }),
    ]);
    this.row('failed', chain, 0);
  }

  /** Sent, never answered, and a person has been told. */
  #parked(): void {
    const world = this.world;
    const attemptId = world.attempt(this.id, 1, 'stripe', 'unknown');
    const operationId = this.operationId(1, 'sale');
    const open = { status: 'unknown', closed_at: null };
    const key = world.operation(operationId, this.id, attemptId, 'sale', open);
    world.arrival('stripe', { operation: 'authorize', reference: attemptId, idempotencyKey: key });
    world.exception('unknown_outcome_parked', operationId, this.id);
    world.balance(this.id, 0, 0, 0);
    const chain = world.audit(this.id, this.id, [
      step('processing', { [attemptId]: 'created', [operationId]: 'created' }),
      step('requires_review', { [attemptId]: 'unknown', [operationId]: 'unknown' }),
    ]);
    this.row('requires_review', chain, 0);
  }
}
