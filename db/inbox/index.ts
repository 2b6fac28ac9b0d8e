/**
 * db/inbox/: verified webhooks as they came, once per provider event. What lives here: storing them before
 * they are acknowledged, and finding the payment that an event concerns. What may not: reading an event's
 * meaning. The payment's workflow does that, through an activity, and acknowledges the row.
 */
import { randomUUID } from 'node:crypto';
import { paymentIdOfReference } from '../../domain/ids.ts';
import type { Db } from '../client.ts';
import type { Prisma } from '../generated/client.ts';

/** One event of a verified webhook, as the provider's verifier lists it. */
export interface InboxEvent {
  readonly providerEventId: string;
  readonly eventType: string;
  readonly reference?: string;
  readonly providerReference?: string;
  readonly evidence?: object;
  readonly summary: Readonly<Record<string, string | number | boolean | null>>;
}

export interface Delivery {
  readonly provider: string;
  readonly accountId: string;
  readonly rawBody: Uint8Array;
  readonly events: readonly InboxEvent[];
}

export interface StoredDelivery {
  /** How many events were new; the rest had been stored by an earlier delivery. */
  readonly stored: number;
  /** Payments that the new events concern, each once. */
  readonly paymentIds: readonly string[];
}

export interface Inbox {
  store(delivery: Delivery): Promise<StoredDelivery>;
}

export function createInbox(db: Db): Inbox {
  return {
    async store({ provider, accountId, rawBody, events }) {
      const paymentOf = await matchPayments(db, accountId, events);
      const rows = await db.inbox.createManyAndReturn({
        data: events.map((event) => {
          const paymentId = paymentOf(event);
          return {
            id: `in_${randomUUID().replaceAll('-', '')}`,
            provider,
            accountId,
            providerEventId: event.providerEventId,
            eventType: event.eventType,
            reference: event.reference ?? null,
            providerReference: event.providerReference ?? null,
            paymentId: paymentId ?? null,
            ...(event.evidence === undefined ? {} : { evidence: event.evidence as Prisma.InputJsonValue }),
            summary: event.summary,
            rawBody: Uint8Array.from(rawBody),
          };
        }),
        skipDuplicates: true,
        select: { paymentId: true },
      });
      const paymentIds = new Set(rows.flatMap(({ paymentId }) => (paymentId === null ? [] : [paymentId])));
      return { stored: rows.length, paymentIds: [...paymentIds] };
    },
  };
}

/**
 * An event concerns a payment only if the payment has an attempt on the account that signed the event:
 * else one merchant, who knows its own webhook secret, could speak about another merchant's payment.
 */
async function matchPayments(
  db: Db,
  accountId: string,
  events: readonly InboxEvent[],
): Promise<(event: InboxEvent) => string | undefined> {
  const named = events.flatMap(({ reference }) => (reference && paymentIdOfReference(reference)) || []);
  const references = events.flatMap(({ providerReference }) => providerReference ?? []);
  if (named.length === 0 && references.length === 0) return () => undefined;
  const attempts = await db.attempt.findMany({
    where: { accountId, OR: [{ paymentId: { in: named } }, { providerReference: { in: references } }] },
    select: { paymentId: true, providerReference: true },
  });
  const known = new Set(attempts.map(({ paymentId }) => paymentId));
  const byReference = new Map(
    attempts.map(({ providerReference, paymentId }) => [providerReference, paymentId]),
  );
  return ({ reference, providerReference }) => {
    const paymentId = reference === undefined ? undefined : paymentIdOfReference(reference);
    if (paymentId !== undefined && known.has(paymentId)) return paymentId;
    return providerReference === undefined ? undefined : byReference.get(providerReference);
  };
}
