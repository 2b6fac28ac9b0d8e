import { isStoredRouting } from '../../domain/routing/again.ts';
import { redacted } from '../card-data.ts';
import type { Services } from '../route.ts';
import { renderDecision } from '../routing/render-decision.ts';

/**
 * A payment's story for people. What providers wrote (outcomes, declines, webhook summaries) passes through
 * the redaction once more, although nothing of a card should have come this far.
 */
export async function readTimeline(
  paymentId: string,
  { timeline, cards }: Pick<Services, 'timeline' | 'cards'>,
): Promise<object> {
  const entries = await timeline.read(paymentId);
  return {
    object: 'timeline',
    payment: paymentId,
    data: entries.map((entry) => ({
      at: new Date(entry.atMs).toISOString(),
      type: entry.type,
      id: entry.id,
      details: redacted(inOurWords(entry.details), cards.isLuhnValid),
    })),
  };
}

/** A routing decision as `GET /v1/payments/:id/routing` shows it; everything else is in the API's words already. */
function inOurWords({ explanation, ...details }: Readonly<Record<string, unknown>>) {
  if (explanation === undefined) return details;
  return {
    ...details,
    explanation: isStoredRouting(explanation) ? renderDecision(explanation) : explanation,
  };
}
