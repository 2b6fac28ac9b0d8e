import type { WrittenEvent } from '../../domain/events/event.ts';
import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import type { Owner } from './payments.ts';

/**
 * Where a reader of events stands. Positions alone would not do: a number is taken before its transaction commits, so
 * a lower one may appear after a higher one was read. Hence the transaction first, and nothing above a running one.
 */
export interface EventCursor {
  readonly transactionId: bigint;
  readonly position: bigint;
}

export interface StoredEvent extends WrittenEvent {
  readonly cursor: EventCursor;
}

export interface EventFilter {
  readonly limit: number;
  readonly startingAfter?: string;
  /** Any of these; absent: all. */
  readonly types?: readonly string[];
  readonly paymentId?: string;
}

/** Oldest first. `unknown_cursor`: the event that the page should start after isn't the owner's. */
export type EventPage =
  | { readonly type: 'page'; readonly events: readonly StoredEvent[]; readonly hasMore: boolean }
  | { readonly type: 'unknown_cursor' };

export interface EventReader {
  find(owner: Owner, eventId: string): Promise<StoredEvent | undefined>;
  list(owner: Owner, filter: EventFilter): Promise<EventPage>;
  /** What comes after the cursor, in order: nothing that is answered later stands before something answered now. */
  after(owner: Owner, cursor: EventCursor, limit: number): Promise<readonly StoredEvent[]>;
  /** Where that event stands, or undefined where it isn't the owner's. */
  cursorOf(owner: Owner, eventId: string): Promise<EventCursor | undefined>;
  /** After everything that can be read now, and before everything that can't yet. */
  end(): Promise<EventCursor>;
}

export function createEventReader(db: Db): EventReader {
  return {
    async find({ merchantId, mode }, id) {
      const [event] = await select(db, [Prisma.sql`o.id = ${id}`, ...ownedBy({ merchantId, mode })], 1);
      return event;
    },
    async list(owner, filter) {
      const { startingAfter, limit, types, paymentId } = filter;
      const conditions = [...ownedBy(owner), SETTLED];
      if (types !== undefined) conditions.push(Prisma.sql`o.type = ANY(${[...types]}::text[])`);
      if (paymentId !== undefined) conditions.push(Prisma.sql`o.payment_id = ${paymentId}`);
      if (startingAfter !== undefined) {
        const cursor = await cursorOf(db, owner, startingAfter);
        if (cursor === undefined) return { type: 'unknown_cursor' };
        conditions.push(afterCursor(cursor));
      }
      const rows = await select(db, conditions, limit + 1);
      return { type: 'page', events: rows.slice(0, limit), hasMore: rows.length > limit };
    },
    after: (owner, cursor, limit) => select(db, [...ownedBy(owner), SETTLED, afterCursor(cursor)], limit),
    cursorOf: (owner, eventId) => cursorOf(db, owner, eventId),
    async end() {
      const [row] = await db.$queryRaw<{ xmin: bigint }[]>`
        SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin`;
      // Numbers begin at 1: everything of the first transaction that may still be running comes after this.
      return { transactionId: row?.xmin ?? 0n, position: 0n };
    },
  };
}

/** No transaction that is still running can write anything below this. */
export const SETTLED = Prisma.sql`o.transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint`;

function ownedBy({ merchantId, mode }: Owner): Prisma.Sql[] {
  return [Prisma.sql`o.merchant_id = ${merchantId}`, Prisma.sql`o.mode = ${mode}`];
}

export function afterCursor({ transactionId, position }: EventCursor): Prisma.Sql {
  return Prisma.sql`(o.transaction_id, o.position) > (${transactionId}::bigint, ${position}::bigint)`;
}

async function cursorOf(db: Db, { merchantId, mode }: Owner, id: string): Promise<EventCursor | undefined> {
  const row = await db.outbox.findFirst({
    where: { id, merchantId, mode },
    select: { transactionId: true, position: true },
  });
  return row ?? undefined;
}

interface Row extends Omit<StoredEvent, 'createdAtMs' | 'cursor'>, EventCursor {
  readonly createdAt: Date;
}

async function select(db: Db, conditions: Prisma.Sql[], limit: number): Promise<StoredEvent[]> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT o.id, o.mode, o.payment_id AS "paymentId", o.owner_id AS "ownerId", o.event_sequence AS "eventSequence",
      o.type, o.payload, o.created_at AS "createdAt", o.transaction_id AS "transactionId", o.position
    FROM outbox o WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY o.transaction_id, o.position LIMIT ${limit}`;
  return rows.map(({ createdAt, transactionId, position, ...rest }) => ({
    ...rest,
    createdAtMs: createdAt.getTime(),
    cursor: { transactionId, position },
  }));
}
