import { findByLetter, speaksOf } from '../../domain/refund/nothing-new.ts';
import { openOperation } from '../../domain/refund/refund.ts';
import { askAboutClosed, type NewsFact, type Reading, readLetters, staysForSends } from './letters.ts';
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
    // A fact of evidence carries our reference alone.
    const operation = findByLetter(run.current, { reference: letter.evidence.reference });
    if (operation === undefined || !speaksOf(run.current, letter.evidence)) return 'unmatched';
    yield* run.conclude(operation.id, letter.evidence.outcome, 'news');
    return 'understood';
  }
  run.lanes.wake();
  if (staysForSends(run)) return 'unanswered';
  return yield* askAgain(run, letter);
}

/** A hint about a refund that rests already: the provider may have taken it back, or made it after all. */
function* askAgain(run: RefundRun, letter: Letter): Script<Reading> {
  const open = openOperation(run.current);
  if (open !== undefined) return open.status === 'unknown' ? 'unanswered' : 'understood';
  const operation = findByLetter(run.current, letter) ?? run.current.operations.at(-1);
  if (operation === undefined) return 'unmatched';
  const outcome = yield* askAboutClosed(run, operation.id);
  if (outcome === undefined) return 'unanswered';
  yield* run.conclude(operation.id, outcome, 'news');
  return 'understood';
}
