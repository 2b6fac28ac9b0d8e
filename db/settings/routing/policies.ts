import {
  type CommandContext,
  decideCommand,
  type PolicyCommand,
  type PolicyRefusal,
  type PolicyStatus,
  rollBackTo,
} from '../../../domain/routing/life.ts';
import type { PolicyDocument } from '../../../domain/routing/policy/index.ts';
import type { Db } from '../../client.ts';
import { doOnce, type KeptOnce, type NamedRequest, type Transaction } from '../../requests/once.ts';
import { ensurePlatform, PLATFORM } from '../../routing/platform.ts';
import { makersOf } from '../people/makers.ts';
import { carryOut, takePlace } from './moves.ts';
import {
  type KeptPolicy,
  type ListedPolicy,
  type PolicyEvent,
  type PolicyOwner,
  toEvent,
  toKept,
  toListed,
} from './row.ts';

/** Who asks for what to be done once, and why. */
export interface PolicyOrder {
  /** Whose policies. */
  readonly owner: PolicyOwner;
  /** Whose key the request came by: the owner's own, or an operator's. */
  readonly requester: PolicyOwner;
  readonly request: NamedRequest;
  /** `key:<id>` or `operator:<id>`. */
  readonly actor: string;
  readonly reason: string;
  readonly atMs: number;
}

export interface NewPolicy {
  readonly name: string;
  readonly source: string;
  readonly document: PolicyDocument;
  /** The platform's is active at once: it has no shadow and no canary. */
  readonly status: 'draft' | 'validated' | 'active';
}

export interface PolicyRegister {
  /** Newest first. */
  list(owner: PolicyOwner, filter: PolicyFilter): Promise<PolicyPage>;
  find(owner: PolicyOwner, version: number): Promise<KeptPolicy | undefined>;
  active(owner: PolicyOwner): Promise<KeptPolicy | undefined>;
  /** Oldest first. */
  events(owner: PolicyOwner, version: number): Promise<readonly PolicyEvent[]>;
  save(order: PolicyOrder, policy: NewPolicy, answer: (saved: KeptPolicy) => object): Promise<KeptOnce>;
  command(order: PolicyOrder, told: ToldPolicy): Promise<KeptOnce>;
  /** Brings back what was active before, or a version that is named. */
  rollBack(order: PolicyOrder, told: ToldToRollBack): Promise<KeptOnce>;
}

export interface PolicyFilter {
  readonly limit: number;
  readonly status?: PolicyStatus;
  /** A version. */
  readonly startingAfter?: number;
}

export interface PolicyPage {
  readonly policies: readonly ListedPolicy[];
  readonly hasMore: boolean;
}

export interface ToldPolicy {
  readonly version: number;
  readonly command: PolicyCommand;
  /** Throws where a version that is to be used no longer fits the merchant's accounts. */
  check(policy: KeptPolicy): void;
  /** Throws what a caller is answered. */
  refuse(refusal: PolicyRefusal): never;
  answer(policy: KeptPolicy): object;
}

export type RollBackRefusal =
  | 'nothing_to_roll_back_to'
  | 'was_never_active'
  | 'active_already'
  /** Two people are wanted, and this one was not what decided before. */
  | 'only_one_back';

export interface ToldToRollBack {
  readonly version?: number;
  refuse(why: RollBackRefusal): never;
  answer(policy: KeptPolicy): object;
}

export function createPolicyRegister(db: Db): PolicyRegister {
  return {
    async list({ merchantId, mode }, { limit, status, startingAfter }) {
      const rows = await db.routingPolicy.findMany({
        where: {
          merchantId,
          mode,
          ...(status === undefined ? {} : { status }),
          ...(startingAfter === undefined ? {} : { version: { lt: startingAfter } }),
        },
        orderBy: { version: 'desc' },
        take: limit + 1,
        omit: { source: true, document: true },
      });
      return { policies: rows.slice(0, limit).map(toListed), hasMore: rows.length > limit };
    },
    async find({ merchantId, mode }, version) {
      const row = await db.routingPolicy.findUnique({
        where: { merchantId_mode_version: { merchantId, mode, version } },
      });
      return row === null ? undefined : toKept(row);
    },
    async active({ merchantId, mode }) {
      const row = await db.routingPolicy.findFirst({ where: { merchantId, mode, status: 'active' } });
      return row === null ? undefined : toKept(row);
    },
    async events({ merchantId, mode }, version) {
      const where = { merchantId, mode, version };
      return (await db.routingPolicyEvent.findMany({ where, orderBy: { id: 'asc' } })).map(toEvent);
    },
    save: (order, policy, answer) => save(db, order, policy, answer),
    command: (order, told) => command(db, order, told),
    rollBack: (order, told) => rollBack(db, order, told),
  };
}

/** One at a time for each merchant and mode: versions are counted, and places are taken, under it. */
function once(
  db: Db,
  { owner, requester, request }: PolicyOrder,
  act: (tx: Transaction) => Promise<{ readonly policy: KeptPolicy; readonly answer: object } | undefined>,
): Promise<KeptOnce> {
  const lock = `routing_policy/${owner.mode}/${owner.merchantId}`;
  return doOnce(
    db,
    requester,
    request,
    async (tx) => {
      const done = await act(tx);
      if (done === undefined) return undefined;
      return { subjectId: `${owner.merchantId}/${owner.mode}/${done.policy.version}`, answer: done.answer };
    },
    lock,
  );
}

async function save(
  db: Db,
  order: PolicyOrder,
  { status, document, ...policy }: NewPolicy,
  answer: (saved: KeptPolicy) => object,
): Promise<KeptOnce> {
  const { owner, actor: author, reason } = order;
  const at = new Date(order.atMs);
  // The code's own document is the first version, so that whoever was decided by it can name it.
  if (owner.merchantId === PLATFORM) await ensurePlatform(db, owner.mode);
  return once(db, order, async (tx) => {
    const last = await tx.routingPolicy.aggregate({ where: owner, _max: { version: true } });
    const version = (last._max.version ?? 0) + 1;
    await tx.routingPolicy.create({
      data: {
        merchantId: owner.merchantId,
        mode: owner.mode,
        version,
        ...policy,
        document: document as object,
        author,
        status: 'draft',
        createdAt: at,
        movedAt: at,
      },
    });
    const event = { ...owner, version, kind: 'saved', toStatus: 'draft', actor: author, reason };
    await tx.routingPolicyEvent.create({ data: event });
    const standing = { version, status: 'draft', author } as const;
    if (status !== 'draft') await carryOut(tx, order, standing, { type: 'move', to: 'validated' });
    if (status === 'active')
      await carryOut(tx, order, { ...standing, status: 'validated' }, { type: 'move', to: 'active' });
    const saved = await read(tx, owner, version);
    return { policy: saved, answer: answer(saved) };
  });
}

/** Uses of a version that it has to be fit for. */
const USES: ReadonlySet<PolicyStatus> = new Set(['validated', 'shadow', 'canary', 'active']);

function command(db: Db, order: PolicyOrder, told: ToldPolicy): Promise<KeptOnce> {
  const { owner, actor, reason, atMs } = order;
  return once(db, order, async (tx) => {
    const { merchantId, mode } = owner;
    const row = await tx.routingPolicy.findUnique({
      where: { merchantId_mode_version: { merchantId, mode, version: told.version } },
    });
    if (row === null) return undefined;
    const policy = toKept(row);
    const context: CommandContext = {
      actor,
      makers: await makersOf(tx, [actor, policy.author, policy.proposal?.by]),
      reason,
      atMs,
      needsApproval: await needsApproval(tx, owner),
      experiment: await experimentAbout(tx, owner, told.version),
    };
    const verdict = decideCommand(policy, told.command, context);
    if (verdict.type === 'refused') told.refuse(verdict);
    // To stop looking at a version it need not be fit for anything.
    const stops = told.command.type === 'withdraw' || verdict.type === 'reject';
    if (!stops && (verdict.type !== 'move' || USES.has(verdict.to))) told.check(policy);
    await carryOut(tx, order, policy, verdict);
    const moved = await read(tx, owner, told.version);
    return { policy: moved, answer: told.answer(moved) };
  });
}

/** Whether two people are wanted for whatever decides payments. */
export async function needsApproval(tx: Transaction, { merchantId }: PolicyOwner): Promise<boolean> {
  const where = { id: merchantId };
  const merchant = await tx.merchant.findUnique({ where, select: { routingApproval: true } });
  return merchant?.routingApproval ?? false;
}

/** Under the lock that experiments begin under, so that none begins between this look and the move. */
async function experimentAbout(
  tx: Transaction,
  { merchantId, mode }: PolicyOwner,
  version: number,
): Promise<CommandContext['experiment']> {
  const where = { merchantId, mode, status: 'running' };
  const running = await tx.routingExperiment.findFirst({ where });
  if (running === null) return 'none';
  // A roll-back took its control away, so it divides nothing any more and ends with its next look.
  const active = { merchantId, mode, version: running.controlVersion, status: 'active' };
  if ((await tx.routingPolicy.count({ where: active })) === 0) return 'none';
  return version === running.controlVersion || version === running.treatmentVersion ? 'of_this' : 'of_others';
}

function rollBack(db: Db, order: PolicyOrder, told: ToldToRollBack): Promise<KeptOnce> {
  const { owner } = order;
  return once(db, order, async (tx) => {
    const activations = await tx.routingPolicyEvent.findMany({
      where: { ...owner, toStatus: 'active', kind: { notIn: ['proposed', 'rejected'] } },
      orderBy: { id: 'asc' },
      select: { version: true, kind: true },
    });
    const back = rollBackTo(
      activations.map(({ version, kind }) => ({ version, isRollBack: kind === 'rolled_back' })),
    );
    const version = told.version ?? back;
    if (version === undefined) told.refuse('nothing_to_roll_back_to');
    const policy = await find(tx, owner, version);
    if (policy === undefined) return undefined;
    if (policy.status === 'active') told.refuse('active_already');
    if (policy.status !== 'archived' || policy.activatedAtMs === undefined) told.refuse('was_never_active');
    // Whatever was active once may be years old: that nobody has to approve it holds for what decided just before.
    if (version !== back && (await needsApproval(tx, owner))) told.refuse('only_one_back');
    await takePlace(tx, order, policy, { to: 'active', kind: 'rolled_back' });
    const moved = await read(tx, owner, version);
    return { policy: moved, answer: told.answer(moved) };
  });
}

async function find(tx: Transaction, owner: PolicyOwner, version: number): Promise<KeptPolicy | undefined> {
  const { merchantId, mode } = owner;
  const where = { merchantId_mode_version: { merchantId, mode, version } };
  const row = await tx.routingPolicy.findUnique({ where });
  return row === null ? undefined : toKept(row);
}

async function read(tx: Transaction, owner: PolicyOwner, version: number): Promise<KeptPolicy> {
  const policy = await find(tx, owner, version);
  if (policy === undefined) throw new Error(`policy ${version} of ${owner.merchantId} is gone`);
  return policy;
}
