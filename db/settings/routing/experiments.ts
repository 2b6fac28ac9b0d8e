import type { ExperimentRefusal } from '../../../domain/routing/experiment/experiment.ts';
import type { SequentialOptions } from '../../../domain/routing/learning/index.ts';
import type { Db } from '../../client.ts';
import { doOnce, type KeptOnce, type Transaction } from '../../requests/once.ts';
import { findExperiment, listExperiments, type OwnedExperiment } from '../../routing/experiments.ts';
import { needsApproval, type PolicyOrder } from './policies.ts';
import type { PolicyOwner } from './row.ts';

export interface ExperimentRegister {
  start(order: PolicyOrder, asked: AskedExperiment): Promise<KeptOnce>;
  /** By a person; one that has ended stays as it ended. */
  stop(order: PolicyOrder, id: string): Promise<KeptOnce>;
  find(owner: PolicyOwner, id: string): Promise<OwnedExperiment | undefined>;
  /** Newest first. */
  list(
    owner: PolicyOwner,
    page: { readonly limit: number; readonly startingAfter?: string },
  ): Promise<readonly OwnedExperiment[]>;
}

export interface AskedExperiment {
  readonly id: string;
  readonly treatmentVersion: number;
  readonly percent: number;
  readonly options: Partial<SequentialOptions>;
  readonly endsByMs: number;
  /** Throws what the caller is answered. */
  refuse(why: ExperimentRefusal): never;
}

export function createExperimentRegister(db: Db): ExperimentRegister {
  const find: ExperimentRegister['find'] = async ({ merchantId, mode }, id) => {
    const found = await findExperiment(db, id);
    return found?.merchantId === merchantId && found.mode === mode ? found : undefined;
  };
  return {
    find,
    list: (owner, page) => listExperiments(db, owner, page),
    start: (order, asked) => once(db, order, (tx) => start(tx, order, asked)),
    stop: (order, id) => once(db, order, (tx) => stop(tx, order, id)),
  };
}

/** Under the lock of the merchant's policies, so that no version moves while one is judged. */
function once(
  db: Db,
  { owner, requester, request }: PolicyOrder,
  act: (tx: Transaction) => Promise<string | undefined>,
): Promise<KeptOnce> {
  const lock = `routing_policy/${owner.mode}/${owner.merchantId}`;
  const done = async (tx: Transaction) => {
    const subjectId = await act(tx);
    // Without a body: whoever repeats the request is told how it stands by now.
    return subjectId === undefined ? undefined : { subjectId, answer: { status: 200 } };
  };
  return doOnce(db, requester, request, done, lock);
}

async function start(tx: Transaction, order: PolicyOrder, asked: AskedExperiment): Promise<string> {
  const { owner, actor, reason } = order;
  const { id, treatmentVersion, percent, options, endsByMs } = asked;
  const controlVersion = await controlFor(tx, owner, asked);
  await tx.routingExperiment.create({
    data: {
      ...owner,
      id,
      controlVersion,
      treatmentVersion,
      percent,
      options: { ...options },
      actor,
      reason,
      endsBy: new Date(endsByMs),
    },
  });
  return id;
}

/** The version that it is compared with, where it may begin at all. */
async function controlFor(tx: Transaction, owner: PolicyOwner, asked: AskedExperiment): Promise<number> {
  const { merchantId, mode } = owner;
  const { treatmentVersion } = asked;
  // Annotated, so that the compiler knows that it never comes back.
  const refuse: AskedExperiment['refuse'] = asked.refuse;
  if ((await tx.routingExperiment.count({ where: { ...owner, status: 'running' } })) > 0)
    refuse('experiment_running');
  if ((await tx.routingPolicy.count({ where: { ...owner, status: 'canary' } })) > 0) refuse('canary_running');
  const active = await tx.routingPolicy.findFirst({ where: { ...owner, status: 'active' } });
  if (active === null) refuse('no_active_policy');
  if (active.version === treatmentVersion) refuse('treatment_is_active');
  const treatment = await tx.routingPolicy.findUnique({
    where: { merchantId_mode_version: { merchantId, mode, version: treatmentVersion } },
  });
  if (treatment === null) refuse('treatment_unknown');
  // A shadow is compared with whatever decides, and would be compared with itself.
  if (treatment.status !== 'validated') refuse('treatment_not_validated');
  if ((await needsApproval(tx, owner)) && !(await isApproved(tx, owner, asked)))
    refuse('treatment_not_approved');
  return active.version;
}

/**
 * It will decide payments, so where two people are wanted, two must have agreed: to this version as an experiment's
 * treatment, with at least this share, for one experiment, and nothing must have become of the version since.
 */
async function isApproved(
  tx: Transaction,
  owner: PolicyOwner,
  { treatmentVersion, percent }: Pick<AskedExperiment, 'treatmentVersion' | 'percent'>,
): Promise<boolean> {
  const latest = await tx.routingPolicyEvent.findFirst({
    where: { ...owner, version: treatmentVersion },
    orderBy: { id: 'desc' },
  });
  if (latest?.kind !== 'approved' || latest.toStatus !== 'experiment') return false;
  if ((latest.canaryPercent ?? 0) < percent) return false;
  const used = { ...owner, treatmentVersion, startedAt: { gte: latest.at } };
  return (await tx.routingExperiment.count({ where: used })) === 0;
}

async function stop(
  tx: Transaction,
  { owner, actor, reason }: PolicyOrder,
  id: string,
): Promise<string | undefined> {
  const found = await tx.routingExperiment.findFirst({ where: { ...owner, id } });
  if (found === null) return undefined;
  await tx.routingExperiment.updateMany({
    where: { id, status: 'running' },
    data: { status: 'stopped', stoppedBy: actor, stopReason: reason, endedAt: new Date() },
  });
  return id;
}
