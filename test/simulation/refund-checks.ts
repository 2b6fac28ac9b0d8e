import { isRefundId } from '../../domain/names.ts';
import type { Payment } from '../../domain/payment/payment.ts';
import { MANUAL, type Refund } from '../../domain/refund/refund.ts';
import { RESTING } from '../../domain/refund/states.ts';
import type { RefundTransition } from '../../domain/refund/transition.ts';
import { type Charge, type RefundEffect, type Request, takenMinor } from './charge.ts';
import { insist } from './violation.ts';
import type { World } from './world.ts';

/** Exceptions that say: this refund is not what we take it for, and a person knows. */
const EXCUSES: readonly string[] = [
  'unknown_outcome_parked',
  'pending_overdue',
  'refund_excess',
  'contradiction',
];
/** Exceptions that keep a refund in review. */
const REVIEWS: readonly string[] = [...EXCUSES, 'manual_refund', 'refund_reversed'];

/** Judges refunds from outside, as checks.ts judges charges. */
export class RefundChecks {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** A request for a refund has come to the provider. */
  asked({ ownerId, attemptId, operationId, amountMinor }: Request): void {
    const { reservations } = this.#world.database;
    const reservation = reservations.get(isRefundId(ownerId) ? ownerId : attemptId);
    const held = reservation?.released === false ? reservation.amountMinor : 0;
    insist(held >= amountMinor, 'I5', () => `${operationId} refunds ${amountMinor} with ${held} reserved`);
  }

  /** The provider begins to carry one out. What it does late, it does against its own word. */
  begun(charge: Charge, request: Request, late: boolean): void {
    if (late) return;
    const { ownerId, operationId, amountMinor } = request;
    insist(!charge.refunds.has(operationId), 'I1', () => `${operationId} had its effect twice`);
    let counted = amountMinor;
    for (const [id, effect] of charge.refunds) {
      if (effect.late || (effect.state !== 'done' && effect.state !== 'pending')) continue;
      counted += effect.amountMinor;
      insist(effect.ownerId !== ownerId, 'I1', () => `${operationId} refunds what ${id} refunds already`);
    }
    const taken = takenMinor(charge);
    insist(counted <= taken, 'I5', () => `${operationId} makes it ${counted} refunded of ${taken} captured`);
  }

  /** A step has been written: nothing may be told that has not happened, and nothing is released too early. */
  written({ refund, operations }: RefundTransition): void {
    const charge = this.#chargeOf(refund);
    for (const { id, status, outcome } of operations) {
      const effect = charge?.refunds.get(id);
      const unmade = status === 'not_attempted' || status === 'rejected' || status === 'declined';
      const alive = effect?.late === false && (effect.state === 'done' || effect.state === 'pending');
      insist(
        !unmade || !alive,
        'I4',
        () => `${id} is ${effect?.state}, yet proven not made: ${outcome?.type}`,
      );
    }
    const { countedOperationId: counted } = refund;
    const made = counted === undefined || counted === MANUAL || charge?.refunds.get(counted)?.made === true;
    insist(made, 'I3', () => `${refund.id} is ${refund.status} by ${counted}, which was never made`);
    const given = refund.status === 'failed' || refund.status === 'canceled' || refund.outsideBound;
    const released = this.#world.database.reservations.get(refund.id)?.released;
    insist(
      released === given,
      'I5',
      () => `${refund.id} is ${refund.status}, its amount ${released === true ? 'released' : 'reserved'}`,
    );
  }

  atQuiescence(payment: Payment): void {
    for (const { state } of this.#world.database.refunds.values()) {
      if (state === undefined) continue;
      this.#restsSomewhere(state);
      this.#isOnce(state);
      this.#isTrue(state);
    }
    this.#balanceAgrees(payment);
  }

  #restsSomewhere(refund: Refund): void {
    const open = refund.operations.find((operation) => !operation.closed);
    const owned = this.#isOpen(refund, REVIEWS);
    insist(open === undefined || owned, 'I9', () => `${open?.id} is ${open?.status} and nobody's`);
    const rests =
      RESTING[refund.status] || (refund.status === 'requires_review' && owned) || open !== undefined;
    insist(rests, 'I9', () => `${refund.id} is ${refund.status} for ever`);
  }

  /** Made once, or a person knows that it was made too often. */
  #isOnce(refund: Refund): void {
    const made = this.#effectsOf(refund).filter((effect) => effect.state === 'done');
    const known = this.#isOpen(refund, ['refund_excess', 'unknown_outcome_parked', 'pending_overdue']);
    insist(made.length <= 1 || known, 'I1', () => `${refund.id} was made ${made.length} times`);
  }

  #isTrue(refund: Refund): void {
    const counted = this.#counted(refund);
    const made = this.#effectsOf(refund).some((effect) => effect.state === 'done');
    const claimed = refund.countedOperationId === MANUAL ? made : counted?.state === 'done';
    const told = refund.countedOperationId !== undefined && refund.countedOperationId !== MANUAL;
    insist(
      (told ? claimed === true : !made) || this.excuses(refund),
      'I2',
      () => `${refund.id} is ${refund.status}; at the provider it is ${made ? 'made' : 'not made'}`,
    );
  }

  #balanceAgrees(payment: Payment): void {
    const { balance, refunds } = this.#world.database;
    // What others gave back of a late success is its undoing's, which reserved it.
    const outside = payment.attempts.reduce((sum, each) => sum + (each.undoing ? 0 : each.refundedMinor), 0);
    let refundedMinor = 0;
    let externalMinor = outside;
    for (const { state } of refunds.values()) {
      if (state === undefined) continue;
      const counted = state.countedOperationId === undefined ? 0 : state.amountMinor;
      if (state.outsideBound) externalMinor += counted;
      else refundedMinor += counted;
      externalMinor += state.excessMinor;
    }
    insist(
      balance.refundedMinor === refundedMinor && balance.externalMinor === externalMinor,
      'I5',
      () =>
        `balance ${balance.refundedMinor} + ${balance.externalMinor} outside; refunds ${refundedMinor} + ${externalMinor}`,
    );
  }

  /** What our books say that refunds took of an attempt, at its provider. */
  bookedMinor(attemptId: string): number {
    let booked = 0;
    for (const { state } of this.#world.database.refunds.values()) {
      if (state?.attemptId !== attemptId) continue;
      const counted = state.countedOperationId;
      booked += state.excessMinor + (counted === undefined || counted === MANUAL ? 0 : state.amountMinor);
    }
    return booked;
  }

  isExcused(attemptId: string): boolean {
    for (const { state } of this.#world.database.refunds.values())
      if (state?.attemptId === attemptId && this.excuses(state)) return true;
    return false;
  }

  /** Whether a person knows that this refund is not, at its provider, what we take it for. */
  excuses(refund: Refund): boolean {
    if (this.#isOpen(refund, EXCUSES)) return true;
    // Its success was told after its reversal, which made it a failure: nobody could know the order.
    if (this.#counted(refund)?.state === 'undone' && this.#isOpen(refund, ['late_success'])) return true;
    if (this.#isTakenForOutside(refund)) return true;
    // Its refusal was told after the success that contradicts it.
    const belied = this.#effectsOf(refund).some((effect) => effect.late && effect.state === 'done');
    return belied && this.#isOpen(refund, ['refund_reversed']);
  }

  /** Made late, told without our name for it, and never told the provider's: nobody could know that it is ours. */
  #isTakenForOutside(refund: Refund): boolean {
    const { exceptions } = this.#world.database;
    return refund.operations.some(({ id, providerReference }) => {
      const effect = this.#chargeOf(refund)?.refunds.get(id);
      const told = effect?.late === true && exceptions.has(`external_refund ${effect.providerReference}`);
      return told && providerReference === undefined;
    });
  }

  #isOpen(refund: Refund, kinds: readonly string[]): boolean {
    for (const { kind, subjectId } of this.#world.database.exceptions.values()) {
      if (kind === 'unmatched_webhook') return true;
      if (!kinds.includes(kind)) continue;
      if (subjectId === refund.id || refund.operations.some((each) => each.id === subjectId)) return true;
    }
    return false;
  }

  #chargeOf(refund: Refund): Charge | undefined {
    return this.#world.charges().find((charge) => charge.attemptId === refund.attemptId);
  }

  #counted(refund: Refund): RefundEffect | undefined {
    return this.#chargeOf(refund)?.refunds.get(refund.countedOperationId ?? '');
  }

  #effectsOf(refund: Refund): readonly RefundEffect[] {
    const effects = this.#chargeOf(refund)?.refunds.values() ?? [];
    return [...effects].filter((effect) => effect.ownerId === refund.id);
  }
}
