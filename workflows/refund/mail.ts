import type { NewsFact } from '../../activities/payment/news.ts';
import { unreachable } from '../../domain/machine.ts';
import { decideRefundOutcome } from '../../domain/refund/decide.ts';
import { findByLetter, speaksOf } from '../../domain/refund/nothing-new.ts';
import { openOperation } from '../../domain/refund/refund.ts';
import type { Lanes } from '../operations/lanes.ts';
import { askAboutClosed, type Reading, readLetters } from '../operations/letters.ts';
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
      await conclude(process, operation.id, fact.outcome, fact.source);
      return 'understood';
    }
    case 'observed':
      await conclude(process, fact.operationId, fact.outcome, 'observation');
      return 'understood';
    case 'hint':
      lanes.wake();
      return askAgain(process, fact);
    default:
      return unreachable(fact);
  }
}

/** A hint about a refund that rests already: the provider may have taken it back, or made it after all. */
async function askAgain(process: RefundProcess, fact: Extract<NewsFact, { type: 'hint' }>): Promise<Reading> {
  // It stays in the box until the doubt is resolved, to contradict a "not found" that came too early.
  const open = openOperation(process.current);
  if (open !== undefined) return open.status === 'unknown' ? 'unanswered' : 'understood';
  const operation = findByLetter(process.current, fact) ?? process.current.operations.at(-1);
  if (operation === undefined) return 'unmatched';
  const outcome = await askAboutClosed(process, operation.id, 'a webhook speaks of a refund that rests: ask');
  if (outcome === undefined) return 'unanswered';
  await conclude(process, operation.id, outcome, fact.source);
  return 'understood';
}

async function conclude(
  process: RefundProcess,
  operationId: string,
  outcome: Parameters<typeof decideRefundOutcome>[2],
  actor: string,
): Promise<void> {
  await process.apply((refund) => decideRefundOutcome(refund, operationId, outcome, Date.now()), {
    type: `news_${outcome.type}`,
    actor,
  });
}
