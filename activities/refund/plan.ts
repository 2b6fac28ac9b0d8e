import { loadRefund } from '../../db/refunds/aggregate.ts';
import { type PlannedRefund, type RefundRequest, storeRefund } from '../../db/refunds/plan.ts';
import type { Settings } from '../../domain/payment/resolver.ts';
import { judgeRefundOrder, type RefundOrder } from '../../domain/refund/commands.ts';
import type { RefundDecision } from '../../domain/refund/decide.ts';
import { draftOfDecision, type Refund } from '../../domain/refund/refund.ts';
import { refundTransitionOf } from '../../domain/refund/transition.ts';
import type { Dependencies } from '../dependencies.ts';

/** What the merchant asked for, as the workflow's input carries it. */
export interface RefundPlanOrder extends Omit<RefundOrder, 'cause'> {
  readonly paymentId: string;
  readonly request: RefundRequest;
  /** The person who refunds in the merchant's place. */
  readonly by?: { readonly operator: string; readonly reason: string };
  /** The workflow's own start: the same on every execution of this activity. */
  readonly atMs: number;
}

export type RefundPlanResult = PlannedRefund & { readonly settings: Settings };

/**
 * Get-or-create of the refund with its reservation and its permit. Run twice, or beside fifty others, it takes
 * what is there to take once, and answers what the first run stored.
 */
export function createPlanRefund(deps: Dependencies) {
  return async function planRefund(order: RefundPlanOrder): Promise<RefundPlanResult> {
    const { paymentId, request, atMs, by, ...asked } = order;
    const actor = by === undefined ? `request:${request.id}` : `operator:${by.operator}`;
    const trigger = { type: 'created', actor };
    const planned = await storeRefund(
      deps.db,
      { refundId: order.refundId, paymentId, request },
      (payment, balance) => {
        const ruling = judgeRefundOrder(payment, balance, { ...asked, cause: request.id }, atMs);
        if (ruling.type === 'refused') return ruling;
        const draft = draftOfDecision(ruling.decision.after);
        const decision = by === undefined ? ruling.decision : signed(ruling.decision, by);
        return { type: 'decided', transition: refundTransitionOf(draft, decision, trigger, atMs) };
      },
    );
    return { ...planned, settings: deps.settings };
  };
}

/** As every step of an operator's says who and why. */
function signed(
  decision: RefundDecision,
  { operator, reason }: NonNullable<RefundPlanOrder['by']>,
): RefundDecision {
  return { ...decision, reason: `${decision.reason} by ${operator}: ${reason}` };
}

export interface HydratedRefund {
  /** Absent: no row was ever written for this refund. */
  readonly refund?: Refund;
  readonly settings: Settings;
}

export function createHydrateRefund(deps: Dependencies) {
  return async function hydrateRefund(refundId: string): Promise<HydratedRefund> {
    const refund = await loadRefund(deps.db, refundId);
    return { settings: deps.settings, ...(refund === undefined ? {} : { refund }) };
  };
}
