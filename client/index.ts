/**
 * client/: the only door to Temporal from outside. What lives here: the connection, starting a payment
 * with its first update, commands, signals and queries, the generations of a payment, and the codec that
 * the worker and the codec server use too. What may not: decisions about money, HTTP, or providers.
 */
import type { Db } from '../db/client.ts';
import { type BacktestsDoor, createBacktestsDoor } from './backtests.ts';
import { type CasesDoor, createCasesDoor } from './cases.ts';
import { createDataConverter, type KeyRing } from './codec/index.ts';
import { connectClient, type TemporalAddress } from './connection.ts';
import type { PaymentsDoor } from './contract.ts';
import { createDeliveriesDoor, type DeliveriesDoor } from './deliveries.ts';
import { createDoor } from './door.ts';
import { createExperimentsDoor, type ExperimentsDoor } from './experiments.ts';
import { createReconciliationsDoor, type ReconciliationsDoor } from './reconciliations.ts';

export { type BacktestsDoor, startBacktests } from './backtests.ts';
export { canaryScheduleId, keepCanary } from './canary.ts';
export { type CasesDoor, startCases } from './cases.ts';
export { connectClient, connectionOptions, type TemporalAddress } from './connection.ts';
export type { CommandResult, NewsResult, PaymentsDoor, RefundsDoor } from './contract.ts';
export { createDeliveriesDoor, type DeliveriesDoor } from './deliveries.ts';
export { createDoor } from './door.ts';
export { type ExperimentsDoor, startExperiments } from './experiments.ts';
export { endStuck, openGeneration, PAYMENT_WORKFLOW, REFUND_WORKFLOW, replaceStuck } from './generations.ts';
export { keepSchedules, type ReconciliationsDoor } from './reconciliations.ts';
export { startRollup } from './rollups.ts';

export interface DoorConnection {
  readonly door: PaymentsDoor;
  readonly deliveries: DeliveriesDoor;
  readonly cases: CasesDoor;
  readonly reconciliations: ReconciliationsDoor;
  readonly backtests: BacktestsDoor;
  readonly experiments: ExperimentsDoor;
  /** Rejects when Temporal can't be reached. */
  check(): Promise<unknown>;
  close(): Promise<void>;
}

/** The door of a process that only starts, tells and asks: the API, the command line. */
export async function connectDoor(
  config: {
    readonly temporal: TemporalAddress & { readonly taskQueue: string };
    readonly keys: { readonly codec: KeyRing };
  },
  db: Db,
): Promise<DoorConnection> {
  const client = await connectClient(config.temporal, createDataConverter(config.keys.codec));
  const parts = { client, db, taskQueue: config.temporal.taskQueue };
  const deliveries = createDeliveriesDoor(parts);
  return {
    door: createDoor(parts),
    deliveries,
    cases: createCasesDoor(parts),
    reconciliations: createReconciliationsDoor(parts),
    backtests: createBacktestsDoor(parts),
    experiments: createExperimentsDoor(parts),
    check: () => client.withDeadline(Date.now() + 2_000, () => client.workflowService.getSystemInfo({})),
    close() {
      deliveries.close();
      return client.connection.close();
    },
  };
}
export { causeOfStuck } from './stuck.ts';
