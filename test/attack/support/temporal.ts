/** Temporal's own handles on a test system's workflows: what an operator with the `temporal` command has. */
import { randomUUID } from 'node:crypto';
import { type Client, isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { pino } from 'pino';
import { createDataConverter } from '../../../client/codec/index.ts';
import { connectClient, createDoor } from '../../../client/index.ts';
import { type Db, openDb } from '../../../db/client.ts';
import { workflowIdOf } from '../../../domain/ids.ts';
import { type SweepFindings, sweep } from '../../../worker/sweeper.ts';
import { waitFor } from '../../support/harness.ts';
import type { System } from '../../support/system.ts';

export interface Operator {
  readonly client: Client;
  readonly db: Db;
  terminate(ownerId: string, generation?: number): Promise<void>;
  /** Makes Temporal forget the execution, as retention does, and waits until it has. */
  forget(ownerId: string, generation?: number): Promise<void>;
  /** Back to its first workflow task. */
  resetToStart(ownerId: string, generation?: number): Promise<void>;
  statusOf(ownerId: string, generation?: number): Promise<string>;
  sweep(): Promise<SweepFindings>;
  close(): Promise<void>;
}

export async function operatorOf({ config }: System): Promise<Operator> {
  const { namespace, taskQueue } = config.temporal;
  const client = await connectClient(config.temporal, createDataConverter(config.keys.codec));
  const db = openDb(config.databaseUrl);
  const door = createDoor({ client, db, taskQueue });
  const handle = (ownerId: string, generation = 1) =>
    client.workflow.getHandle(workflowIdOf(ownerId, generation));
  return {
    client,
    db,
    async terminate(ownerId, generation) {
      await handle(ownerId, generation).terminate('an operator in error');
    },
    async forget(ownerId, generation) {
      const workflow = handle(ownerId, generation);
      // Deletion is a task of the server's own; one asked for while the closing is still being settled is lost.
      await waitFor(
        async () => {
          try {
            await workflow.describe();
            await client.workflowService.deleteWorkflowExecution({
              namespace,
              workflowExecution: { workflowId: workflow.workflowId },
            });
            return false;
          } catch (error) {
            if (error instanceof WorkflowNotFoundError || isNotFound(error)) return true;
            throw error;
          }
        },
        { what: 'Temporal to forget the workflow', intervalMs: 250, timeoutMs: 60_000 },
      );
    },
    async resetToStart(ownerId, generation) {
      const workflow = handle(ownerId, generation);
      const history = await workflow.fetchHistory();
      const started = history.events?.find((event) => event.workflowTaskStartedEventAttributes != null);
      if (started?.eventId == null) throw new Error('no workflow task has been started yet');
      await client.workflowService.resetWorkflowExecution({
        namespace,
        workflowExecution: { workflowId: workflow.workflowId },
        reason: 'an operator in error',
        requestId: randomUUID(),
        workflowTaskFinishEventId: Number(started.eventId) + 1,
      } as never);
    },
    async statusOf(ownerId, generation) {
      return (await handle(ownerId, generation).describe()).status.name;
    },
    sweep: () =>
      sweep({
        db,
        client,
        door,
        taskQueue,
        log: pino({ level: 'silent' }),
        intervalMs: 1_000,
        idleMs: 0,
        letterDelayMs: 0,
      }),
    async close() {
      await Promise.all([client.connection.close(), db.$disconnect()]);
    },
  };
}

const NOT_FOUND = 5;
function isNotFound(error: unknown): boolean {
  return isGrpcServiceError(error) && error.code === NOT_FOUND;
}
