import { setImmediate as turn } from 'node:timers/promises';
import {
  type AuditedOwner,
  brokenAdminLinks,
  brokenLinks,
  type ChainHead,
} from '../../../domain/audit/chain.ts';
import { PAYMENT_STATUSES } from '../../../domain/payment/states.ts';
import { REFUND_STATUSES } from '../../../domain/refund/states.ts';
import type { Db } from '../../client.ts';
import { Prisma } from '../../generated/client.ts';
import { ADMIN_CHAIN } from '../people/index.ts';

/**
 * The audit chains held against themselves and against the rows that they tell of, a page at a time: neither the memory nor
 * the time of one step grows with the number of payments. The terminal walks through all pages; the console's
 * verification is a job that remembers its cursor.
 */
export interface ChainFinding {
  readonly owner: string;
  readonly problem: string;
}

export type ChainStage = 'administrators' | 'payments' | 'refunds' | 'orphans';

/** `recent`: of payments and refunds only those that moved last. The administrators' chain is read whole in any case. */
export type ChainScope = 'all' | 'recent';

export interface ChainCursor {
  readonly stage: ChainStage;
  /** The last owner that was read. */
  readonly after?: string;
  /** When that one moved last; of `recent` only. */
  readonly afterMs?: number;
  /** How many of this stage were read; `recent` ends at a number of them. */
  readonly read: number;
  readonly head?: ChainHead;
}

export interface ChainStep {
  readonly stage: ChainStage;
  readonly owners: number;
  readonly rows: number;
  readonly findings: readonly ChainFinding[];
  /** Undefined: that was all. */
  readonly next: ChainCursor | undefined;
}

export const CHAIN_BEGINNING: ChainCursor = { stage: 'administrators', read: 0 };

/** So many payments, and so many refunds, are the recent ones. */
export const RECENT_OWNERS = 1_000;

const PAGE = 500;
/** Hashing them all at once would hold up every request that this process answers meanwhile. */
const CHAINS_A_TURN = 20;

/** How many chains a verification will look at; of very many, as many as the planner believes there are. */
export async function chainsToVerify(db: Db, scope: ChainScope): Promise<number> {
  const [row] = await db.$queryRaw<{ payments: number; refunds: number }[]>(Prisma.sql`
    SELECT (SELECT greatest(reltuples, 0)::float8 FROM pg_class WHERE oid = 'payment'::regclass) AS payments,
           (SELECT greatest(reltuples, 0)::float8 FROM pg_class WHERE oid = 'refund'::regclass) AS refunds`);
  const most = scope === 'recent' ? RECENT_OWNERS : Number.MAX_SAFE_INTEGER;
  const { payments = 0, refunds = 0 } = row ?? {};
  return Math.round(Math.min(payments, most) + Math.min(refunds, most)) + 1;
}

export async function verifyChains(db: Db, scope: ChainScope, cursor: ChainCursor): Promise<ChainStep> {
  switch (cursor.stage) {
    case 'administrators':
      return administrators(db, cursor);
    case 'payments':
      return owners(db, scope, cursor, 'refunds');
    case 'refunds':
      return owners(db, scope, cursor, scope === 'all' ? 'orphans' : undefined);
    case 'orphans':
      return orphans(db, cursor);
  }
}

/** The chain of one payment or refund. Undefined: there is no such owner. */
export async function verifyChainOf(db: Db, ownerId: string): Promise<ChainStep | undefined> {
  for (const stage of ['payments', 'refunds'] as const) {
    const [found] = await ownersBy(
      db,
      stage,
      Prisma.sql`SELECT id FROM ${tableOf(stage)} WHERE id = ${ownerId}`,
    );
    if (found !== undefined) {
      const { rows, findings } = await verifyPage(db, [found]);
      return { stage, owners: 1, rows, findings, next: undefined };
    }
  }
  return undefined;
}

async function administrators(db: Db, cursor: ChainCursor): Promise<ChainStep> {
  const before = cursor.head ?? { sequence: 0, hash: ADMIN_CHAIN };
  const rows = await db.adminAudit.findMany({
    where: { sequence: { gt: before.sequence } },
    orderBy: { sequence: 'asc' },
    take: PAGE,
  });
  const { problems, head } = brokenAdminLinks(before, rows);
  const isLast = rows.length < PAGE;
  return {
    stage: 'administrators',
    owners: isLast ? 1 : 0,
    rows: rows.length,
    findings: problems.map((problem) => ({ owner: ADMIN_CHAIN, problem })),
    next: isLast ? { stage: 'payments', read: 0 } : { ...cursor, head },
  };
}

type OwnedStage = Extract<ChainStage, 'payments' | 'refunds'>;
type Owner = AuditedOwner & { readonly updatedAt: Date };

async function owners(
  db: Db,
  scope: ChainScope,
  cursor: ChainCursor,
  following: ChainStage | undefined,
): Promise<ChainStep> {
  const stage = cursor.stage as OwnedStage;
  const page = await ownersBy(db, stage, scope === 'all' ? inOrder(stage, cursor) : latest(stage, cursor));
  const { rows, findings } = await verifyPage(db, page);
  const read = cursor.read + page.length;
  const last = page.at(-1);
  const isOver = page.length < PAGE || (scope === 'recent' && read >= RECENT_OWNERS);
  const after = last === undefined ? {} : { after: last.id, afterMs: last.updatedAt.getTime() };
  return {
    stage,
    owners: page.length,
    rows,
    findings,
    next: isOver ? following && { stage: following, read: 0 } : { stage, read, ...after },
  };
}

function tableOf(stage: OwnedStage): Prisma.Sql {
  return stage === 'payments' ? Prisma.sql`payment` : Prisma.sql`refund`;
}

function inOrder(stage: OwnedStage, { after = '' }: ChainCursor): Prisma.Sql {
  return Prisma.sql`SELECT id FROM ${tableOf(stage)} WHERE id > ${after} ORDER BY id LIMIT ${PAGE}::int`;
}

/** By the index over status and time: the last ones of each status, and of those the last ones. */
function latest(stage: OwnedStage, { after, afterMs }: ChainCursor): Prisma.Sql {
  const statuses = stage === 'payments' ? PAYMENT_STATUSES : REFUND_STATUSES;
  const older =
    after === undefined || afterMs === undefined
      ? Prisma.sql`true`
      : Prisma.sql`(o.updated_at, o.id) < (${new Date(afterMs)}::timestamptz, ${after})`;
  return Prisma.sql`
    SELECT l.id FROM unnest(${[...statuses]}::text[]) AS s(status) CROSS JOIN LATERAL (
      SELECT o.id, o.updated_at FROM ${tableOf(stage)} o WHERE o.status = s.status AND ${older}
      ORDER BY o.updated_at DESC, o.id DESC LIMIT ${PAGE}::int) l
    ORDER BY l.updated_at DESC, l.id DESC LIMIT ${PAGE}::int`;
}

/** In the order of the ids' query. */
async function ownersBy(db: Db, stage: OwnedStage, ids: Prisma.Sql): Promise<readonly Owner[]> {
  return db.$queryRaw<Owner[]>(Prisma.sql`
    SELECT t.id, t.status, t.sequence, t.audit_head AS "auditHead", t.updated_at AS "updatedAt"
    FROM (SELECT i.id, row_number() OVER () AS place FROM (${ids}) i) p JOIN ${tableOf(stage)} t ON t.id = p.id
    ORDER BY p.place`);
}

async function verifyPage(
  db: Db,
  page: readonly Owner[],
): Promise<{ readonly rows: number; readonly findings: readonly ChainFinding[] }> {
  // Read after the owners: a step that is written meanwhile is looked at by the next verification.
  const steps = await db.audit.findMany({
    where: { ownerId: { in: page.map(({ id }) => id) } },
    orderBy: [{ ownerId: 'asc' }, { sequence: 'asc' }],
  });
  const byOwner = new Map<string, typeof steps>();
  for (const step of steps) {
    const own = byOwner.get(step.ownerId);
    if (own === undefined) byOwner.set(step.ownerId, [step]);
    else own.push(step);
  }
  let rows = 0;
  const findings: ChainFinding[] = [];
  for (const [place, owner] of page.entries()) {
    if (place % CHAINS_A_TURN === CHAINS_A_TURN - 1) await turn();
    const own = (byOwner.get(owner.id) ?? []).filter(({ sequence }) => sequence <= owner.sequence);
    rows += own.length;
    findings.push(...brokenLinks(owner, own).map((problem) => ({ owner: owner.id, problem })));
  }
  return { rows, findings };
}

/** Rows that nobody owns, e.g. because the payment's row was removed. */
async function orphans(db: Db, { after = '', read }: ChainCursor): Promise<ChainStep> {
  const page = await db.$queryRaw<{ id: string; owned: boolean }[]>`
    SELECT w.id, (EXISTS (SELECT 1 FROM payment p WHERE p.id = w.id)
               OR EXISTS (SELECT 1 FROM refund r WHERE r.id = w.id)) AS owned
    FROM (SELECT DISTINCT owner_id AS id FROM audit WHERE owner_id > ${after} ORDER BY owner_id LIMIT ${PAGE}::int) w
    ORDER BY w.id`;
  const last = page.at(-1);
  return {
    stage: 'orphans',
    owners: 0,
    rows: 0,
    findings: page
      .filter(({ owned }) => !owned)
      .map(({ id }) => ({ owner: id, problem: 'has audit rows, but no row of its own' })),
    next:
      last === undefined || page.length < PAGE
        ? undefined
        : { stage: 'orphans', after: last.id, read: read + page.length },
  };
}
