import type { z } from 'zod';
import type { NamedRequest } from '../../db/requests/index.ts';
import type { PolicyOrder, PolicyOwner, RollBackRefusal, ToldPolicy } from '../../db/settings/index.ts';
import type { Permission } from '../../domain/access/roles.ts';
import type { Approval, PolicyCommand } from '../../domain/routing/life.ts';
import { answerOnce } from '../once.ts';
import { problem, refusalProblem } from '../problems.ts';
import { merchantRoute, type Route, type Services } from '../route.ts';
import { orderOf } from './policies.ts';
import { renderListed } from './render.ts';
import {
  approveSchema,
  canarySchema,
  listedPolicySchema,
  moveSchema,
  policyParams,
  rollBackSchema,
  treatmentSchema,
} from './schema.ts';
import { fitPolicy, worldOf } from './text.ts';

type SimpleWord = Exclude<PolicyCommand['type'], 'canary' | 'experiment' | 'approve'>;

interface Word {
  readonly operationId: string;
  readonly summary: string;
  /** Of a person: what decides nothing yet may be moved by whoever drafts. */
  readonly permission: Permission;
}

const WORDS: Readonly<Record<SimpleWord, Word>> = {
  validate: {
    operationId: 'validateRoutingPolicy',
    summary: 'Hold a draft against your accounts; it may be used from then on',
    permission: 'draft_policy',
  },
  shadow: {
    operationId: 'shadowRoutingPolicy',
    summary: 'Evaluate a version beside the active one, and count where they differ',
    permission: 'change_policy',
  },
  promote: {
    operationId: 'promoteRoutingPolicy',
    summary: 'Have a version decide; with two-person approval, propose it',
    permission: 'change_policy',
  },
  withdraw: {
    operationId: 'withdrawRoutingPolicy',
    summary: 'End its shadow or canary; it may be taken up again',
    permission: 'change_policy',
  },
  archive: {
    operationId: 'archiveRoutingPolicy',
    summary: 'Put a version away; payments that it decided go on naming it',
    permission: 'change_policy',
  },
  reject: {
    operationId: 'rejectRoutingPolicy',
    summary: 'Put a proposal away',
    permission: 'change_policy',
  },
};

const answers = { 200: { description: 'As it stands now.', schema: listedPolicySchema } };

const simpleMoves: readonly Route[] = Object.entries(WORDS).map(
  ([word, { operationId, summary, permission }]) =>
    merchantRoute({
      method: 'post',
      path: `/v1/routing/policies/:version/${word}`,
      operationId,
      summary,
      permission,
      idempotent: true,
      params: policyParams,
      body: moveSchema,
      responses: answers,
      handle: (call, services) =>
        answerOnce(call, services, (request) =>
          tell(orderOf(call, request), call.params.version, { type: word as SimpleWord }, services),
        ),
    }),
);

const canary = merchantRoute({
  method: 'post',
  path: '/v1/routing/policies/:version/canary',
  operationId: 'canaryRoutingPolicy',
  summary: 'Have a version decide a percentage of payments; with two-person approval, propose it',
  permission: 'change_policy',
  idempotent: true,
  params: policyParams,
  body: canarySchema,
  responses: answers,
  handle: (call, services) =>
    answerOnce(call, services, (request) => {
      const { percent } = call.body;
      return tell(orderOf(call, request), call.params.version, { type: 'canary', percent }, services);
    }),
});

const experiment = merchantRoute({
  method: 'post',
  path: '/v1/routing/policies/:version/experiment',
  operationId: 'proposeRoutingExperiment',
  summary: 'With two-person approval: propose a version as the treatment of one experiment',
  permission: 'change_policy',
  idempotent: true,
  params: policyParams,
  body: treatmentSchema,
  responses: answers,
  handle: (call, services) =>
    answerOnce(call, services, (request) => {
      const { percent } = call.body;
      return tell(orderOf(call, request), call.params.version, { type: 'experiment', percent }, services);
    }),
});

const approve = merchantRoute({
  method: 'post',
  path: '/v1/routing/policies/:version/approve',
  operationId: 'approveRoutingPolicy',
  summary: 'Approve what somebody else proposed: it is done at once',
  permission: 'change_policy',
  idempotent: true,
  params: policyParams,
  body: approveSchema,
  responses: answers,
  handle: (call, services) =>
    answerOnce(call, services, (request) =>
      tell(orderOf(call, request), call.params.version, approvalOf(call.body), services),
    ),
});

export function approvalOf({ to, canary_percent: percent }: z.output<typeof approveSchema>): Approval {
  return { type: 'approve', to, ...(percent === undefined ? {} : { percent }) };
}

/** One command about one version; what it is to be used for it has to fit, as the accounts are now. */
export async function tell(
  order: PolicyOrder,
  version: number,
  command: PolicyCommand,
  services: Pick<Services, 'policies' | 'routing'>,
) {
  const stored = await services.routing.stored(order.owner);
  const told: ToldPolicy = {
    version,
    command,
    check: ({ source }) => {
      if (stored !== undefined) fitPolicy({ source }, worldOf(stored));
    },
    refuse: (refusal) => {
      throw refusalProblem(refusal);
    },
    answer: (policy) => kept(policy, order.owner),
  };
  return services.policies.command(order, told);
}

function kept(policy: Parameters<typeof renderListed>[0], owner: PolicyOwner) {
  return { status: 200, body: renderListed(policy, owner) };
}

const ROLL_BACK_REFUSALS: Readonly<Record<RollBackRefusal, string>> = {
  nothing_to_roll_back_to: 'No other version was active before.',
  was_never_active: 'This version was never active. Promote it instead.',
  active_already: 'This version is the active one.',
  only_one_back:
    'Where two people are wanted, only the version that was active before comes back at once. Save its text as a new version.',
};

const rollBack = merchantRoute({
  method: 'post',
  path: '/v1/routing/rollback',
  operationId: 'rollBackRoutingPolicy',
  summary: 'Bring back the version that was active before, at once and without approval',
  permission: 'change_policy',
  idempotent: true,
  body: rollBackSchema,
  responses: answers,
  handle: (call, services) =>
    answerOnce(call, services, (request: NamedRequest) => {
      const order = orderOf(call, request);
      return services.policies.rollBack(order, {
        ...versionOf(call.body),
        refuse: (code) => {
          throw problem(code, { message: ROLL_BACK_REFUSALS[code] });
        },
        answer: (policy) => kept(policy, order.owner),
      });
    }),
});

function versionOf({ version }: z.output<typeof rollBackSchema>): { readonly version?: number } {
  return version === undefined ? {} : { version };
}

export const moveRoutes: readonly Route[] = [...simpleMoves, canary, experiment, approve, rollBack];
