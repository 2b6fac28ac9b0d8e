import type { Mode } from '../../../domain/ids.ts';
import type { PolicyStatus, Proposal } from '../../../domain/routing/life.ts';
import { type PolicyDocument, policyDocumentSchema } from '../../../domain/routing/policy/index.ts';
import type { RoutingPolicy, RoutingPolicyEvent } from '../../generated/client.ts';

/** Whose policies: a merchant's in one mode, or the platform's. */
export interface PolicyOwner {
  readonly merchantId: string;
  readonly mode: Mode;
}

/** One version of a policy, without its text where it is one of many. */
export interface ListedPolicy {
  readonly version: number;
  readonly name: string;
  readonly status: PolicyStatus;
  readonly canaryPercent?: number;
  readonly author: string;
  readonly createdAtMs: number;
  readonly movedAtMs: number;
  readonly activatedAtMs?: number;
  readonly proposal?: Proposal;
}

export interface KeptPolicy extends ListedPolicy {
  /** As its author wrote it. */
  readonly source: string;
  readonly document: PolicyDocument;
}

export interface PolicyEvent {
  readonly kind: PolicyEventKind;
  readonly from?: PolicyStatus;
  /** `experiment`: it was asked, or agreed, that it is tried. */
  readonly to: PolicyStatus | 'experiment';
  readonly canaryPercent?: number;
  readonly actor: string;
  readonly reason: string;
  readonly proposedBy?: string;
  readonly atMs: number;
}

export type PolicyEventKind =
  | 'saved'
  | 'moved'
  /** Another version took its place. */
  | 'displaced'
  | 'proposed'
  | 'approved'
  | 'rejected'
  | 'rolled_back';

export type ListedRow = Omit<RoutingPolicy, 'source' | 'document'>;

export function toListed(row: ListedRow): ListedPolicy {
  return {
    version: row.version,
    name: row.name,
    status: row.status as PolicyStatus,
    ...(row.canaryPercent === null ? {} : { canaryPercent: row.canaryPercent }),
    author: row.author,
    createdAtMs: row.createdAt.getTime(),
    movedAtMs: row.movedAt.getTime(),
    ...(row.activatedAt === null ? {} : { activatedAtMs: row.activatedAt.getTime() }),
    // Written here alone, from a value of the type.
    ...(row.proposal === null ? {} : { proposal: row.proposal as unknown as Proposal }),
  };
}

export function toKept(row: RoutingPolicy): KeptPolicy {
  return { ...toListed(row), source: row.source, document: policyDocumentSchema.parse(row.document) };
}

export function toEvent(row: RoutingPolicyEvent): PolicyEvent {
  return {
    kind: row.kind as PolicyEventKind,
    ...(row.fromStatus === null ? {} : { from: row.fromStatus as PolicyStatus }),
    to: row.toStatus as PolicyEvent['to'],
    ...(row.canaryPercent === null ? {} : { canaryPercent: row.canaryPercent }),
    actor: row.actor,
    reason: row.reason,
    ...(row.proposedBy === null ? {} : { proposedBy: row.proposedBy }),
    atMs: row.at.getTime(),
  };
}
