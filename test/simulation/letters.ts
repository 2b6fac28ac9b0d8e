import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import { openOperation } from '../../domain/refund/refund.ts';
import type { InquiryAnswer } from './activities.ts';
import type { AggregateRows, Seen, Step } from './aggregate-rows.ts';
import type { Database } from './database.ts';
import type { Letter } from './shared-rows.ts';
import type { Script } from './timeline.ts';
import type { WorkflowRun } from './workflow-run.ts';

/** The twin of workflows/operations/letters.ts, with activities/payment/news.ts in front of it. */
export type NewsFact =
  | { readonly type: 'letter'; readonly letter: Letter }
  | ({ readonly type: 'observed' } & Seen);

export type Reading = 'understood' | 'unmatched' | 'unanswered';

interface Addressee extends WorkflowRun {
  readonly superseded: boolean;
  readonly rows: Pick<AggregateRows<{ sequence: number }, Step>, 'ownerId' | 'unexplainedSuccesses'> & {
    readonly state: { readonly sequence: number } | undefined;
  };
  catchUp(sequence: number): Script<void>;
}

export function* readLetters(owner: Addressee, act: (fact: NewsFact) => Script<Reading>): Script<void> {
  if (owner.superseded) return;
  const { database } = owner.world;
  const { facts, sequence } = yield* owner.local(() => ({
    facts: [
      ...readNews(database, owner.rows.ownerId).map((letter) => ({ type: 'letter' as const, letter })),
      ...owner.rows.unexplainedSuccesses().map((seen) => ({ type: 'observed' as const, ...seen })),
    ] as readonly NewsFact[],
    sequence: owner.rows.state?.sequence ?? 0,
  }));
  yield* owner.catchUp(sequence);
  if (owner.superseded) return;
  const understood: number[] = [];
  const unmatched: number[] = [];
  for (const fact of facts) {
    const read = yield* act(fact);
    if (fact.type === 'observed' || read === 'unanswered') continue;
    (read === 'understood' ? understood : unmatched).push(fact.letter.id);
  }
  if (owner.superseded || understood.length + unmatched.length === 0) return;
  yield* owner.local(() => {
    for (const id of unmatched) database.open('unmatched_webhook', String(id));
    database.acknowledge([...unmatched, ...understood]);
  });
}

/** What no refund is named in goes to the refund whose name it turns out to be, and waits while one has no name. */
function readNews(database: Database, ownerId: string): readonly Letter[] {
  const letters = database.lettersOf(ownerId);
  if (ownerId !== database.paymentRows.ownerId) return letters;
  const unnamed = attemptsOfUnnamedRefunds(database);
  return letters.filter((letter) => {
    const { believed, evidence, providerReference } = letter;
    if (!believed || evidence?.kind !== 'refund' || evidence.reference.startsWith('op_')) return true;
    letter.ownerId = database.ownerOf(undefined, providerReference);
    if (letter.ownerId !== ownerId) letter.signals = 0;
    return !unnamed.has(evidence.reference) && letter.ownerId === ownerId;
  });
}

function attemptsOfUnnamedRefunds(database: Database): ReadonlySet<string> {
  const attemptIds = new Set<string>();
  for (const { state } of database.refunds.values()) {
    const open = state === undefined ? undefined : openOperation(state);
    if (state === undefined || open === undefined || open.providerReference !== undefined) continue;
    if (database.permit(open.id).firstSentAtMs !== undefined) attemptIds.add(state.attemptId);
  }
  return attemptIds;
}

/** Asks the provider about an operation that we hold for done with, because a letter speaks of it. */
export function* askAboutClosed(
  owner: WorkflowRun,
  operationId: string,
): Script<OperationOutcome | undefined> {
  const answer = (yield (resume) => owner.world.activities.inquire(operationId, true, resume)) as
    | InquiryAnswer
    | undefined;
  return answer?.type === 'outcome' && answer.outcome.type !== 'unknown' ? answer.outcome : undefined;
}
