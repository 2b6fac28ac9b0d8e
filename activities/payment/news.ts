import { acknowledgeLetters, type Letter, unreadLetters } from '../../db/letters.ts';
import { unexplainedSuccesses } from '../../db/sends.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Dependencies } from '../dependencies.ts';

/** What a payment's letter box says, as facts about its operations. */
export interface News {
  readonly facts: readonly NewsFact[];
  /** The letters that these facts exhaust. Acknowledged once the facts have been acted on. */
  readonly inboxIds: readonly string[];
}

export type NewsFact =
  /** Proven by the letter itself, checked against the operation's amount and currency by the workflow. */
  | {
      readonly type: 'evidence';
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
      inboxIds: letters.map((letter) => letter.inboxId),
    };
  };
}

function factOf(deps: Dependencies, letter: Letter): NewsFact {
  const source = `webhook:${letter.provider}:${letter.eventType}`;
  const believed = deps.providers.named(letter.provider).webhookIs === 'evidence';
  if (believed && letter.evidence !== undefined) {
    const { kind, reference, outcome, amountMinor, currency } = letter.evidence;
    return {
      type: 'evidence',
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
    source,
    ...(letter.reference === undefined ? {} : { reference: letter.reference }),
    ...(letter.providerReference === undefined ? {} : { providerReference: letter.providerReference }),
  };
}

export function createAcknowledge(deps: Dependencies) {
  return async function acknowledge(inboxIds: readonly string[]): Promise<void> {
    await acknowledgeLetters(deps.db, inboxIds);
  };
}
