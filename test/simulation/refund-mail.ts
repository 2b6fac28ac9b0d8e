import { findByLetter, speaksOf } from '../../domain/refund/nothing-new.ts';
import { openOperation } from '../../domain/refund/refund.ts';
import { askAboutClosed, type NewsFact, type Reading, readLetters } from './letters.ts';
import type { RefundRun } from './refund-run.ts';
import type { Letter } from './shared-rows.ts';
import type { Script } from './timeline.ts';

/** The twin of workflows/refund/mail.ts. */
export function readRefundMail(run: RefundRun): Script<void> {
  return readLetters(run, (fact) => act(run, fact));
}

function* act(run: RefundRun, fact: NewsFact): Script<Reading> {
  if (fact.type === 'observed') {
    yield* run.conclude(fact.operationId, fact.outcome, 'news');
    return 'understood';
  }
  const { letter } = fact;
  if (letter.believed && letter.evidence !== undefined) {
    const operation = findByLetter(run.current, letter);
    if (operation === undefined || !speaksOf(run.current, letter.evidence)) return 'unmatched';
    yield* run.conclude(operation.id, letter.evidence.outcome, 'news', letter.providerReference);
    return 'understood';
  }
  run.lanes.wake();
  return yield* askAgain(run, letter);
}

/** A hint about a try that is closed already: the provider may have taken it back, or made it after all. */
function* askAgain(run: RefundRun, letter: Letter): Script<Reading> {
  const open = openOperation(run.current);
  const named = findByLetter(run.current, letter);
  if (open !== undefined && named?.closed !== true)
    return open.status === 'pending' ? 'understood' : 'unanswered';
  const operation = named ?? run.current.operations.at(-1);
  if (operation === undefined) return 'unmatched';
  const outcome = yield* askAboutClosed(run, operation.id);
  if (outcome === undefined) return 'unanswered';
  yield* run.conclude(operation.id, outcome, 'news');
  return 'understood';
}
