import { currentSequence } from '../../db/generations.ts';
import { acknowledgeLetters, type Letter, openLetterException, unreadLetters } from '../../db/letters.ts';
import { hasUnnamedRefund, unexplainedSuccesses } from '../../db/sends.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Dependencies } from '../dependencies.ts';

/** What the letter box of a payment or a refund says, as facts about its operations. */
export interface News {
  /** Where its row stands: a workflow that is behind reads itself back first. Absent in old histories. */
  readonly sequence?: number;
  readonly facts: readonly NewsFact[];
}

/** Which letters have been acted on, and which speak of nothing that we know: those become a person's. */
export interface ReadLetters {
  readonly understood: readonly string[];
  readonly unmatched: readonly string[];
}

export type NewsFact =
  /** Proven by the letter itself, checked against the operation's amount and currency by the workflow. */
  | {
      readonly type: 'evidence';
      readonly inboxId: string;
      readonly source: string;
      readonly kind: 'authorize' | 'capture' | 'void' | 'refund';
      readonly reference: string;
      readonly amountMinor?: number;
      readonly currency?: string;
      readonly outcome: OperationOutcome;
      /** One of our refunds of this payment may be what the letter speaks of. */
      readonly refundsUnderWay?: boolean;
    }
  /** Something happened at the provider: ask it about this reference. */
  | {
      readonly type: 'hint';
      readonly inboxId: string;
      readonly source: string;
      readonly reference?: string;
      readonly providerReference?: string;
      /** More was refunded than is known of: ask for all refunds. Absent in old histories. */
      readonly about?: 'refunds';
    }
  /** An activity saw a success that nobody recorded. */
  | { readonly type: 'observed'; readonly operationId: string; readonly outcome: OperationOutcome };

export function createReadNews(deps: Dependencies) {
  return async function readNews(ownerId: string): Promise<News> {
    const [letters, successes, sequence] = await Promise.all([
      unreadLetters(deps.db, ownerId),
      unexplainedSuccesses(deps.db, ownerId),
      currentSequence(deps.db, ownerId),
    ]);
    const facts = letters.map((letter) => factOf(deps, letter));
    return {
      ...(sequence === undefined ? {} : { sequence }),
      facts: [
        ...(await Promise.all(facts.map((fact) => withRefunds(deps, ownerId, fact)))),
        ...successes.map((success) => ({ type: 'observed' as const, ...success })),
      ],
    };
  };
}

/** Only a refund that no operation is named for raises the question, and that is rare. */
async function withRefunds(deps: Dependencies, paymentId: string, fact: NewsFact): Promise<NewsFact> {
  if (fact.type !== 'evidence' || fact.kind !== 'refund' || fact.reference.startsWith('op_')) return fact;
  return { ...fact, refundsUnderWay: await hasUnnamedRefund(deps.db, paymentId) };
}

function factOf(deps: Dependencies, letter: Letter): NewsFact {
  const { inboxId } = letter;
  const source = `webhook:${letter.provider}:${letter.eventType}`;
  const believed = deps.providers.named(letter.provider).webhookIs === 'evidence';
  if (believed && letter.evidence !== undefined) {
    const { kind, reference, outcome, amountMinor, currency } = letter.evidence;
    return {
      type: 'evidence',
      inboxId,
      source,
      kind,
      reference,
      outcome,
      ...(amountMinor === undefined ? {} : { amountMinor }),
      ...(currency === undefined ? {} : { currency }),
    };
  }
  return {
    type: 'hint',
    inboxId,
    source,
    ...(letter.reference === undefined ? {} : { reference: letter.reference }),
    ...(letter.providerReference === undefined ? {} : { providerReference: letter.providerReference }),
    ...(isOfTheWhole(letter) ? { about: 'refunds' as const } : {}),
  };
}

/** A letter about refunds that names no operation of ours speaks of all that was refunded. */
function isOfTheWhole({ evidence, reference }: Letter): boolean {
  return evidence?.kind === 'refund' && reference?.startsWith('op_') !== true;
}

export function createAcknowledge(deps: Dependencies) {
  return async function acknowledge({ understood, unmatched }: ReadLetters): Promise<void> {
    for (const inboxId of unmatched) await openLetterException(deps.db, inboxId);
    await acknowledgeLetters(deps.db, understood);
  };
}
