import type { Mode } from '../../../domain/ids.ts';
import type { Proposal } from '../../../domain/routing/life.ts';
import type { Db } from '../../client.ts';
import { Prisma } from '../../generated/client.ts';
import { loadResolution, type StoredResolution } from '../../resolutions.ts';
import { afterCase } from '../after-case.ts';
import { bounded } from './bounded.ts';

/** A payment that its policy holds back until a person has looked. Nothing of it was sent. */
export interface HeldPayment {
  readonly paymentId: string;
  readonly caseId: string;
  readonly merchantId: string;
  readonly mode: Mode;
  readonly reference?: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** Which of the policy's requirements hold it. */
  readonly summary: string;
  readonly owner?: string;
  readonly heldSinceMs: number;
  readonly dueAtMs?: number;
}

export type HeldPage =
  | { readonly type: 'page'; readonly payments: readonly HeldPayment[]; readonly hasMore: boolean }
  | { readonly type: 'unknown_cursor' };

/** What somebody proposed and another person has to approve: what became of an operation, or which policy decides. */
export interface Approvals {
  readonly resolutions: readonly (StoredResolution & {
    readonly merchantId?: string;
    readonly mode?: Mode;
  })[];
  readonly policies: readonly ProposedPolicy[];
  readonly hasMore: boolean;
}

export interface ProposedPolicy {
  readonly merchantId: string;
  readonly mode: Mode;
  readonly version: number;
  readonly name: string;
  readonly author: string;
  readonly proposal: Proposal;
}

interface HeldRow {
  readonly id: string;
  readonly merchant_id: string;
  readonly mode: Mode;
  readonly reference: string | null;
  readonly amount_minor: string;
  readonly currency: string;
  readonly case_id: string;
  readonly summary: string;
  readonly owner: string | null;
  readonly opened_at: Date;
  readonly due_at: Date | null;
}

/** Oldest first; `startingAfter` is a case's id. */
export async function listHeld(
  db: Db,
  filter: { readonly limit: number; readonly startingAfter?: string; readonly merchantId?: string },
): Promise<HeldPage> {
  const { limit, startingAfter, merchantId } = filter;
  const conditions = [
    Prisma.sql`x.kind = 'payment_review' AND x.closed_at IS NULL`,
    ...(merchantId === undefined ? [] : [Prisma.sql`p.merchant_id = ${merchantId}`]),
  ];
  if (startingAfter !== undefined) {
    const after = await afterCase(db, startingAfter);
    if (after === undefined) return { type: 'unknown_cursor' };
    conditions.push(after);
  }
  const rows = await bounded<HeldRow>(
    db,
    Prisma.sql`
    SELECT p.id, p.merchant_id, p.mode, p.reference, p.amount_minor, p.currency, x.id AS case_id, x.summary, x.owner,
      x.opened_at, x.due_at
    FROM exception x JOIN payment p ON p.id = x.subject_id
    WHERE ${Prisma.join(conditions, ' AND ')} ORDER BY x.opened_at, x.id LIMIT ${limit + 1}::int`,
  );
  return { type: 'page', payments: rows.slice(0, limit).map(toHeld), hasMore: rows.length > limit };
}

function toHeld(row: HeldRow): HeldPayment {
  return {
    paymentId: row.id,
    caseId: row.case_id,
    merchantId: row.merchant_id,
    mode: row.mode,
    ...(row.reference === null ? {} : { reference: row.reference }),
    amountMinor: Number(row.amount_minor),
    currency: row.currency,
    summary: row.summary,
    ...(row.owner === null ? {} : { owner: row.owner }),
    heldSinceMs: row.opened_at.getTime(),
    ...(row.due_at === null ? {} : { dueAtMs: row.due_at.getTime() }),
  };
}

/** Oldest first, so many of each: who works them off sees the next. */
export async function listApprovals(db: Db, limit: number): Promise<Approvals> {
  const [named, proposed] = await Promise.all([
    bounded<{ id: string; merchant_id: string | null; mode: Mode | null }>(
      db,
      Prisma.sql`
      SELECT s.id, p.merchant_id, p.mode FROM resolution s LEFT JOIN payment p ON p.id = s.payment_id
      WHERE s.status = 'proposed' ORDER BY s.proposed_at, s.id LIMIT ${limit + 1}::int`,
    ),
    bounded<{
      merchant_id: string;
      mode: Mode;
      version: number;
      name: string;
      author: string;
      proposal: Proposal;
    }>(
      db,
      Prisma.sql`
      SELECT merchant_id, mode, version, name, author, proposal FROM routing_policy WHERE proposal IS NOT NULL
      ORDER BY moved_at, merchant_id, mode, version LIMIT ${limit + 1}::int`,
    ),
  ]);
  const resolutions = await Promise.all(
    named.slice(0, limit).map(async ({ id, merchant_id: merchantId, mode }) => {
      const found = await loadResolution(db, id);
      if (found === undefined) return [];
      return [merchantId === null || mode === null ? found : { ...found, merchantId, mode }];
    }),
  );
  return {
    resolutions: resolutions.flat(),
    policies: proposed
      .slice(0, limit)
      .map(({ merchant_id: merchantId, ...rest }) => ({ merchantId, ...rest })),
    hasMore: named.length > limit || proposed.length > limit,
  };
}
