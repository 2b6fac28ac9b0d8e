import { isPaidOtherwise } from '../../db/challenges.ts';
import type { Dependencies } from '../dependencies.ts';

/** Before a challenge that was completed late is adopted: whether the order was paid by another payment meanwhile. */
export function createPaidOtherwise(deps: Dependencies) {
  return async function paidOtherwise(paymentId: string): Promise<boolean> {
    return isPaidOtherwise(deps.db, paymentId);
  };
}
