import type { Db } from '../../client.ts';
import { Prisma } from '../../generated/client.ts';
import { afterCursor, type EventCursor, SETTLED } from '../events.ts';

/** That something happened to a payment, whoever's: what the console listens for. What it is now is read elsewhere. */
export interface Change {
  /** The event's. */
  readonly id: string;
  readonly paymentId: string;
  readonly merchantId: string;
  readonly mode: string;
  readonly type: string;
  readonly cursor: EventCursor;
}

export interface ChangeReader {
  /** Of all merchants, in the order in which nothing can come before what was read. */
  after(cursor: EventCursor, limit: number): Promise<readonly Change[]>;
  end(): Promise<EventCursor>;
  cursorOf(eventId: string): Promise<EventCursor | undefined>;
}

export function createChangeReader(db: Db, events: { end(): Promise<EventCursor> }): ChangeReader {
  return {
    async after(cursor, limit) {
      const rows = await db.$queryRaw<(Omit<Change, 'cursor'> & EventCursor)[]>(Prisma.sql`
        SELECT o.id, o.payment_id AS "paymentId", o.merchant_id AS "merchantId", o.mode, o.type,
          o.transaction_id AS "transactionId", o.position
        FROM outbox o WHERE ${SETTLED} AND ${afterCursor(cursor)}
        ORDER BY o.transaction_id, o.position LIMIT ${limit}::int`);
      return rows.map(({ transactionId, position, ...change }) => ({
        ...change,
        cursor: { transactionId, position },
      }));
    },
    end: () => events.end(),
    async cursorOf(id) {
      const row = await db.outbox.findUnique({
        where: { id },
        select: { transactionId: true, position: true },
      });
      return row ?? undefined;
    },
  };
}
