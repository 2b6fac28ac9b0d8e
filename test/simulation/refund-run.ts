import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Operation, RouteStep } from '../../domain/payment/payment.ts';
import type { Trigger } from '../../domain/payment/transition.ts';
import { named, type RefundDecision } from '../../domain/refund/decide.ts';
import { isFinished, openOperation, operationOf, type Refund } from '../../domain/refund/refund.ts';
import type { RefundTransition } from '../../domain/refund/transition.ts';
import { revokePermit } from './permits.ts';
import { readRefundMail } from './refund-mail.ts';
import type { RefundCommand, RefundRequest } from './refund-merchant.ts';
import type { RefundRows } from './refund-rows.ts';
import { Run } from './run.ts';
import type { Script } from './timeline.ts';
import type { World } from './world.ts';

/** The twin of one run of workflows/refund: workflow.ts, process.ts and operators.ts. */
export class RefundRun extends Run<Refund, RefundDecision, RefundTransition> {
  readonly updates = new Map<string, RefundCommand>();
  readonly completeByMs = Number.MAX_SAFE_INTEGER;
  readonly #order: RefundRequest | undefined;
  readonly #rows: RefundRows;
  #begun = false;
  #refused = false;

  /** Generation 1 carries what the merchant asked for; later ones read themselves back. */
  constructor(world: World, rows: RefundRows, generation: number, order: RefundRequest | undefined) {
    super(world, rows, generation);
    this.#rows = rows;
    this.#order = order;
  }

  // workflow.ts

  *main(from?: Refund): Script<void> {
    if (this.#order !== undefined) this.handle(this.#create());
    if (from === undefined) yield* this.#begin();
    else this.begin(from);
    this.#begun = true;
    while (!this.#refused && !this.superseded) {
      while (this.unread && !this.superseded) {
        this.nextNews();
        yield* this.readMail();
      }
      if (this.finished && !this.unread) break;
      yield* this.until(() => this.unread || this.finished);
    }
    yield* this.until(() => this.handlers === 0);
    this.closed = true;
    this.world.door.refund(this.rows.ownerId).runEnded();
  }

  *#begin(): Script<void> {
    const { world } = this;
    const order = this.#order;
    if (this.generation === 1 && order !== undefined) {
      const planned = yield* this.local(() => world.planRefund(this.#rows, order));
      if (planned.type === 'refused') this.#refused = true;
      else this.begin(planned.refund);
      return;
    }
    const stored = yield* this.local(() => (this.rows.state === undefined ? undefined : this.rows.hydrate()));
    if (stored === undefined) this.superseded = true;
    else this.begin(stored);
  }

  *#create(): Script<void> {
    yield* this.until(() => this.#begun);
    if (!this.#refused) yield* this.#answered(this.nowMs + 5_000);
  }

  *readMail(): Script<void> {
    yield* readRefundMail(this);
  }

  /** An update, from the merchant or an operator. A repeated one attaches to the first. */
  command(command: RefundCommand): void {
    if (!this.running || this.updates.has(command.id)) return;
    const { rules } = this.world;
    const judged = command.kind === 'cancel' && this.state !== undefined;
    if (judged && rules.judgeRefundCancel(this.current) !== undefined) return;
    this.updates.set(command.id, command);
    this.handle(command.kind === 'cancel' ? this.#cancel(command) : this.#operate(command));
  }

  /** A refund is called back only by revoking its permit unclaimed, which proves that nothing was sent. */
  *#cancel(command: RefundCommand): Script<void> {
    yield* this.until(() => this.state !== undefined || this.superseded);
    const { world } = this;
    if (this.superseded || world.rules.judgeRefundCancel(this.current) !== undefined) return;
    const open = openOperation(this.current);
    const revoked =
      open !== undefined &&
      (yield* this.local(() => revokePermit(world.database.permit(open.id), world.clock('database')))) ===
        'revoked';
    yield* this.apply(
      (refund) => {
        const unsent = revoked && openOperation(refund)?.id === open?.id;
        const ruling = world.rules.decideRefundCancel(refund, unsent, 'the merchant');
        return ruling.type === 'decided' ? ruling.decision : undefined;
      },
      { type: 'cancel', actor: `request:${command.id}` },
      command.id,
    );
  }

  // operators.ts

  *#operate(command: RefundCommand): Script<void> {
    yield* this.until(() => this.state !== undefined || this.superseded);
    if (this.superseded) return;
    const rule = this.world.refundMerchant.ruleOf(command, this);
    let refused = false;
    const judged = this.apply(
      (refund) => {
        const ruling = rule(refund);
        refused = ruling.type === 'refused';
        return ruling.type === 'decided' ? ruling.decision : undefined;
      },
      { type: command.kind, actor: `request:${command.id}` },
      command.id,
    );
    if (command.kind === 'retry') this.lanes.hurry();
    yield* judged;
    if (!refused) yield* this.#answered(this.nowMs + 5_000);
  }

  // process.ts

  protected transition(
    before: Refund,
    decision: RefundDecision,
    trigger: Trigger,
    atMs: number,
  ): RefundTransition {
    return this.world.rules.refundTransitionOf(before, decision, trigger, atMs);
  }

  protected stateAfter({ refund }: RefundTransition): Refund {
    return refund;
  }

  get finished(): boolean {
    return this.superseded || (this.state !== undefined && isFinished(this.state));
  }

  openOperations(): readonly Operation[] {
    return this.current.operations.filter((operation) => !operation.closed);
  }

  find(operationId: string): Operation | undefined {
    return operationOf(this.current, operationId);
  }

  stepOf(): RouteStep {
    return this.current.step;
  }

  *conclude(
    operationId: string,
    outcome: OperationOutcome,
    actor: string,
    providerReference?: string,
  ): Script<boolean> {
    const { rules } = this.world;
    return yield* this.apply(
      (refund) =>
        named(
          rules.decideRefundOutcome(refund, operationId, outcome, this.nowMs),
          operationId,
          providerReference,
        ),
      { type: `${actor}_${outcome.type}`, actor },
    );
  }

  *park(operationId: string): Script<void> {
    yield* this.apply((refund) => this.world.rules.decideRefundPark(refund, operationId), {
      type: 'parked',
      actor: 'resolver',
    });
  }

  isHeldBack(): boolean {
    return false;
  }

  // biome-ignore lint/correctness/useYield: refunds have nothing to void.
  *voidByReference(): Script<string | undefined> {
    return undefined;
  }

  *#answered(answerByMs: number): Script<void> {
    const underWay = () => {
      const open = this.state === undefined ? undefined : openOperation(this.state);
      return open?.status === 'created' && open.number === 1;
    };
    yield* this.until(() => this.superseded || (this.state !== undefined && !underWay()));
    const unknown = () => !this.superseded && openOperation(this.current)?.status === 'unknown';
    const waitMs = answerByMs - 300 - this.nowMs;
    if (unknown() && waitMs > 0) yield* this.until(() => !unknown(), waitMs);
  }
}
