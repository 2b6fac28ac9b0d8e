import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';

/** A request about a payment that changed nothing: one that came again, or was refused. */
export interface RequestNote {
  /** A payment; or a refund, whose row knows the payment. */
  readonly subjectId: string;
  /** Whose request it was; absent: an operator's, who may be about any. */
  readonly merchantId?: string;
  readonly path: string;
  /** `replayed`, or the problem's code. */
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly requestId: string;
  readonly times: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

export interface RequestNoteWriter {
  /** Adds to what is counted. What is about no payment of its merchant's leaves nothing. */
  write(notes: readonly RequestNote[]): Promise<void>;
}

export function createRequestNoteWriter(db: Db): RequestNoteWriter {
  return {
    async write(notes) {
      const rows = JSON.stringify(
        notes.map(({ firstAtMs, lastAtMs, ...note }) => ({
          ...note,
          firstAt: new Date(firstAtMs).toISOString(),
          lastAt: new Date(lastAtMs).toISOString(),
        })),
      );
      // In one order, so that two processes that write of the same payments don't wait for each other in a circle.
      await db.$executeRaw(Prisma.sql`
        INSERT INTO request_note (payment_id, path, code, status, detail, request_id, times, first_at, last_at)
        SELECT p.id, n.path, n.code, n.status, n.detail, n."requestId", n.times, n."firstAt", n."lastAt"
        FROM jsonb_to_recordset(${rows}::jsonb) AS n("subjectId" text, "merchantId" text, path text, code text, status int,
            detail text, "requestId" text, times int, "firstAt" timestamptz, "lastAt" timestamptz)
          LEFT JOIN refund f ON f.id = n."subjectId"
          JOIN payment p ON p.id = coalesce(f.payment_id, n."subjectId")
        WHERE n."merchantId" IS NULL OR p.merchant_id = n."merchantId"
        ORDER BY p.id, n.path, n.code
        ON CONFLICT (payment_id, path, code) DO UPDATE SET times = request_note.times + excluded.times,
          status = excluded.status, detail = excluded.detail, request_id = excluded.request_id,
          first_at = least(request_note.first_at, excluded.first_at), last_at = greatest(request_note.last_at, excluded.last_at)`);
    },
  };
}
