import { PAID_STATUSES } from '../domain/payment/states.ts';
import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';
import { FIRST_SIGNAL_GRACE_MS } from './letters.ts';

/**
 * Letters about a challenge: from its own workflow, which keeps the payer's time, and from the browser that
 * came back. They lie in the payment's box beside the provider's webhooks, and are read in the same way.
 */
export const CHALLENGE_ASK = 'challenge.ask';
export const CHALLENGE_ENDED = 'challenge.ended';
export const CHALLENGE_RETURNED = 'challenge.returned';

export interface ChallengeLetter {
  readonly paymentId: string;
  readonly attemptId: string;
  readonly eventType: typeof CHALLENGE_ASK | typeof CHALLENGE_ENDED | typeof CHALLENGE_RETURNED;
  /** Once for each: a repeat of the same is the same letter. */
  readonly name: string;
  /** What the browser brought back, for a provider that goes on only when it is given it. */
  readonly returned?: Readonly<Record<string, string>>;
}

/**
 * Puts the letter into the box. Any conflict is the same letter, by its id too: of two browsers at once, one would meet
 * the other's id before its name. Answers whether it is new, or undefined where the attempt is none of the
 * payment's.
 */
export async function storeChallengeLetter(db: Db, letter: ChallengeLetter): Promise<boolean | undefined> {
  const { paymentId, attemptId, eventType, name, returned = {} } = letter;
  const rows = await db.$queryRaw<{ found: boolean; stored: boolean }[]>(Prisma.sql`
    WITH found AS (SELECT id, payment_id, account_id, provider FROM attempt WHERE id = ${attemptId} AND payment_id = ${paymentId}),
    stored AS (
      INSERT INTO inbox (id, provider, account_id, provider_event_id, event_type, reference, payment_id, owner_id,
        summary, raw_body, next_signal_at)
      SELECT 'in_' || substr(md5(found.account_id || ${name}), 1, 32), found.provider, found.account_id, ${name}, ${eventType},
        found.id, found.payment_id, found.payment_id, ${JSON.stringify(returned)}::jsonb, ''::bytea,
        clock_timestamp() + ${FIRST_SIGNAL_GRACE_MS} * interval '1 millisecond'
      FROM found ON CONFLICT DO NOTHING RETURNING id)
    SELECT (SELECT count(*) FROM found) > 0 AS found, (SELECT count(*) FROM stored) > 0 AS stored`);
  const row = rows[0];
  return row?.found === true ? row.stored : undefined;
}

/**
 * Whether the merchant, who has the duplicate-order guard on, was paid for the payment's reference by another payment
 * meanwhile.
 */
export async function isPaidOtherwise(db: Db, paymentId: string): Promise<boolean> {
  const rows = await db.$queryRaw<{ paid: boolean }[]>(Prisma.sql`
    SELECT EXISTS (
      SELECT 1 FROM payment p JOIN merchant m ON m.id = p.merchant_id AND m.duplicate_reference_guard
        JOIN payment o ON o.merchant_id = p.merchant_id AND o.mode = p.mode AND o.reference = p.reference AND o.id <> p.id
      WHERE p.id = ${paymentId} AND o.status IN (${Prisma.join(PAID_STATUSES)})) AS paid`);
  return rows[0]?.paid === true;
}

/** What the browser brought back with a letter. */
export async function loadReturned(
  db: Db,
  letterId: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const row = await db.inbox.findUnique({ where: { id: letterId }, select: { summary: true } });
  return row === null ? undefined : (row.summary as Record<string, string>);
}
