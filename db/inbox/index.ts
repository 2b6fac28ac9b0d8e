/**
 * db/inbox/: verified webhooks as they came, once per provider event. What lives here: storing them before
 * they are acknowledged, and finding the payment that an event concerns. What may not: reading an event's
 * meaning. The payment's workflow does that, through an activity, and acknowledges the row.
 */
import { randomUUID } from 'node:crypto';
import { paymentIdOfReference } from '../../domain/ids.ts';
import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';

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

/** The direct signal gets this long before the sweeper signals again. */
const FIRST_SIGNAL_GRACE_MS = 5_000;

/**
 * One statement: each event once, with the payment that it concerns. That is one which has an attempt on the
 * account that signed the event: else one merchant, who knows its own webhook secret, could speak about
 * another merchant's payment.
 */
export function createInbox(db: Db): Inbox {
  return {
    async store({ provider, accountId, rawBody, events }) {
      const rows = events.map((event) => ({
        ...event,
        id: `in_${randomUUID().replaceAll('-', '')}`,
        namedPaymentId: event.reference === undefined ? undefined : paymentIdOfReference(event.reference),
      }));
      const stored = await db.$queryRaw<{ payment_id: string | null }[]>(Prisma.sql`
        INSERT INTO inbox (id, provider, account_id, provider_event_id, event_type, reference, provider_reference,
          payment_id, evidence, summary, raw_body, next_signal_at)
        SELECT e.id, ${provider}, ${accountId}, e."providerEventId", e."eventType", e.reference, e."providerReference",
          m.payment_id, e.evidence, e.summary, ${Uint8Array.from(rawBody)},
          clock_timestamp() + CASE WHEN m.payment_id IS NULL THEN 0 ELSE ${FIRST_SIGNAL_GRACE_MS} END * interval '1 millisecond'
        FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS e(id text, "providerEventId" text, "eventType" text,
          reference text, "providerReference" text, "namedPaymentId" text, evidence jsonb, summary jsonb)
        LEFT JOIN LATERAL (
          SELECT a.payment_id FROM attempt a WHERE a.account_id = ${accountId}
            AND (a.payment_id = e."namedPaymentId" OR a.provider_reference = e."providerReference")
          ORDER BY a.payment_id = e."namedPaymentId" DESC NULLS LAST LIMIT 1) m ON true
        ON CONFLICT (account_id, provider_event_id) DO NOTHING
        RETURNING payment_id`);
      const paymentIds = new Set(
        stored.flatMap(({ payment_id }) => (payment_id === null ? [] : [payment_id])),
      );
      return { stored: stored.length, paymentIds: [...paymentIds] };
    },
  };
}
