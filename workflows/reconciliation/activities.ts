import { type ActivityOptions, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';

/**
 * The steps of a day as workflows call them. On a queue of their own, so that a big file holds no slot that a payment
 * waits for; each goes on where it was when it is tried again, and says by its heartbeat how far it is. Without end,
 * because nothing else would do them: a fault stands in the Web UI until it is mended. Only asking the provider gives
 * up after some tries, since the workflow (or the next day's) asks again, and a bug, which trying again doesn't mend.
 */
type Steps =
  | 'beginReconciliation'
  | 'verifySettlements'
  | 'refreshBookings'
  | 'stageSettlements'
  | 'classifySettlements'
  | 'postSettlements'
  | 'postBankLines'
  | 'bringSettlementNews'
  | 'checkSettlementNews'
  | 'closeReconciliation';

const RETRY = {
  initialInterval: '1 second',
  maximumInterval: '1 minute',
  nonRetryableErrorTypes: ['Bug'],
} satisfies ActivityOptions['retry'];

function options(more: ActivityOptions): ActivityOptions {
  return {
    taskQueue: `${workflowInfo().taskQueue}-reconciliation`,
    // A million lines take minutes; a worker that dies is noticed by its heartbeat long before.
    startToCloseTimeout: '2 hours',
    heartbeatTimeout: '15 seconds',
    retry: RETRY,
    ...more,
  };
}

export function step(summary: string): Pick<Activities, Steps> {
  return proxyActivities<Pick<Activities, Steps>>(options({ summary }));
}

/** In how many tries the provider is asked before the workflow takes a longer rest. */
const ASKING_TRIES = 3;

type Questions = 'fetchSettlements' | 'askProvider';

export function asking(summary: string): Pick<Activities, Questions> {
  return proxyActivities<Pick<Activities, Questions>>(
    options({
      summary,
      retry: {
        ...RETRY,
        maximumAttempts: ASKING_TRIES,
        nonRetryableErrorTypes: ['Bug', 'ReportRefused'],
      },
    }),
  );
}

export function dating(): Pick<Activities, 'businessDateOf'> {
  return proxyActivities<Pick<Activities, 'businessDateOf'>>(
    options({ summary: 'which day is meant', startToCloseTimeout: '10 seconds' }),
  );
}
