import type { Evidence } from '../domain/payment/outcome.ts';
import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';

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
  return rows.map((row) => ({
    inboxId: row.id,
    provider: row.provider,
    accountId: row.accountId,
    eventType: row.eventType,
    ...(row.reference === null ? {} : { reference: row.reference }),
    ...(row.providerReference === null ? {} : { providerReference: row.providerReference }),
    // Written by the verified webhook's own adapter, so it is trusted to be of the type.
    ...(row.evidence === null ? {} : { evidence: row.evidence as unknown as Evidence }),
  }));
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

/** A letter that matches nothing after its tries becomes a person's, and is put away. */
export async function openLetterException(db: Db, inboxId: string): Promise<void> {
  await db.$executeRaw(Prisma.sql`
    WITH put_away AS (
      UPDATE inbox SET acknowledged_at = clock_timestamp() WHERE id = ${inboxId} AND acknowledged_at IS NULL
      RETURNING id, provider, event_type, reference)
    INSERT INTO exception (id, kind, subject_id, summary)
    SELECT 'exc_unmatched_webhook_' || id, 'unmatched_webhook', id,
      provider || ' sent ' || event_type || ' for ' || coalesce(reference, 'no reference') || ', which matches nothing that we did'
    FROM put_away ON CONFLICT (kind, subject_id) DO NOTHING`);
}
