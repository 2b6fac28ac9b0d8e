import { isTerminal } from '../../domain/machine.ts';
import type { Decision } from '../../domain/payment/edit.ts';
import { openOperations, type Payment } from '../../domain/payment/payment.ts';
import { PAYMENT_EDGES } from '../../domain/payment/states.ts';
import type { Transition } from '../../domain/payment/transition.ts';
import type { RefundDecision } from '../../domain/refund/decide.ts';
import { isFinished, type Refund } from '../../domain/refund/refund.ts';
import type { RefundTransition } from '../../domain/refund/transition.ts';
import type { MerchantCommand } from './merchant.ts';
import { OwnerDoor } from './owner-door.ts';
import { PaymentRun } from './payment-run.ts';
import type { RefundCommand, RefundRequest } from './refund-merchant.ts';
import type { RefundRows } from './refund-rows.ts';
import { RefundRun } from './refund-run.ts';
import type { Upheaval } from './weather.ts';
import type { World } from './world.ts';

/** The twin of client/ and of the sweeper: one door for the payment, and one for each of its refunds. */
export class Door {
  readonly payment: PaymentDoor;
  readonly #world: World;
  readonly #refunds = new Map<string, RefundDoor>();

  constructor(world: World) {
    this.#world = world;
    this.payment = new PaymentDoor(world, world.database.paymentRows);
  }

  news(ownerId: string): void {
    if (ownerId === this.#world.database.paymentRows.ownerId) this.payment.news();
    else this.#refunds.get(ownerId)?.news();
  }

  /** `POST /v1/payments/:id/refunds`. */
  order(order: RefundRequest): void {
    const { timeline, random } = this.#world;
    timeline.after(random.between(1, 40), () => this.refund(order.refundId).create(order));
  }

  tell(refundId: string, command: RefundCommand): void {
    this.#refunds.get(refundId)?.command(command);
  }

  refund(refundId: string): RefundDoor {
    let door = this.#refunds.get(refundId);
    if (door === undefined) {
      door = new RefundDoor(this.#world, this.#world.database.refundRows(refundId));
      this.#refunds.set(refundId, door);
    }
    return door;
  }

  upheave(kind: Upheaval): void {
    const { random } = this.#world;
    const refunds = [...this.#refunds.values()];
    if (refunds.length > 0 && random.chance(0.8)) random.pick(refunds).upheave(kind);
    else this.payment.upheave(kind);
  }
}

class PaymentDoor extends OwnerDoor<Payment, Decision, Transition, MerchantCommand> {
  begin(): void {
    this.startRun(1);
  }

  protected newRun(generation: number): PaymentRun {
    return new PaymentRun(this.world, this.rows, generation);
  }

  protected isFinished(payment: Payment): boolean {
    return isTerminal(PAYMENT_EDGES, payment.status) && openOperations(payment).length === 0;
  }

  protected stateOf({ payment }: Transition): Payment {
    return payment;
  }

  protected onlyRepeats(payment: Payment): boolean {
    const { database, rules } = this.world;
    if (this.rows.unexplainedSuccesses().length > 0) return false;
    const letters = database.lettersOf(this.rows.ownerId);
    const repeats = letters.filter((letter) => rules.saysNothingNew(payment, letter.evidence));
    database.acknowledge(repeats.map((letter) => letter.id));
    return letters.every((letter) => repeats.includes(letter) || rules.isUnderWay(payment, letter.evidence));
  }

  protected isRefused(payment: Payment, command: MerchantCommand): boolean {
    return this.world.rules.judgeCommand(payment, command.kind) !== undefined;
  }
}

class RefundDoor extends OwnerDoor<Refund, RefundDecision, RefundTransition, RefundCommand> {
  readonly #rows: RefundRows;
  #order: RefundRequest | undefined;

  constructor(world: World, rows: RefundRows) {
    super(world, rows);
    this.#rows = rows;
  }

  /** client/refunds.ts: refused on sight, or started with its first update, or told what is stored. */
  create(order: RefundRequest): void {
    const { world } = this;
    const { payment } = world.database;
    if (payment === undefined) return;
    if (this.rows.state === undefined && world.judgeRefund(payment, order).type === 'refused') return;
    const first = this.runs.get(1);
    if (first === undefined) {
      this.#order = order;
      this.startRun(1);
    } else if (!first.running) world.refuseRefund(this.#rows, order);
  }

  protected newRun(generation: number): RefundRun {
    return new RefundRun(this.world, this.#rows, generation, generation === 1 ? this.#order : undefined);
  }

  protected override isToldAgain({ kind }: RefundCommand): boolean {
    return kind !== 'retry' || this.world.weather.hardships.has('retryToldAgain');
  }

  protected isFinished(refund: Refund): boolean {
    return isFinished(refund);
  }

  protected stateOf({ refund }: RefundTransition): Refund {
    return refund;
  }

  protected onlyRepeats(refund: Refund): boolean {
    const { database, rules } = this.world;
    if (this.rows.unexplainedSuccesses().length > 0) return false;
    const letters = database.lettersOf(this.rows.ownerId);
    const repeats = letters.filter((letter) => rules.refundSaysNothingNew(refund, letter.evidence));
    database.acknowledge(repeats.map((letter) => letter.id));
    return letters.every((letter) => repeats.includes(letter));
  }

  protected isRefused(refund: Refund, command: RefundCommand): boolean {
    const { rules, refundMerchant } = this.world;
    if (command.kind === 'cancel') return rules.judgeRefundCancel(refund) !== undefined;
    return refundMerchant.refuses(refund, command);
  }
}
