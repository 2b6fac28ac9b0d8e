import { setTimeout as delay } from 'node:timers/promises';
import { WithStartWorkflowOperation } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { keptAnswer } from '../db/cases/command.ts';
import { type CaseRow, fileOf, readCase } from '../db/cases/row.ts';
import { type CaseToTell, casesToTell } from '../db/cases/start.ts';
import { poolOf } from '../db/client.ts';
import { CASE_MOVES, type CaseCommandName } from '../domain/cases/states.ts';
import { caseWorkflowId } from '../domain/ids.ts';
import type { Refusal } from '../domain/payment/commands.ts';
import {
  CASE_UPDATES,
  type CaseAnswer,
  type CaseInput,
  type CaseUpdate,
  lookSignal,
} from '../workflows/case/messages.ts';
import type { RequestStamp, Result } from './contract.ts';
import { isClosed } from './errors.ts';
import type { DoorParts } from './generations.ts';
import { searchAttributes } from './search-attributes.ts';
import { mustBeUncertain } from './updates.ts';

export const CASE_WORKFLOW = 'case';

/** Operators' commands to cases. */
export interface CasesDoor {
  command(exceptionId: string, update: CaseUpdate, timeoutMs: number): Promise<Result<CaseAnswer>>;
}

export function createCasesDoor(deps: DoorParts): CasesDoor {
  return { command: (exceptionId, update, timeoutMs) => commandCase(deps, exceptionId, update, timeoutMs) };
}

/** A task in which a case ends may have to be done again, and its update with it: the request finds out what came of it. */
const AGAIN_AFTER_MS = 50;

/**
 * One round trip, also to a case whose workflow has not begun. One that is resolved is refused on its row, so that no
 * workflow begins only to say so.
 */
async function commandCase(
  deps: DoorParts,
  exceptionId: string,
  order: CaseUpdate,
  timeoutMs: number,
): Promise<Result<CaseAnswer>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const told = await tellOnce(deps, exceptionId, order, deadline);
    if (told.type !== 'unreachable' || Date.now() + AGAIN_AFTER_MS >= deadline) return told;
    await delay(AGAIN_AFTER_MS);
  }
}

async function tellOnce(
  deps: DoorParts,
  exceptionId: string,
  order: CaseUpdate,
  deadline: number,
): Promise<Result<CaseAnswer>> {
  const { client, db } = deps;
  const { request, command } = order;
  const row = await readCase(poolOf(db), exceptionId);
  if (row === undefined) return { type: 'not_found' };
  const answered = (answer: CaseAnswer): Result<CaseAnswer> => ({ type: 'answered', answer });
  const refusal = refusalOnSight(row, command.type);
  if (refusal !== undefined) return answered(await answerOnSight(db, request, refusal));
  const startWorkflowOperation = new WithStartWorkflowOperation(CASE_WORKFLOW, {
    ...startOf(deps, { id: row.id, kind: row.kind, closed: false, ...about(row) }),
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  // A definition is its name; the workflow's own bring the SDK for workflows with them.
  const name = CASE_UPDATES[command.type];
  const update = { type: 'update', name } as UpdateDefinition<CaseAnswer, [CaseUpdate]>;
  try {
    const options = { args: [order] as [CaseUpdate], updateId: request.requestId, startWorkflowOperation };
    return answered(
      await client.withDeadline(deadline, () => client.workflow.executeUpdateWithStart(update, options)),
    );
  } catch (error) {
    // The handle's promise rejects with the same error; it has been seen.
    startWorkflowOperation.workflowHandle().catch(() => undefined);
    if (!isClosed(error)) mustBeUncertain(error);
    return { type: 'unreachable', detail: 'no worker answered in time' };
  }
}

/** It may have been this very request that resolved it. */
async function answerOnSight(
  db: DoorParts['db'],
  request: RequestStamp,
  refusal: Refusal,
): Promise<CaseAnswer> {
  const { httpRequestId, requestId } = request;
  const { outcome, bodyDigest = request.bodyDigest } = (await keptAnswer(poolOf(db), requestId)) ?? {};
  const stamp = { bodyDigest, httpRequestId };
  return outcome?.type === 'done'
    ? { type: 'done', exception: outcome.file, stamp }
    : { type: 'refused', refusal: outcome?.type === 'refused' ? outcome.refusal : refusal, stamp };
}

function refusalOnSight(row: CaseRow, command: CaseCommandName): Refusal | undefined {
  const { status } = fileOf(row, 1);
  if (status !== 'resolved' || CASE_MOVES.resolved[command] !== undefined) return undefined;
  return { code: 'case_resolved', message: 'the case is resolved', status, allowed: [] };
}

function about({ merchant_id: merchantId, currency }: CaseRow) {
  return { ...(merchantId === null ? {} : { merchantId }), ...(currency === null ? {} : { currency }) };
}

function startOf({ taskQueue }: Pick<DoorParts, 'taskQueue'>, found: CaseToTell) {
  const input: CaseInput = { exceptionId: found.id };
  return {
    taskQueue,
    workflowId: caseWorkflowId(found.id),
    args: [input],
    // The same thing may be seen again: then the same case is open again.
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    typedSearchAttributes: searchAttributes(found.merchantId ?? 'none', found.currency, 'open'),
    staticSummary: found.kind,
  } as const;
}

const PAGE = 200;
/** Starts that are under way at once. */
const AT_ONCE = 16;

/**
 * Starts a workflow for every open case that none has taken, and wakes those whose row somebody else has closed. With
 * `running`, those too that were ended by hand. Harmless to repeat, and at the same time: a case that runs is only woken.
 */
export async function startCases(deps: DoorParts, running?: ReadonlySet<string>): Promise<number> {
  const isAlone = ({ id }: CaseToTell) => running?.has(caseWorkflowId(id)) !== true;
  const untold = await tellAll(deps, false, (found) => found.closed || isAlone(found));
  return running === undefined ? untold : untold + (await tellAll(deps, true, isAlone));
}

async function tellAll(
  deps: DoorParts,
  held: boolean,
  isAlone: (found: CaseToTell) => boolean,
): Promise<number> {
  let told = 0;
  let afterId = '';
  for (;;) {
    const page = await casesToTell(deps.db, { afterId, limit: PAGE, held });
    const alone = page.filter(isAlone);
    for (let from = 0; from < alone.length; from += AT_ONCE) {
      await Promise.all(alone.slice(from, from + AT_ONCE).map((found) => tell(deps, found)));
    }
    told += alone.length;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return told;
    afterId = last.id;
  }
}

async function tell(deps: DoorParts, found: CaseToTell): Promise<void> {
  await deps.client.workflow.signalWithStart(CASE_WORKFLOW, { ...startOf(deps, found), signal: lookSignal });
}
