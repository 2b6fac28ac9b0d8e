import { condition, patched } from '@temporalio/workflow';
import type { RecordOrder } from '../../activities/payment/record.ts';
import { assert, isTerminal } from '../../domain/machine.ts';
import { waitsForPayer } from '../../domain/payment/challenge.ts';
import { decideOutcome } from '../../domain/payment/decide.ts';
import type { Decision } from '../../domain/payment/edit.ts';
import { isCapturedAfterAll } from '../../domain/payment/late-capture.ts';
import { decideDuplicateCompletion, isLateCompletion } from '../../domain/payment/late-challenge.ts';
import { isUnmade } from '../../domain/payment/late-refund.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import {
  attemptOf,
  findOperation,
  lockHolder,
  type Operation,
  openOperations,
  type Payment,
  type PaymentSnapshot,
  type RouteStep,
  routeStepOf,
  snapshotOf,
  waitsForRetry,
} from '../../domain/payment/payment.ts';
import { decidePark, decideVoidByReference } from '../../domain/payment/resolver.ts';
import { PAYMENT_EDGES } from '../../domain/payment/states.ts';
import { type Transition, type Trigger, transitionOf } from '../../domain/payment/transition.ts';
import { isUnexpectedCapture } from '../../domain/payment/unexpected-capture.ts';
import { database, records } from '../operations/activities.ts';
import { AggregateProcess, type OperationOwner } from '../operations/process.ts';
import { PATCHES } from '../versions.ts';
import { Visibility } from './visibility.ts';

type Extras = NonNullable<RecordOrder['extras']>;

/** A payment in the workflow's hands. How its state changes is in ../operations/process.ts. */
export class PaymentProcess
  extends AggregateProcess<Payment, Decision, Transition, Extras>
  implements OperationOwner
{
  constructor(paymentId: string, generation: number) {
    const visibility = new Visibility();
    super(paymentId, generation, {
      transition: transitionOf,
      // Refunds have workflows of their own: what they have given back is learnt with each step.
      stateAfter: ({ payment }, recorded) =>
        recorded.type === 'recorded' && recorded.refundedMinor !== undefined
          ? { ...payment, amountRefundedMinor: recorded.refundedMinor }
          : payment,
      reasonOf: ({ reason }) => reason,
      record: (order) => records.record(order),
      hydrate: async (id) => (await database.hydrate(id)).payment,
      show: (payment, reason) => visibility.show(payment, reason),
    });
  }

  /** Tells the challenge's workflow; set by the payment's. */
  onReturned: (attemptId: string) => Promise<void> = async () => undefined;

  get payment(): Payment | undefined {
    return this.state;
  }

  get finished(): boolean {
    const { payment } = this;
    if (this.superseded) return true;
    return (
      payment !== undefined &&
      isTerminal(PAYMENT_EDGES, payment.status) &&
      openOperations(payment).length === 0
    );
  }

  /** Resolves once the payment is planned or read back, or known to belong to another generation. */
  async planned(): Promise<void> {
    await condition(() => this.payment !== undefined || this.superseded);
  }

  /** Nothing of the payment is under way, so what it says now can be an answer. */
  get settled(): boolean {
    const { payment } = this;
    if (this.superseded || payment === undefined) return this.superseded;
    return payment.status !== 'processing' || waitsForRetry(payment);
  }

  snapshot(): PaymentSnapshot {
    return snapshotOf(this.current);
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
    assert(step !== undefined, `operation ${operationId} has no route step`);
    return step;
  }

  get completeByMs(): number {
    return this.current.completeByMs;
  }

  conclude(operationId: string, outcome: OperationOutcome, actor: string): Promise<boolean> {
    const type = `${this.find(operationId)?.kind ?? 'operation'}_${outcome.type}`;
    return this.concludeAs({ type, actor }, operationId, outcome);
  }

  /** A challenge that was completed late is adopted, unless the order was paid otherwise meanwhile. */
  concludeAs(trigger: Trigger, operationId: string, outcome: OperationOutcome): Promise<boolean> {
    const adopt = () => this.apply((payment) => this.outcomeOf(payment, operationId, outcome), trigger);
    if (this.superseded || !isLateCompletion(this.current, operationId, outcome)) return adopt();
    const giveBack = () =>
      this.apply((payment) => decideDuplicateCompletion(payment, operationId, outcome, Date.now()), trigger);
    return database.paidOtherwise(this.id).then((paid) => (paid ? giveBack() : adopt()));
  }

  /** Before the patches, late news of an undoing refund that had not succeeded, or of a capture after a void or unexpected, was put away. */
  outcomeOf(payment: Payment, operationId: string, outcome: OperationOutcome): Decision | undefined {
    const voidDecides = () => patched(PATCHES.voidDecides);
    const decision = decideOutcome(payment, operationId, outcome, Date.now(), voidDecides);
    if (decision === undefined) return undefined;
    if (isUnmade(payment, operationId) && !patched(PATCHES.undoMadeLate)) return undefined;
    if (isUnexpectedCapture(payment, operationId, outcome) && !patched(PATCHES.capturesAdopted))
      return undefined;
    const afterAll = isCapturedAfterAll(payment, operationId, outcome);
    return afterAll && !patched(PATCHES.capturedAfterAll) ? undefined : decision;
  }

  async park(operationId: string): Promise<void> {
    // Before the patch a stray void moved the payment, too, as its search attribute tells.
    const straysRest = () => patched(PATCHES.straysRest);
    await this.apply((payment) => decidePark(payment, operationId, straysRest), {
      type: 'parked',
      actor: 'resolver',
    });
  }

  isHeldBack(operation: Operation): boolean {
    if (this.superseded || operation.kind === 'void') return false;
    const attempt = attemptOf(this.current, operation.id);
    return (
      attempt?.status === 'requires_action' &&
      attempt.operations.some((each) => each.kind === 'void' && !each.closed)
    );
  }

  waitsForPayer(operationId: string): boolean {
    const attempt = attemptOf(this.current, operationId);
    const operation = this.find(operationId);
    return (
      !this.superseded &&
      attempt !== undefined &&
      operation !== undefined &&
      waitsForPayer(attempt, operation)
    );
  }

  async voidByReference(operationId: string, tick: number): Promise<string | undefined> {
    let voidId: string | undefined;
    // Before the patch a number that was used already was written down once more, and nothing was sent; and whatever
    // was open under another number, one more was made.
    const numbersAnew = () => patched(PATCHES.voidsNumbered);
    await this.apply(
      (payment) => {
        const decision = decideVoidByReference(payment, operationId, tick, numbersAnew);
        voidId = decision?.voidId;
        return decision;
      },
      { type: 'void_by_reference', actor: 'resolver' },
    );
    return voidId;
  }

  /**
   * Waits for what a merchant may be told. A known outcome is told at once. While the operation that
   * matters is pending, a quick webhook gets a moment; while it is unknown, is being sent or waits to be sent
   * again, as long as the merchant wanted to wait. The request that starts the workflow needs no timer for its
   * answer: Temporal vouches for what it has started (client/updates.ts) when nothing is known in time.
   */
  async answered(answerByMs: number, { starting = false } = {}): Promise<void> {
    const stuck = () => {
      const holder = this.payment === undefined ? undefined : lockHolder(this.payment);
      return holder?.status === 'pending' || holder?.status === 'unknown';
    };
    const told = () => this.settled || stuck();
    const leftMs = () => answerByMs - ANSWER_MARGIN_MS - Date.now();
    if (starting || !patched(PATCHES.answersInTime)) await condition(told);
    else if (!(await condition(told, Math.max(1, leftMs()), PROCESSING))) return;
    if (this.settled) return;
    const pending = lockHolder(this.current)?.status === 'pending';
    const waitMs = Math.min(leftMs(), pending ? PENDING_GRACE_MS : Number.MAX_SAFE_INTEGER);
    if (waitMs > 0) await condition(() => this.settled, waitMs, PROCESSING);
  }
}

const PROCESSING = { summary: 'answer the merchant "processing"' };
/** How long an answer waits for the webhook that settles a pending capture or void. */
const PENDING_GRACE_MS = 1_000;
/** The answer must reach the API before its own timer. */
const ANSWER_MARGIN_MS = 300;
