import { redacted } from '../card-data.ts';
import type { Services } from '../route.ts';
import { inOurWords } from '../story/render.ts';

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
