import {
  allHandlersFinished,
  condition,
  continueAsNew,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { ESCALATIONS, nextEscalation } from '../../domain/cases/clock.ts';
import { cases } from '../operations/activities.ts';
import { stampOf } from '../operations/updates.ts';
import {
  CASE_UPDATES,
  type CaseAnswer,
  type CaseInput,
  type CaseResult,
  type CaseUpdate,
  caseQuery,
  caseUpdate,
  lookSignal,
} from './messages.ts';
import { CaseVisibility } from './visibility.ts';

/** A run ends after so many looks even where the server does not suggest it. */
const LOOKS_A_RUN = 200;

/**
 * Looks after one exception until it is resolved: gives it its clock, tells the next level when the time has come, and
 * takes what people decide. Where it stands is in Postgres alone; every step is read, judged and written there under the
 * row's lock. So it may be ended by hand, and the next one goes on.
 */
export async function caseFile(input: CaseInput): Promise<CaseResult> {
  const { exceptionId, looksARun = LOOKS_A_RUN } = input;
  const visibility = new CaseVisibility();
  let looked: Looked | undefined;
  let told = false;

  const see = (seen: Looked) => {
    looked = seen;
    if (seen.type !== 'gone') visibility.show(seen.file);
  };
  const isOver = () => looked !== undefined && looked.type !== 'here';
  setHandler(lookSignal, () => {
    told = true;
  });
  setHandler(caseQuery, () => (looked?.type === 'gone' ? undefined : looked?.file));
  for (const name of Object.keys(CASE_UPDATES) as (keyof typeof CASE_UPDATES)[]) {
    setHandler(caseUpdate(name), async (update) => {
      // Taking it wipes the table, so nobody is heard before.
      await condition(() => looked !== undefined);
      const outcome = await cases.commandCase({
        exceptionId,
        command: update.command,
        operator: update.operator,
        reason: update.reason,
        request: requestOf(update),
      });
      // An answer of before, or none: only a look tells how the case stands now.
      if (outcome.type !== 'done' || outcome.again === true) told = true;
      else see({ type: outcome.file.status === 'resolved' ? 'left' : 'here', file: outcome.file });
      return answerOf(outcome, update);
    });
  }

  for (let looks = 1; ; looks += 1) {
    told = false;
    see(await cases.lookAfterCase(exceptionId));
    await waitForNews();
    if (isOver()) await condition(() => told || allHandlersFinished());
    // Who was told while it ended looks once more: the row may be open again.
    if (isOver() && !told) return resultOf(looked);
    if ((looks >= looksARun || workflowInfo().continueAsNewSuggested) && allHandlersFinished())
      await continueAsNew<typeof caseFile>(input);
  }

  /** Until somebody tells it something, or it is over. Whether a level has come is the timer's to say: a replay has another clock. */
  async function waitForNews(): Promise<void> {
    const isNews = () => told || isOver();
    while (!isNews()) {
      const next = looked?.type === 'here' ? nextEscalation(looked.file) : undefined;
      if (next === undefined) return condition(isNews);
      const summary = `escalation ${next.level}: ${ESCALATIONS[next.level - 1]?.to}`;
      const waitMs = Math.max(1, next.atMs - Date.now());
      if (await condition(isNews, waitMs, { summary })) return;
      see(await cases.escalateCase({ exceptionId, level: next.level }));
    }
  }
}

type Looked = Awaited<ReturnType<typeof cases.lookAfterCase>>;

function resultOf(looked: Looked | undefined): CaseResult {
  if (looked === undefined || looked.type === 'gone') return { status: 'gone' };
  const { resolution } = looked.file;
  return { status: 'resolved', ...(resolution === undefined ? {} : { resolution }) };
}

function requestOf({ request }: CaseUpdate) {
  const { requestId: id, path, idempotencyKey, bodyDigest } = request;
  return { id, path, idempotencyKey, bodyDigest };
}

type Outcome = Awaited<ReturnType<typeof cases.commandCase>>;

function answerOf(outcome: Outcome, { request }: CaseUpdate): CaseAnswer {
  const stamp = stampOf(request);
  switch (outcome.type) {
    case 'done':
      return { type: 'done', exception: outcome.file, stamp };
    case 'refused':
      return { type: 'refused', refusal: outcome.refusal, stamp };
    case 'gone':
      return { type: 'refused', refusal: { code: 'case_unknown', message: 'no such exception' }, stamp };
  }
}
