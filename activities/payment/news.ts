import { acknowledgeLetters, type Letter, openLetterException, unreadLetters } from '../../db/letters.ts';
import { unexplainedSuccesses } from '../../db/sends.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Dependencies } from '../dependencies.ts';

/** What a payment's letter box says, as facts about its operations. */
export interface News {
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
    }
  /** Something happened at the provider: ask it about this reference. */
  | {
      readonly type: 'hint';
      readonly inboxId: string;
      readonly source: string;
      readonly reference?: string;
      readonly providerReference?: string;
    }
  /** An activity saw a success that nobody recorded. */
  | { readonly type: 'observed'; readonly operationId: string; readonly outcome: OperationOutcome };

export function createReadNews(deps: Dependencies) {
  return async function readNews(paymentId: string): Promise<News> {
    const [letters, successes] = await Promise.all([
      unreadLetters(deps.db, paymentId),
      unexplainedSuccesses(deps.db, paymentId),
    ]);
    return {
      facts: [
        ...letters.map((letter) => factOf(deps, letter)),
        ...successes.map((success) => ({ type: 'observed' as const, ...success })),
      ],
    };
  };
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
  };
}

export function createAcknowledge(deps: Dependencies) {
  return async function acknowledge({ understood, unmatched }: ReadLetters): Promise<void> {
    for (const inboxId of unmatched) await openLetterException(deps.db, inboxId);
    await acknowledgeLetters(deps.db, understood);
  };
}
