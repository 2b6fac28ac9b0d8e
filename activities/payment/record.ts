import type { RecordExtras, Recorded } from '../../db/record.ts';
import { recordTransition } from '../../db/record.ts';
import { isTerminal } from '../../domain/machine.ts';
import { PAYMENT_EDGES } from '../../domain/payment/states.ts';
import type { Transition } from '../../domain/payment/transition.ts';
import type { Dependencies } from '../dependencies.ts';

export interface RecordOrder {
  readonly transition: Transition;
  readonly extras?: RecordExtras;
}

/** Writes one decided step. Idempotent on (payment, sequence); compare-and-set on the generation. */
export function createRecord(deps: Dependencies) {
  return async function record(order: RecordOrder): Promise<Recorded> {
    const recorded = await recordTransition(deps.db, order.transition, order.extras ?? {});
    if (recorded.type === 'recorded') count(deps, order.transition);
    return recorded;
  };
}

/** Only where this very try wrote the step, so that an end counts once. */
function count({ meter }: Dependencies, { payment, attempts, fromStatus }: Transition): void {
  if (payment.status === fromStatus || !isTerminal(PAYMENT_EDGES, payment.status)) return;
  meter?.paymentEnded(payment.status, payment.failure?.code ?? 'none', attempts.length);
}
