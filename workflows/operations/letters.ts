import { ActivityFailure } from '@temporalio/workflow';
import type { NewsFact } from '../../activities/payment/news.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Settings } from '../../domain/payment/resolver.ts';
import { database, inquiries } from './activities.ts';

/** `unmatched`: it concerns nothing that we did. `unanswered`: it stays in the box, and is read again later. */
export type Reading = 'understood' | 'unmatched' | 'unanswered';

interface Addressee {
  readonly id: string;
  readonly generation: number;
  readonly settings: Settings;
  readonly superseded: boolean;
  catchUp(sequence: number): Promise<void>;
}

/** Reads a letter box, letter by letter. Each is acknowledged after what it said has been written. */
export async function readLetters(
  owner: Addressee,
  act: (fact: NewsFact) => Promise<Reading>,
): Promise<void> {
  if (owner.superseded) return;
  const { facts, sequence } = await database.readNews(owner.id);
  // A run that was reset to an older point must not judge by what it remembers.
  if (sequence !== undefined) await owner.catchUp(sequence);
  if (owner.superseded) return;
  const understood: string[] = [];
  const unmatched: string[] = [];
  for (const fact of facts) {
    const read = await act(fact);
    if (fact.type === 'observed' || read === 'unanswered') continue;
    (read === 'understood' ? understood : unmatched).push(fact.inboxId);
  }
  if (owner.superseded || understood.length + unmatched.length === 0) return;
  await database.acknowledge({ understood, unmatched });
}

/**
 * Asks the provider about an operation that we hold for done with, because a letter speaks of it. A look-up
 * that failed, or found nothing (a search index lags), is no answer: the letter may be the only trace, so it is
 * not put away for it.
 */
export async function askAboutClosed(
  owner: Addressee,
  operationId: string,
  summary: string,
): Promise<OperationOutcome | undefined> {
  const order = { operationId, generation: owner.generation, lookup: true };
  try {
    const answer = await inquiries(owner.settings, summary).inquire(order);
    return answer.type === 'outcome' && answer.outcome.type !== 'unknown' ? answer.outcome : undefined;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return undefined;
  }
}
