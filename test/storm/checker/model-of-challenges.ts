import { operationIdFor } from '../../../domain/names.ts';
import { Story, step } from './story.ts';
import { ACCOUNTS, AMOUNT, date, type Step } from './world.ts';

/** Payments whose payers had to act. */
export class ChallengeStory extends Story {
  /** Adyen asks for the payer; what their browser brought back is sent on as a second part, and money is held. */
  approved(): void {
    const world = this.world;
    const facts = { transStatus: 'Y', flow: 'challenge' };
    const authentication = { status: 'challenged', facts };
    const attemptId = world.attempt(this.id, 1, 'adyen', 'authorized', { authentication });
    const [authorize, details] = this.#demanded(attemptId);
    const detailsKey = world.operation(details, this.id, attemptId, 'authorize', { cause: 'returned_in_1' });
    const named = { reference: attemptId, idempotencyKey: detailsKey };
    world.arrival('adyen', { operation: 'authorize', ...named });
    world.effect('adyen', 'authorized', { ...named, providerReference: 'psp_1', authentication: facts });
    world.tables.inbox.push(this.#returned(attemptId));
    world.balance(this.id, 0, 0, 0);
    const chain = world.audit(this.id, this.id, [
      ...this.#awaited(attemptId, authorize),
      step('processing', { [details]: 'created' }),
      step('requires_capture', {
        [attemptId]: 'authorized',
        [authorize]: 'succeeded',
        [details]: 'succeeded',
      }),
    ]);
    this.row('requires_capture', chain, 0, AMOUNT);
  }

  /** Nobody came; the intent was canceled at the provider. */
  abandoned(): void {
    const world = this.world;
    const authentication = { status: 'abandoned', facts: {} };
    const attemptId = world.attempt(this.id, 1, 'adyen', 'voided', { authentication });
    const [authorize] = this.#demanded(attemptId);
    const undo = this.operationId(1, 'void');
    const key = world.operation(undo, this.id, attemptId, 'void', { cause: 'challenge_ended' });
    const named = { reference: attemptId, idempotencyKey: key };
    world.arrival('adyen', { operation: 'void', ...named });
    world.effect('adyen', 'canceled', { ...named, providerReference: 'psp_1' });
    world.balance(this.id, 0, 0, 0);
    const chain = world.audit(this.id, this.id, [
      ...this.#awaited(attemptId, authorize),
      step('processing', { [undo]: 'created' }),
      step('failed', { [attemptId]: 'voided', [authorize]: 'rejected', [undo]: 'succeeded' }),
    ]);
    this.row('failed', chain, 0);
  }

  #awaited(attemptId: string, authorize: string): Step[] {
    return [
      step('processing', { [attemptId]: 'created', [authorize]: 'created' }),
      step('requires_action', { [attemptId]: 'requires_action', [authorize]: 'pending' }),
    ];
  }

  /** The ids of the authorization, which has come to the payer, and of its second part. */
  #demanded(attemptId: string): [authorize: string, details: string] {
    const world = this.world;
    const authorize = this.operationId(1, 'authorize');
    const key = world.operation(authorize, this.id, attemptId, 'authorize');
    const named = { reference: attemptId, idempotencyKey: key };
    world.arrival('adyen', { operation: 'authorize', ...named });
    world.effect('adyen', 'requires_action', { ...named, providerReference: 'psp_1' });
    world.event(this.id, this.id, 'payment.requires_action');
    return [authorize, operationIdFor(this.id, 1, 'authorize', 2)];
  }

  #returned(attemptId: string) {
    return {
      id: `in_return_${this.number}`,
      account_id: ACCOUNTS.adyen,
      provider_event_id: `return_${attemptId}`,
      event_type: 'challenge.returned',
      reference: attemptId,
      summary: { redirectResult: 'once' },
      acknowledged_at: date(this.world.nowMs),
    };
  }
}
