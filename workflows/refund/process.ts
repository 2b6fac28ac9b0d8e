import { condition } from '@temporalio/workflow';
import type { RefundRecordOrder } from '../../activities/refund/record.ts';
import { assert } from '../../domain/machine.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Operation, RouteStep } from '../../domain/payment/payment.ts';
import { decideRefundPark } from '../../domain/refund/commands.ts';
import { decideRefundOutcome, type RefundDecision } from '../../domain/refund/decide.ts';
import {
  isFinished,
  openOperation,
  operationOf,
  type Refund,
  type RefundSnapshot,
  refundSnapshotOf,
} from '../../domain/refund/refund.ts';
import { type RefundTransition, refundTransitionOf } from '../../domain/refund/transition.ts';
import { database, records } from '../operations/activities.ts';
import { AggregateProcess, type OperationOwner } from '../operations/process.ts';
import { showRefund } from './visibility.ts';

export type RefundExtras = NonNullable<RefundRecordOrder['extras']>;

/** A refund in the workflow's hands. How its state changes is in ../operations/process.ts. */
export class RefundProcess
  extends AggregateProcess<Refund, RefundDecision, RefundTransition, RefundExtras>
  implements OperationOwner
{
  /** Whatever `complete_by` bounds are charges; a refund may always be sent. */
  readonly completeByMs = Number.MAX_SAFE_INTEGER;

  constructor(refundId: string, generation: number) {
    super(refundId, generation, {
      transition: refundTransitionOf,
      stateAfter: ({ refund }) => refund,
      reasonOf: ({ reason }) => reason,
      record: (order) => records.recordRefund(order),
      hydrate: async (id) => (await database.hydrateRefund(id)).refund,
      show: showRefund,
    });
  }

  get finished(): boolean {
    return this.superseded || (this.state !== undefined && isFinished(this.state));
  }

  async planned(): Promise<void> {
    await condition(() => this.state !== undefined || this.superseded);
  }

  snapshot(): RefundSnapshot {
    return refundSnapshotOf(this.current);
  }

  openOperations(): readonly Operation[] {
    return this.current.operations.filter((operation) => !operation.closed);
  }

  find(operationId: string): Operation | undefined {
    return operationOf(this.current, operationId);
  }

  stepOf(operationId: string): RouteStep {
    assert(this.find(operationId) !== undefined, `operation ${operationId} is none of ${this.id}`);
    return this.current.step;
  }

  conclude(operationId: string, outcome: OperationOutcome, actor: string): Promise<boolean> {
    return this.apply((refund) => decideRefundOutcome(refund, operationId, outcome, Date.now()), {
      type: `refund_${outcome.type}`,
      actor,
    });
  }

  async park(operationId: string): Promise<void> {
    await this.apply((refund) => decideRefundPark(refund, operationId), {
      type: 'parked',
      actor: 'resolver',
    });
  }

  isHeldBack(): boolean {
    return false;
  }

  /**
   * Waits for what a merchant may be told: the outcome, or that the provider has it. While it is unknown the
   * resolver gets as long as the merchant wanted to wait; a retry after a proven not-attempted keeps nobody.
   */
  async answered(answerByMs: number): Promise<void> {
    const underWay = () => {
      const open = this.state === undefined ? undefined : openOperation(this.state);
      return open?.status === 'created' && open.number === 1;
    };
    const told = () => this.superseded || (this.state !== undefined && !underWay());
    await condition(told);
    const unknown = () => !this.superseded && openOperation(this.current)?.status === 'unknown';
    const waitMs = answerByMs - ANSWER_MARGIN_MS - Date.now();
    if (unknown() && waitMs > 0)
      await condition(() => !unknown(), waitMs, { summary: 'answer the merchant "outcome unknown"' });
  }
}

/** The answer must reach the API before its own timer. */
const ANSWER_MARGIN_MS = 300;
