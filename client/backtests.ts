import { quietBacktests } from '../db/routing/backtests.ts';
import type { BacktestInput } from '../workflows/backtest/messages.ts';
import type { DoorParts } from './generations.ts';
import { searchAttributes } from './search-attributes.ts';

export const BACKTEST_WORKFLOW = 'backtest';

export interface BacktestsDoor {
  /** Starts the workflow of a back-test whose row is there; one that runs is left alone. */
  start(backtest: { readonly id: string; readonly merchantId: string }): Promise<void>;
}

export function backtestWorkflowId(id: string): string {
  return `backtest/${id}`;
}

export function createBacktestsDoor({ client, taskQueue }: DoorParts): BacktestsDoor {
  return {
    async start({ id, merchantId }) {
      const input: BacktestInput = { backtestId: id };
      await client.workflow.start(BACKTEST_WORKFLOW, {
        taskQueue,
        workflowId: backtestWorkflowId(id),
        args: [input],
        // It reads on from its row, so a second one after an end by hand loses nothing.
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'USE_EXISTING',
        typedSearchAttributes: searchAttributes(merchantId, undefined, 'running'),
        staticSummary: 'a routing policy against past payments',
      });
    },
  };
}

/** Longer than any page takes: a row that nobody touched for so long has no workflow, or one that is told again in vain. */
const QUIET_MS = 120_000;

/** Starts what was asked for and never began, or was ended by hand. */
export async function startBacktests(deps: DoorParts, running: ReadonlySet<string>): Promise<void> {
  const door = createBacktestsDoor(deps);
  for (const backtest of await quietBacktests(deps.db, QUIET_MS))
    if (!running.has(backtestWorkflowId(backtest.id))) await door.start(backtest);
}
