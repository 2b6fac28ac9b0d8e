import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { BaselineActivities } from './activity.ts';

const { chargeAtStripe } = proxyActivities<BaselineActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { maximumAttempts: 1 },
});

export interface BaselineOrder {
  readonly amountMinor: number;
  readonly currency: string;
}

export interface BaselineCharge {
  readonly id: string;
  readonly status: string;
}

/** The least that Temporal can do for a payment: one workflow, one activity, one call. No state, no ledger. */
export async function bareCharge(order: BaselineOrder): Promise<BaselineCharge> {
  return chargeAtStripe({ ...order, key: workflowInfo().workflowId });
}
