import type { z } from 'zod';
import type { NamedRequest } from '../../db/requests/index.ts';
import type { PolicyOrder, PolicyOwner } from '../../db/settings/index.ts';
import type { Mode } from '../../domain/ids.ts';
import type { PolicyCommand } from '../../domain/routing/life.ts';
import { refuseLoosening } from '../admin/merchants.ts';
import { adminOf } from '../admin/order.ts';
import { answerOnce, requesterOf } from '../once.ts';
import { problem } from '../problems.ts';
import { type OperatorCall, operatorRoute, type Reply, type Route, type Services } from '../route.ts';
import { approvalOf, tell } from './moves.ts';
import { renderListed, renderPolicy } from './render.ts';
import {
  approvalAnswerSchema,
  approvalSchema,
  approveSchema,
  listedPolicySchema,
  moveSchema,
  operatorPolicyParams,
  PLATFORM,
  POLICY_BODY_BYTES,
  platformPolicySchema,
  platformQuerySchema,
  policySchema,
} from './schema.ts';
import { fitPolicy } from './text.ts';

type Call<B> = OperatorCall<unknown, unknown, B>;

/** The order of an operator, who is no owner of any policy. */
function orderOf(
  call: Call<{ readonly reason: string }>,
  request: NamedRequest,
  owner: PolicyOwner,
): PolicyOrder {
  const { operator, body, receivedAtMs: atMs } = call;
  const actor = `operator:${operator.operatorId}`;
  return { owner, requester: requesterOf(call), request, actor, reason: body.reason, atMs };
}

const savePlatform = operatorRoute({
  method: 'post',
  path: '/v1/operator/routing/platform',
  operationId: 'savePlatformRouting',
  summary: 'Replace the platform’s policy, which merchants inherit; it counts at once, for all of them',
  permission: 'configure',
  idempotent: true,
  jsonBodyBytes: POLICY_BODY_BYTES,
  body: platformPolicySchema,
  responses: { 201: { description: 'Active.', schema: listedPolicySchema } },
  async handle(call, services) {
    const owner = { merchantId: PLATFORM, mode: call.body.mode };
    call.note({ operator: call.operator.name });
    return answerOnce(call, services, async (request) => {
      // Of whom the accounts are nobody knows here, so names are not judged; each merchant's own policy is, when saved.
      const read = fitPolicy(call.body, {});
      if (read.document.otherwise === undefined)
        throw problem('parameter_invalid', {
          param: 'source',
          message: 'The platform’s policy needs an `otherwise`: nobody decides after it.',
        });
      const policy = { ...read, name: read.document.name, status: 'active' } as const;
      return services.policies.save(orderOf(call, request, owner), policy, (saved) => ({
        status: 201,
        body: renderListed(saved, owner),
      }));
    });
  },
});

const getPlatform = operatorRoute({
  method: 'get',
  path: '/v1/operator/routing/platform',
  operationId: 'getPlatformRouting',
  summary: 'Read the platform’s policy',
  query: platformQuerySchema,
  responses: { 200: { description: 'The active version.', schema: policySchema } },
  async handle({ query }, services) {
    const owner = { merchantId: PLATFORM, mode: query.mode };
    const policy = await services.policies.active(owner);
    if (policy === undefined) throw problem('resource_missing');
    return { status: 200, body: renderPolicy(policy, owner) };
  },
});

const answers = { 200: { description: 'As it stands now.', schema: listedPolicySchema } };

/** The second person may be an operator, where a merchant has one key only. */
const approveProposal = operatorRoute({
  method: 'post',
  path: '/v1/operator/routing/:merchant/:mode/policies/:version/approve',
  operationId: 'operatorApproveRoutingPolicy',
  summary: 'Approve what a merchant’s key proposed',
  permission: 'change_policy',
  idempotent: true,
  params: operatorPolicyParams,
  body: approveSchema,
  responses: answers,
  handle: (call, services) => answerProposal(call, approvalOf(call.body), services),
});

const rejectProposal = operatorRoute({
  method: 'post',
  path: '/v1/operator/routing/:merchant/:mode/policies/:version/reject',
  operationId: 'operatorRejectRoutingPolicy',
  summary: 'Put a merchant’s proposal away',
  permission: 'change_policy',
  idempotent: true,
  params: operatorPolicyParams,
  body: moveSchema,
  responses: answers,
  handle: (call, services) => answerProposal(call, { type: 'reject' }, services),
});

type Answering = OperatorCall<z.output<typeof operatorPolicyParams>, unknown, { readonly reason: string }>;

function answerProposal(call: Answering, command: PolicyCommand, services: Services): Promise<Reply> {
  const { merchant: merchantId, mode, version } = call.params;
  const owner: PolicyOwner = { merchantId, mode: mode satisfies Mode };
  call.note({ operator: call.operator.name });
  return answerOnce(call, services, (request) =>
    tell(orderOf(call, request, owner), version, command, services),
  );
}

/** A merchant's key may ask for a second person, and not abolish it: this is how it ends. Who did it stands in the administrators' chain. */
const setApproval = operatorRoute({
  method: 'post',
  path: '/v1/operator/routing/:merchant/approval',
  operationId: 'operatorSetRoutingApproval',
  summary: 'Say whether a merchant’s routing policies need a second person’s approval',
  permission: 'configure',
  idempotent: true,
  params: operatorPolicyParams.pick({ merchant: true }),
  body: approvalSchema,
  responses: { 200: { description: 'As it stands now.', schema: approvalAnswerSchema } },
  async handle(call, services) {
    const { merchant } = call.params;
    const { required: routingApproval, reason } = call.body;
    const { operatorId: by, name } = call.operator;
    call.note({ operator: name });
    const { merchants } = services.administration;
    return answerOnce(call, services, (request) =>
      merchants.change(
        adminOf(call),
        request,
        merchant,
        { routingApproval },
        {
          answer: (row) => ({
            status: 200,
            body: { object: 'routing_approval', merchant, required: row.routingApproval, reason, by },
          }),
          refuse: refuseLoosening,
        },
      ),
    );
  },
});

export const platformRoutes: readonly Route[] = [
  savePlatform,
  getPlatform,
  approveProposal,
  rejectProposal,
  setApproval,
];
