import type { Recorded } from '../../db/record.ts';
import { type RefundRecordExtras, recordRefundTransition } from '../../db/refunds/record.ts';
import { isTerminal } from '../../domain/machine.ts';
import { REFUND_EDGES } from '../../domain/refund/states.ts';
import type { RefundTransition } from '../../domain/refund/transition.ts';
import type { Dependencies } from '../dependencies.ts';

export interface RefundRecordOrder {
  readonly transition: RefundTransition;
  readonly extras?: RefundRecordExtras;
}

/** Writes one decided step. Idempotent on (refund, sequence); compare-and-set on the generation. */
export function createRecordRefund(deps: Dependencies) {
  return async function recordRefund(order: RefundRecordOrder): Promise<Recorded> {
    const recorded = await recordRefundTransition(deps.db, order.transition, order.extras ?? {});
    const { refund, fromStatus } = order.transition;
    if (
      recorded.type === 'recorded' &&
      isTerminal(REFUND_EDGES, refund.status) &&
      refund.status !== fromStatus
    )
      deps.meter?.refundEnded(refund.status);
    return recorded;
  };
}
