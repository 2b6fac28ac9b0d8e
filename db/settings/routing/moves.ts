import {
  DISPLACED,
  type PolicyRefusal,
  type PolicyStanding,
  type PolicyStatus,
  type PolicyVerdict,
} from '../../../domain/routing/life.ts';
import { Prisma } from '../../generated/client.ts';
import type { Transaction } from '../../requests/once.ts';
import type { PolicyOrder } from './policies.ts';
import type { PolicyEvent, PolicyEventKind } from './row.ts';

/** A version as it stands, and which one it is. */
type Standing = PolicyStanding & { readonly version: number };

/** Writes what was decided, and who and why with it: Postgres refuses a status that nobody is named for. */
export async function carryOut(
  tx: Transaction,
  order: PolicyOrder,
  standing: Standing,
  verdict: Exclude<PolicyVerdict, PolicyRefusal>,
): Promise<void> {
  if (verdict.type === 'move') {
    const { to, percent, proposedBy } = verdict;
    return takePlace(tx, order, standing, {
      to,
      kind: proposedBy === undefined ? 'moved' : 'approved',
      ...(percent === undefined ? {} : { percent }),
      ...(proposedBy === undefined ? {} : { proposedBy }),
    });
  }
  const { proposal } = verdict;
  await tx.routingPolicy.update({
    where: keyOf(order, standing.version),
    data: { proposal: verdict.type === 'propose' ? (proposal as object) : Prisma.DbNull },
  });
  await note(tx, order, standing.version, {
    kind: KINDS[verdict.type],
    from: standing.status,
    to: proposal.to,
    ...(proposal.percent === undefined ? {} : { percent: proposal.percent }),
    ...(verdict.type === 'propose' ? {} : { proposedBy: proposal.by }),
  });
}

const KINDS = { propose: 'proposed', reject: 'rejected', consent: 'approved' } as const;

export interface Move {
  readonly to: PolicyStatus;
  readonly kind: PolicyEventKind;
  readonly percent?: number;
  readonly proposedBy?: string;
}

/** Moves a version, and first out of the way whichever holds the place that it takes. */
export async function takePlace(
  tx: Transaction,
  order: PolicyOrder,
  { version, status: from }: Pick<Standing, 'version' | 'status'>,
  move: Move,
): Promise<void> {
  const { to } = move;
  const instead = DISPLACED[to];
  if (instead !== undefined) {
    const { merchantId, mode } = order.owner;
    const holders = await tx.routingPolicy.findMany({
      where: { merchantId, mode, status: to, version: { not: version } },
      select: { version: true },
    });
    for (const holder of holders)
      await write(tx, order, { version: holder.version, status: to }, { to: instead, kind: 'displaced' });
  }
  await write(tx, order, { version, status: from }, move);
}

async function write(
  tx: Transaction,
  order: PolicyOrder,
  { version, status: from }: Pick<Standing, 'version' | 'status'>,
  move: Move,
): Promise<void> {
  const { to, percent } = move;
  const at = new Date(order.atMs);
  await tx.routingPolicy.update({
    where: keyOf(order, version),
    data: {
      status: to,
      canaryPercent: to === 'canary' ? (percent ?? null) : null,
      movedAt: at,
      ...(to === 'active' ? { activatedAt: at } : {}),
      // What was proposed of it was proposed of how it stood.
      proposal: Prisma.DbNull,
    },
  });
  await note(tx, order, version, { ...move, from });
}

async function note(
  tx: Transaction,
  { owner, actor, reason }: PolicyOrder,
  version: number,
  {
    from,
    to,
    kind,
    percent,
    proposedBy,
  }: Omit<Move, 'to'> & { readonly from: PolicyStatus; readonly to: PolicyEvent['to'] },
): Promise<void> {
  await tx.routingPolicyEvent.create({
    data: {
      ...owner,
      version,
      kind,
      fromStatus: from,
      toStatus: to,
      canaryPercent: percent ?? null,
      actor,
      reason,
      proposedBy: proposedBy ?? null,
    },
  });
}

function keyOf({ owner: { merchantId, mode } }: PolicyOrder, version: number) {
  return { merchantId_mode_version: { merchantId, mode, version } };
}
