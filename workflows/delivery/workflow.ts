import {
  ActivityFailure,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities, DeliverReport } from '../../activities/index.ts';
import { type DeliveryInput, type DeliveryResult, pokeSignal } from './messages.ts';

/** A run ends after so many passes even where the server does not suggest it: about 900 events of history. */
const PASSES_A_RUN = 100;
/** After a fault of ours that repeating will not mend at once. */
const REST_AFTER_FAULT_MS = 60_000;

/**
 * Looks after one endpoint for as long as it is enabled: a pass, a rest until something is due or somebody pokes, and so
 * on. Where every delivery stands is in Postgres alone, and each run begins with a pass: so it can continue as new
 * anywhere, and a poke that the run before has heard is answered by the next one's first pass.
 */
export async function delivery(input: DeliveryInput): Promise<DeliveryResult> {
  let poked = false;
  setHandler(pokeSignal, () => {
    poked = true;
  });
  const { passesARun = PASSES_A_RUN } = input;
  for (let passes = 1; ; passes += 1) {
    poked = false;
    const report = await pass(input);
    if (report !== undefined) {
      setCurrentDetails(details(report));
      const { status } = report;
      if (status !== 'enabled' && !poked) return { status };
    }
    if (passes >= passesARun || workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof delivery>(input);
    const restMs = report?.restMs ?? REST_AFTER_FAULT_MS;
    if (restMs > 0) await condition(() => poked, restMs);
  }
}

/**
 * Not local: a pass takes its time, and a worker that dies in one is noticed by its heartbeat. On a queue of its own,
 * so that endpoints which hang hold no slot that a payment waits for.
 */
async function pass({ endpointId }: DeliveryInput): Promise<DeliverReport | undefined> {
  const { deliverDue } = proxyActivities<Pick<Activities, 'deliverDue'>>({
    taskQueue: `${workflowInfo().taskQueue}-deliveries`,
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: '10 seconds',
    retry: { initialInterval: '1 second', maximumInterval: '30 seconds', nonRetryableErrorTypes: ['Bug'] },
  });
  try {
    return await deliverDue({ endpointId });
  } catch (error) {
    // A bug must not end it: nobody would start it again but the sweeper, into the same bug.
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
    setCurrentDetails(`**failing** · ${error.cause?.message ?? error.message}`);
    return undefined;
  }
}

/** Markdown, as the Web UI renders it. */
function details(report: DeliverReport): string {
  const { status, disabledReason, pending, dead, delivered, failed, lastFailure, restMs } = report;
  return [
    `**${status}**${disabledReason === undefined ? '' : ` · ${disabledReason}`} · ${pending} pending, ${dead} dead`,
    `Last pass: ${delivered} delivered, ${failed} failed${lastFailure === undefined ? '' : ` (${lastFailure})`}.`,
    status === 'enabled' ? `Looks again in ${Math.ceil(restMs / 1_000)} s, or when there is news.` : '',
  ]
    .filter((line) => line !== '')
    .join('\n\n');
}
