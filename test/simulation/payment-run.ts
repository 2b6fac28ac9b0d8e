import { isTerminal } from '../../domain/machine.ts';
import type { Decision } from '../../domain/payment/edit.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import {
  attemptOf,
  findOperation,
  lockHolder,
  type Operation,
  openOperations,
  type Payment,
  type RouteStep,
  routeStepOf,
  waitsForRetry,
} from '../../domain/payment/payment.ts';
import { PAYMENT_EDGES } from '../../domain/payment/states.ts';
import type { Transition, Trigger } from '../../domain/payment/transition.ts';
import type { MerchantCommand } from './merchant.ts';
import { readPaymentMail } from './payment-mail.ts';
import { Run } from './run.ts';
import type { Script } from './timeline.ts';
import { Turn } from './workflow-run.ts';

/** The twin of one run of workflows/payment: workflow.ts, process.ts and commands.ts. */
export class PaymentRun extends Run<Payment, Decision, Transition> {
  readonly updates = new Map<string, MerchantCommand>();
  readonly #commanding = new Turn(this);

  // workflow.ts

  *main(from?: Payment): Script<void> {
    const { world } = this;
    this.begin(from ?? (yield* this.local(() => world.planOrHydrate(this.generation))));
    while (!this.superseded) {
      yield* this.#readNews();
      if (!this.superseded && this.current.status === 'processing')
        yield* this.apply((payment) => world.rules.decideUnsent(payment), {
          type: 'no_route',
          actor: 'routing',
        });
      if (this.finished && !this.unread) break;
      yield* this.#waitForEvent();
    }
    yield* this.until(() => this.handlers === 0);
    this.closed = true;
    world.door.payment.runEnded();
  }

  *#readNews(): Script<void> {
    while (this.unread && !this.superseded) {
      this.nextNews();
      yield* this.readMail();
    }
  }

  *readMail(): Script<void> {
    yield* readPaymentMail(this);
  }

  *#waitForEvent(): Script<void> {
    const { current } = this;
    const { sequence } = current;
    const { rules } = this.world;
    const moved = () => this.unread || this.finished || this.current.sequence !== sequence;
    if (waitsForRetry(current)) return yield* this.#retryWhenDue(moved);
    const unconfirmed =
      current.status === 'requires_confirmation' || current.status === 'requires_payment_method';
    const timerMs = unconfirmed ? current.completeByMs : rules.expiryTimerMs(current, current.createdAtMs);
    if (timerMs === undefined) {
      yield* this.until(moved);
      return;
    }
    if (yield* this.until(moved, Math.max(1, timerMs - this.nowMs))) return;
    const acted = yield* this.apply(
      (payment) => (unconfirmed ? rules.decideUnsent(payment) : rules.decideAuthorizationExpiry(payment)),
      { type: unconfirmed ? 'confirmation_expired' : 'authorization_expired', actor: 'timer' },
    );
    if (!acted) yield* this.until(moved);
  }

  // retries.ts

  *#retryWhenDue(moved: () => boolean): Script<void> {
    const { world, current } = this;
    const { nextRetryAtMs: dueMs = 0, retryPlan } = current;
    if (yield* this.until(moved, Math.max(1, dueMs - this.nowMs))) return;
    // The route activity: the accounts as they are by then, in whatever order.
    const route = yield* this.local(() =>
      world.random.chance(0.5) ? world.route : world.route.toReversed(),
    );
    if (moved()) return;
    const rerouted = { route, ...(retryPlan === undefined ? {} : { retryPlan }) };
    yield* this.apply((payment) => world.rules.decideScheduledRetry(payment, dueMs, rerouted, this.nowMs), {
      type: 'scheduled_retry',
      actor: 'timer',
    });
  }

  // process.ts

  protected transition(before: Payment, decision: Decision, trigger: Trigger, atMs: number): Transition {
    return this.world.rules.transitionOf(before, decision, trigger, atMs);
  }

  /** Refunds have workflows of their own: what they have given back is learnt with each step. */
  protected stateAfter({ payment }: Transition): Payment {
    const { refundedMinor, externalMinor } = this.world.database.balance;
    return { ...payment, amountRefundedMinor: refundedMinor + externalMinor };
  }

  get finished(): boolean {
    const { state } = this;
    if (this.superseded) return true;
    return (
      state !== undefined && isTerminal(PAYMENT_EDGES, state.status) && openOperations(state).length === 0
    );
  }

  get #settled(): boolean {
    const { state } = this;
    if (this.superseded || state === undefined) return this.superseded;
    return state.status !== 'processing' || waitsForRetry(state);
  }

  get completeByMs(): number {
    return this.current.completeByMs;
  }

  openOperations(): readonly Operation[] {
    return openOperations(this.current);
  }

  find(operationId: string): Operation | undefined {
    return findOperation(this.current, operationId);
  }

  stepOf(operationId: string): RouteStep {
    const attempt = attemptOf(this.current, operationId);
    const step = attempt === undefined ? undefined : routeStepOf(this.current, attempt.accountId);
    if (step === undefined) throw new Error(`${operationId} has no route step`);
    return step;
  }

  *conclude(operationId: string, outcome: OperationOutcome, actor: string): Script<boolean> {
    const { rules } = this.world;
    const type = `${actor}_${outcome.type}`;
    return yield* this.apply((payment) => rules.decideOutcome(payment, operationId, outcome, this.nowMs), {
      type,
      actor,
    });
  }

  *park(operationId: string): Script<void> {
    const trigger = { type: 'parked', actor: 'resolver' };
    yield* this.apply((payment) => this.world.rules.decidePark(payment, operationId), trigger);
  }

  isHeldBack(operation: Operation): boolean {
    if (this.superseded || operation.kind === 'void') return false;
    const attempt = attemptOf(this.current, operation.id);
    return (
      attempt?.status === 'requires_action' &&
      attempt.operations.some((each) => each.kind === 'void' && !each.closed)
    );
  }

  *voidByReference(operationId: string, tick: number): Script<string | undefined> {
    let voidId: string | undefined;
    yield* this.apply(
      (payment) => {
        const decision = this.world.rules.decideVoidByReference(payment, operationId, tick);
        voidId = decision?.voidId;
        return decision;
      },
      { type: 'void_by_reference', actor: 'resolver' },
    );
    return voidId;
  }

  /** Waits for what a merchant may be told; meanwhile the next command waits its turn. */
  *#answered(answerByMs: number): Script<void> {
    const holder = () => (this.state === undefined ? undefined : lockHolder(this.state)?.status);
    const stuck = () => holder() === 'pending' || holder() === 'unknown';
    const leftMs = () => answerByMs - 300 - this.nowMs;
    if (!(yield* this.until(() => this.#settled || stuck(), Math.max(1, leftMs())))) return;
    if (this.#settled) return;
    const waitMs = Math.min(leftMs(), holder() === 'pending' ? 1_000 : 60_000);
    if (waitMs > 0) yield* this.until(() => this.#settled, waitMs);
  }

  // commands.ts

  /** An update: judged on arrival, then again in its turn. A repeated one attaches to the first. */
  command(command: MerchantCommand): void {
    if (!this.running || this.updates.has(command.id)) return;
    if (this.state !== undefined && this.world.rules.judgeCommand(this.state, command.kind) !== undefined)
      return;
    this.updates.set(command.id, command);
    this.handle(this.#execute(command));
  }

  *#execute(command: MerchantCommand): Script<void> {
    yield* this.until(() => this.state !== undefined || this.superseded);
    if (this.superseded) return;
    yield* this.#commanding.take();
    let refused = false;
    yield* this.apply(
      (payment) => {
        const ruling = this.world.merchant.rule(payment, command, this.nowMs);
        refused = ruling.type === 'refused';
        return ruling.type === 'decided' ? ruling.decision : undefined;
      },
      { type: command.kind, actor: `request:${command.id}` },
      command.id,
    );
    if (!refused) yield* this.#answered(this.nowMs + 5_000);
    this.#commanding.release();
  }
}
