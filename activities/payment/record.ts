import type { RecordExtras, Recorded } from '../../db/record.ts';
import { recordTransition } from '../../db/record.ts';
import type { Transition } from '../../domain/payment/transition.ts';
import type { Dependencies } from '../dependencies.ts';

export interface RecordOrder {
  readonly transition: Transition;
  readonly extras?: RecordExtras;
}

/** Writes one decided step. Idempotent on (payment, sequence); compare-and-set on the generation. */
export function createRecord(deps: Dependencies) {
  return async function record(order: RecordOrder): Promise<Recorded> {
    return recordTransition(deps.db, order.transition, order.extras ?? {});
  };
}
