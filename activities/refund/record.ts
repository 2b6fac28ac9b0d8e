import type { Recorded } from '../../db/record.ts';
import { type RefundRecordExtras, recordRefundTransition } from '../../db/refunds/record.ts';
import type { RefundTransition } from '../../domain/refund/transition.ts';
import type { Dependencies } from '../dependencies.ts';

export interface RefundRecordOrder {
  readonly transition: RefundTransition;
  readonly extras?: RefundRecordExtras;
}

/** Writes one decided step. Idempotent on (refund, sequence); compare-and-set on the generation. */
export function createRecordRefund(deps: Dependencies) {
  return async function recordRefund(order: RefundRecordOrder): Promise<Recorded> {
    return recordRefundTransition(deps.db, order.transition, order.extras ?? {});
  };
}
