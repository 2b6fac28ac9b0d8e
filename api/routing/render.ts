import type { KeptPolicy, ListedPolicy, PolicyEvent, PolicyOwner } from '../../db/settings/index.ts';
import { allowedCommands } from '../../domain/routing/life.ts';
import { unixSeconds } from '../payments/render.ts';
import type { PublicEvent, PublicListedPolicy, PublicPolicy } from './schema.ts';

export function renderListed(policy: ListedPolicy, { mode }: PolicyOwner): PublicListedPolicy {
  const { proposal } = policy;
  return {
    object: 'routing_policy',
    version: policy.version,
    name: policy.name,
    status: policy.status,
    canary_percent: policy.canaryPercent ?? null,
    author: policy.author,
    created: unixSeconds(policy.createdAtMs),
    moved_at: unixSeconds(policy.movedAtMs),
    activated_at: policy.activatedAtMs === undefined ? null : unixSeconds(policy.activatedAtMs),
    proposal:
      proposal === undefined
        ? null
        : {
            to: proposal.to,
            canary_percent: proposal.percent ?? null,
            by: proposal.by,
            reason: proposal.reason,
            at: unixSeconds(proposal.atMs),
          },
    allowed: [...allowedCommands(policy)],
    livemode: mode === 'live',
  };
}

export function renderPolicy(policy: KeptPolicy, owner: PolicyOwner): PublicPolicy {
  return { ...renderListed(policy, owner), source: policy.source, document: policy.document };
}

export function renderEvent(event: PolicyEvent): PublicEvent {
  return {
    kind: event.kind,
    from: event.from ?? null,
    to: event.to,
    canary_percent: event.canaryPercent ?? null,
    actor: event.actor,
    reason: event.reason,
    proposed_by: event.proposedBy ?? null,
    at: unixSeconds(event.atMs),
  };
}
