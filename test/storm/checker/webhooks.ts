import type { Finding } from './finding.ts';
import { grouped, type View } from './view.ts';

/**
 * S2: a forged webhook is refused and leaves nothing. S3: a genuine one is stored once, however often it comes.
 */
export function checkWebhooks(view: View): Finding[] {
  return [...forged(view), ...storedTwice(view)];
}

function forged(view: View): Finding[] {
  const { forged: sent } = view.evidence;
  const claimed = new Map(sent.map((webhook) => [webhook.eventId, webhook]));
  const believed = view.inbox.flatMap(({ id, eventId }): Finding[] => {
    // An event of Adyen's is stored under its reference, code and success, joined by colons.
    const webhook = claimed.get(eventId.split(':')[0] ?? eventId);
    if (webhook === undefined) return [];
    return [{ invariant: 'S2', subject: id, what: `was stored from a forged webhook (${webhook.how})` }];
  });
  const welcomed = sent
    .filter(({ status }) => status >= 200 && status < 300)
    .map(
      ({ provider, how, status }): Finding => ({
        invariant: 'S2',
        subject: provider,
        what: `a forged webhook (${how}) was answered ${status}`,
      }),
    );
  return [...believed, ...welcomed];
}

function storedTwice(view: View): Finding[] {
  const byEvent = grouped(view.inbox, ({ accountId, eventId }) => `${accountId} ${eventId}`);
  return [...byEvent]
    .filter(([, rows]) => rows.length > 1)
    .map(([event, rows]) => ({ invariant: 'S3', subject: event, what: `was stored ${rows.length} times` }));
}
