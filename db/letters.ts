import type { Evidence } from '../domain/payment/outcome.ts';
import { MANUAL } from '../domain/refund/refund.ts';
import { asBooksCount, byHandMinor, isTotal } from '../domain/refund/totals.ts';
import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';

/** The direct signal gets this long before the sweeper signals again. */
export const FIRST_SIGNAL_GRACE_MS = 5_000;

/** What lies in the letter box of a payment or a refund: verified webhooks that no workflow has acknowledged yet. */
export interface Letter {
  readonly inboxId: string;
  readonly provider: string;
  readonly accountId: string;
  readonly eventType: string;
  readonly reference?: string;
  readonly providerReference?: string;
  readonly evidence?: Evidence;
}

export async function unreadLetters(db: Db, ownerId: string): Promise<readonly Letter[]> {
  const rows = await db.inbox.findMany({
    where: { ownerId, acknowledgedAt: null },
    orderBy: { receivedAt: 'asc' },
    take: 50,
  });
  const letters = rows.map((row) => ({
    inboxId: row.id,
    provider: row.provider,
    accountId: row.accountId,
    eventType: row.eventType,
    ...(row.reference === null ? {} : { reference: row.reference }),
    ...(row.providerReference === null ? {} : { providerReference: row.providerReference }),
    // Written by the verified webhook's own adapter, so it is trusted to be of the type.
    ...(row.evidence === null ? {} : { evidence: row.evidence as unknown as Evidence }),
  }));
  const telling = letters.some(({ evidence }) => evidence !== undefined && isTotal(evidence));
  return telling ? withBooksTotals(db, ownerId, letters) : letters;
}

async function withBooksTotals(
  db: Db,
  paymentId: string,
  letters: readonly Letter[],
): Promise<readonly Letter[]> {
  const byHand = await db.refund.findMany({
    where: { paymentId, countedOperationId: MANUAL },
    select: { attemptId: true, amountMinor: true },
  });
  const refunds = byHand.map(({ attemptId, amountMinor }) => ({
    attemptId,
    amountMinor: Number(amountMinor),
    countedOperationId: MANUAL,
  }));
  return letters.map(({ evidence, ...letter }) =>
    evidence === undefined
      ? letter
      : { ...letter, evidence: asBooksCount(evidence, byHandMinor(refunds, evidence.reference)) },
  );
}

/** Attempts of which a merchant's refund was sent, is not proven, and has no name at the provider yet. */
export async function attemptsOfUnnamedRefunds(db: Db, paymentId: string): Promise<ReadonlySet<string>> {
  const rows = await db.operation.findMany({
    where: {
      paymentId,
      ownerId: { not: paymentId },
      kind: 'refund',
      closedAt: null,
      providerReference: null,
      firstSentAt: { not: null },
    },
    select: { attemptId: true },
  });
  return new Set(rows.map(({ attemptId }) => attemptId));
}

/**
 * Puts letters about refunds into the box of the refund that the provider's name in them belongs to, and answers
 * which went there. They came to the payment's, because nobody knew that name yet. The sweeper signals at once.
 */
export async function handOverToRefunds(db: Db, inboxIds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db.$queryRaw<{ id: string }[]>(Prisma.sql`
    UPDATE inbox i SET owner_id = f.id, signals = 0, next_signal_at = clock_timestamp()
    FROM refund f JOIN operation o ON o.owner_id = f.id
    WHERE i.id = ANY(${[...inboxIds]}) AND i.acknowledged_at IS NULL AND f.payment_id = i.payment_id
      AND f.account_id = i.account_id AND o.provider_reference = i.provider_reference
    RETURNING i.id`);
  return new Set(rows.map(({ id }) => id));
}

export async function acknowledgeLetters(db: Db, inboxIds: readonly string[]): Promise<void> {
  await db.inbox.updateMany({
    where: { id: { in: [...inboxIds] }, acknowledgedAt: null },
    data: { acknowledgedAt: new Date() },
  });
}

export interface DueLetter {
  readonly inboxId: string;
  readonly ownerId: string | null;
  readonly signals: number;
}

/**
 * Letters whose signal was lost, or whose workflow never read them. Each look postpones the next, doubling,
 * so that a letter to nobody does not keep the sweeper busy.
 */
export async function takeDueLetters(
  db: Db,
  firstDelayMs: number,
  limit: number,
): Promise<readonly DueLetter[]> {
  return db.$queryRaw<DueLetter[]>(Prisma.sql`
    UPDATE inbox SET signals = signals + 1,
      next_signal_at = clock_timestamp() + ${firstDelayMs} * power(2, least(signals, 10)) * interval '1 millisecond'
    WHERE id IN (
      SELECT id FROM inbox
      WHERE acknowledged_at IS NULL AND next_signal_at <= clock_timestamp()
        AND received_at <= clock_timestamp() - ${firstDelayMs} * interval '1 millisecond'
      ORDER BY next_signal_at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)
    RETURNING id AS "inboxId", owner_id AS "ownerId", signals`);
}

/** A letter that its owner's workflow could make nothing of becomes a person's, and is put away. */
export async function openLetterException(db: Db, inboxId: string): Promise<void> {
  await putAway(db, inboxId, Prisma.sql`true`, 'does not agree with what we know of it');
}

/**
 * The same of a letter that no workflow has answered in all its tries. Not while anything of its payment is under way:
 * what the letter says may decide that, and its doubt outlasts the tries. Answers whether it was given up.
 */
export async function giveUpLetter(db: Db, inboxId: string): Promise<boolean> {
  const atRest = Prisma.sql`NOT EXISTS (SELECT FROM operation o WHERE o.payment_id = i.payment_id AND o.closed_at IS NULL)`;
  return putAway(db, inboxId, atRest, 'could not be settled by asking the provider');
}

/** Of a payment that we know it is money's, and urgent; else it matches nothing that we did. */
async function putAway(db: Db, inboxId: string, when: Prisma.Sql, ofOurs: string): Promise<boolean> {
  const rows = await db.$queryRaw<unknown[]>(Prisma.sql`
    WITH put_away AS (
      UPDATE inbox i SET acknowledged_at = clock_timestamp()
      WHERE i.id = ${inboxId} AND i.acknowledged_at IS NULL AND ${when}
      RETURNING i.id, i.provider, i.account_id, i.event_type, i.reference, i.payment_id),
    told AS (
      SELECT l.*, p.merchant_id, CASE WHEN p.id IS NULL THEN 'unmatched_webhook' ELSE 'unresolved_webhook' END AS kind,
        CASE WHEN p.id IS NULL THEN 'matches nothing that we did' ELSE ${ofOurs} END AS why
      FROM put_away l LEFT JOIN payment p ON p.id = l.payment_id),
    opened AS (
      INSERT INTO exception (id, kind, subject_id, payment_id, merchant_id, account_id, summary)
      SELECT 'exc_' || kind || '_' || id, kind, id, payment_id, merchant_id, account_id,
        provider || ' sent ' || event_type || ' for ' || coalesce(reference, payment_id, 'no reference') || ', which ' || why
      FROM told ON CONFLICT (kind, subject_id) DO NOTHING)
    SELECT id FROM put_away`);
  return rows.length > 0;
}
