/**
 * db/inbox/: verified webhooks as they came, once per provider event, and payers' browsers that came back. What lives
 * here: storing them before they are acknowledged, and finding the payment that one concerns. What may not: reading an event's
 * meaning. The payment's workflow does that, through an activity, and acknowledges the row.
 */
import { randomUUID } from 'node:crypto';
import { paymentIdOfReference, refundIdOfReference } from '../../domain/ids.ts';
import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { FIRST_SIGNAL_GRACE_MS } from '../letters.ts';

export { createReturnBox, type RefusedReturn, type ReturnBox, type ReturningAttempt } from './returns.ts';

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
  /** Payments and refunds that the new events concern, each once. */
  readonly ownerIds: readonly string[];
}

export interface Inbox {
  store(delivery: Delivery): Promise<StoredDelivery>;
}

/**
 * One statement: each event once, with the payment that it concerns, and whose letter it is (a refund has a box
 * of its own). That is a payment which has an attempt on the account that signed the event: else one merchant, who knows its own webhook secret, could speak about
 * another merchant's payment.
 */
export function createInbox(db: Db): Inbox {
  return {
    async store({ provider, accountId, rawBody, events }) {
      const rows = events.map((event) => ({
        ...event,
        id: `in_${randomUUID().replaceAll('-', '')}`,
        namedPaymentId: event.reference === undefined ? undefined : paymentIdOfReference(event.reference),
        namedRefundId: event.reference === undefined ? undefined : refundIdOfReference(event.reference),
      }));
      const stored = await db.$queryRaw<{ owner_id: string | null }[]>(Prisma.sql`
        INSERT INTO inbox (id, provider, account_id, provider_event_id, event_type, reference, provider_reference,
          payment_id, owner_id, evidence, summary, raw_body, next_signal_at)
        SELECT e.id, ${provider}, ${accountId}, e."providerEventId", e."eventType", e.reference, e."providerReference",
          m.payment_id, coalesce(r.id, m.owner_id), e.evidence, e.summary, ${Uint8Array.from(rawBody)},
          clock_timestamp() + CASE WHEN m.payment_id IS NULL THEN 0 ELSE ${FIRST_SIGNAL_GRACE_MS} END * interval '1 millisecond'
        FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS e(id text, "providerEventId" text, "eventType" text,
          reference text, "providerReference" text, "namedPaymentId" text, "namedRefundId" text, evidence jsonb, summary jsonb)
        LEFT JOIN LATERAL (
          SELECT found.payment_id, found.owner_id FROM (
            SELECT a.payment_id, a.payment_id AS owner_id, a.payment_id = e."namedPaymentId" AS named FROM attempt a
            WHERE a.account_id = ${accountId}
              AND (a.payment_id = e."namedPaymentId" OR a.provider_reference = e."providerReference")
            UNION ALL
            SELECT o.payment_id, o.owner_id, NULL FROM refund f JOIN operation o ON o.owner_id = f.id
            WHERE f.account_id = ${accountId} AND o.kind = 'refund' AND o.provider_reference = e."providerReference") found
          ORDER BY found.owner_id <> found.payment_id DESC, found.named DESC NULLS LAST LIMIT 1) m ON true
        LEFT JOIN refund r ON r.id = e."namedRefundId" AND r.payment_id = m.payment_id
        ON CONFLICT (account_id, provider_event_id) DO NOTHING
        RETURNING owner_id`);
      const ownerIds = new Set(stored.flatMap(({ owner_id }) => (owner_id === null ? [] : [owner_id])));
      return { stored: stored.length, ownerIds: [...ownerIds] };
    },
  };
}
