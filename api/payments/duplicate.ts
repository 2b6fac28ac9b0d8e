import type { Mode } from '../../domain/ids.ts';
import { type Problem, problem } from '../problems.ts';
import type { Services } from '../route.ts';

/** Whose payment, under which reference. */
export interface Claim {
  readonly merchantId: string;
  readonly mode: Mode;
  readonly paymentId: string;
  readonly reference: string | undefined;
}

/**
 * The early word of the guard against a second payment of one order, which leaves nothing behind. Of two that pass here at
 * once the plan refuses one; render.ts gives that the same answer.
 */
export async function checkDuplicate(claim: Claim, services: Services): Promise<() => void> {
  const { merchantId, mode, paymentId, reference } = claim;
  const guarded =
    reference !== undefined &&
    (await services.merchantSettings(merchantId))?.duplicateReferenceGuard === true;
  const other = guarded
    ? await services.payments.aliveWith({ merchantId, mode }, reference, paymentId)
    : undefined;
  return () => {
    if (other !== undefined) throw duplicateReference(other);
  };
}

/** The payment that such a refusal names. */
export function duplicatedPaymentOf({ code, message }: Problem): string | undefined {
  return code === 'duplicate_reference' ? /^Payment (pay_[a-z2-7]{26}) has/.exec(message)?.[1] : undefined;
}

export function duplicateReference(other: string): Problem {
  const message = `Payment ${other} has this \`reference\`, and is open or has succeeded.`;
  return problem('duplicate_reference', { param: 'reference', message });
}
