import { patched } from '@temporalio/workflow';
import type { NewsFact } from '../../activities/payment/news.ts';
import { unreachable } from '../../domain/machine.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import { decideRefundOutcome, named } from '../../domain/refund/decide.ts';
import { findByLetter, speaksOf } from '../../domain/refund/nothing-new.ts';
import { openOperation } from '../../domain/refund/refund.ts';
import type { Lanes } from '../operations/lanes.ts';
import { askAboutClosed, type Reading, readLetters } from '../operations/letters.ts';
import { PATCHES } from '../versions.ts';
import type { RefundProcess } from './process.ts';

/** Reads the refund's letter box: proof is acted on, and a hint makes us ask the provider. */
export function readRefundMail(process: RefundProcess, lanes: Lanes): Promise<void> {
  return readLetters(process, (fact) => act(process, lanes, fact));
}

async function act(process: RefundProcess, lanes: Lanes, fact: NewsFact): Promise<Reading> {
  switch (fact.type) {
    case 'evidence': {
      const operation = findByLetter(process.current, fact);
      // Evidence of another amount or currency than we asked for proves nothing of our refund.
      if (operation === undefined || !speaksOf(process.current, fact)) return 'unmatched';
      await conclude(process, operation.id, fact.outcome, fact.source, fact.providerReference);
      return 'understood';
    }
    case 'observed':
      await conclude(process, fact.operationId, fact.outcome, 'observation');
      return 'understood';
    case 'returned':
    case 'challenge':
      // Challenges are payments'; a refund has no box for them.
      return 'unmatched';
    case 'hint':
      lanes.wake();
      return askAgain(process, fact);
    default:
      return unreachable(fact);
  }
}

/**
 * A hint about a try that is closed already: the provider may have taken it back, or made it after all. It stays in
 * the box while the open try is in doubt, to contradict a "not found" that came too early, or is being sent, whose
 * answer may come after the letter and say less.
 */
async function askAgain(process: RefundProcess, fact: Extract<NewsFact, { type: 'hint' }>): Promise<Reading> {
  const open = openOperation(process.current);
  const told = findByLetter(process.current, fact);
  if (open !== undefined) {
    const ofClosed = told?.closed === true;
    const matters = ofClosed || open.status === 'created';
    if (!matters || !patched(PATCHES.refundHintsWait))
      return open.status === 'unknown' ? 'unanswered' : 'understood';
    if (!ofClosed) return 'unanswered';
  }
  const operation = told ?? process.current.operations.at(-1);
  if (operation === undefined) return 'unmatched';
  const outcome = await askAboutClosed(process, operation.id, 'a webhook speaks of a refund that rests: ask');
  if (outcome === undefined) return 'unanswered';
  await conclude(process, operation.id, outcome, fact.source);
  return 'understood';
}

async function conclude(
  process: RefundProcess,
  operationId: string,
  outcome: OperationOutcome,
  actor: string,
  providerReference?: string,
): Promise<void> {
  await process.apply(
    (refund) =>
      named(decideRefundOutcome(refund, operationId, outcome, Date.now()), operationId, providerReference),
    { type: `news_${outcome.type}`, actor },
  );
}
