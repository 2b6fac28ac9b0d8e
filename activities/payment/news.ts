import { CHALLENGE_ASK, CHALLENGE_ENDED, CHALLENGE_RETURNED } from '../../db/challenges.ts';
import { currentSequence } from '../../db/generations.ts';
import {
  acknowledgeLetters,
  attemptsOfUnnamedRefunds,
  handOverToRefunds,
  type Letter,
  openLetterException,
  unreadLetters,
} from '../../db/letters.ts';
import { hasUnnamedRefund, unexplainedSuccesses } from '../../db/sends.ts';
import { isRefundId } from '../../domain/ids.ts';
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
      /** The provider's own name of what it speaks of. Absent in old histories. */
      readonly providerReference?: string;
      readonly amountMinor?: number;
      readonly currency?: string;
      readonly outcome: OperationOutcome;
      /** A refund of ours, of whichever attempt, has no name at the provider yet: the letter may speak of that. */
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
  /** The payer's browser came back from a challenge. */
  | {
      readonly type: 'returned';
      readonly inboxId: string;
      readonly source: string;
      readonly attemptId: string;
    }
  /** The challenge's workflow reminds: the provider may have told us nothing, or the payer's time is over. */
  | { readonly type: 'challenge'; readonly inboxId: string; readonly source: string }
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
        ...(isRefundId(ownerId) ? facts : await ofPayment(deps, ownerId, facts)),
        ...successes.map((success) => ({ type: 'observed' as const, ...success })),
      ],
    };
  };
}

/**
 * A letter that names no refund may be about one of ours all the same, so it is not read while one of that attempt is
 * unnamed at the provider. One whose name has become known since it came goes to the box of that refund.
 */
async function ofPayment(
  { db }: Dependencies,
  paymentId: string,
  facts: readonly NewsFact[],
): Promise<readonly NewsFact[]> {
  const nameless = facts.filter(isNameless).map(({ inboxId }) => inboxId);
  if (nameless.length === 0) return facts;
  // In this order: where a refund is named between the two, its letter waits for the next look.
  const refundsUnderWay = await hasUnnamedRefund(db, paymentId);
  const unnamed = refundsUnderWay ? await attemptsOfUnnamedRefunds(db, paymentId) : new Set<string>();
  const handedOver = await handOverToRefunds(db, nameless);
  return facts
    .filter((fact) => !isNameless(fact) || !(unnamed.has(fact.reference) || handedOver.has(fact.inboxId)))
    .map((fact) => (isNameless(fact) ? { ...fact, refundsUnderWay } : fact));
}

function isNameless(fact: NewsFact): fact is Extract<NewsFact, { type: 'evidence' }> {
  return fact.type === 'evidence' && fact.kind === 'refund' && !fact.reference.startsWith('op_');
}

function factOf(deps: Dependencies, letter: Letter): NewsFact {
  const { inboxId, providerReference } = letter;
  if (letter.eventType === CHALLENGE_RETURNED)
    return { type: 'returned', inboxId, source: 'browser', attemptId: letter.reference ?? '' };
  if (letter.eventType === CHALLENGE_ASK || letter.eventType === CHALLENGE_ENDED)
    return { type: 'challenge', inboxId, source: 'challenge' };
  const named = providerReference === undefined ? {} : { providerReference };
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
      ...named,
      ...(amountMinor === undefined ? {} : { amountMinor }),
      ...(currency === undefined ? {} : { currency }),
    };
  }
  return {
    type: 'hint',
    inboxId,
    source,
    ...(letter.reference === undefined ? {} : { reference: letter.reference }),
    ...named,
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
