import type { NamedRequest } from '../../db/requests/index.ts';
import type { PolicyOrder } from '../../db/settings/index.ts';
import { checkPolicy } from '../../domain/routing/policy/index.ts';
import { actorOf } from '../actor.ts';
import { answerOnce, mustHaveKey } from '../once.ts';
import { problem } from '../problems.ts';
import { merchantRoute, type Route, type Services, type TypedCall } from '../route.ts';
import { renderEvent, renderListed, renderPolicy } from './render.ts';
import {
  checkedPolicySchema,
  checkPolicySchema,
  listedPolicySchema,
  listPoliciesSchema,
  POLICY_BODY_BYTES,
  policyListSchema,
  policyParams,
  policySchema,
  savePolicySchema,
  wholePolicySchema,
} from './schema.ts';
import { fitPolicy, readPolicy, textOf, worldOf } from './text.ts';

type MerchantCall<B> = TypedCall<unknown, unknown, B>;

/** The order of a merchant's key, or of a person in the console, about the merchant's own policies. */
export function orderOf(call: MerchantCall<{ readonly reason: string }>, request: NamedRequest): PolicyOrder {
  const { caller, body, receivedAtMs: atMs } = call;
  const owner = { merchantId: caller.merchantId, mode: caller.mode };
  return { owner, requester: owner, request, actor: actorOf(caller), reason: body.reason, atMs };
}

/** All that the merchant's decisions rest on. A key's merchant is always there. */
export async function storedRouting({ caller }: Pick<MerchantCall<unknown>, 'caller'>, services: Services) {
  const stored = await services.routing.stored(caller);
  if (stored === undefined) throw problem('resource_missing');
  return stored;
}

const savePolicy = merchantRoute({
  method: 'post',
  path: '/v1/routing/policies',
  operationId: 'saveRoutingPolicy',
  summary: 'Save a routing policy as a new version; it decides nothing until it is promoted',
  permission: 'draft_policy',
  idempotent: true,
  jsonBodyBytes: POLICY_BODY_BYTES,
  body: savePolicySchema,
  responses: { 201: { description: 'Saved.', schema: listedPolicySchema } },
  async handle(call, services) {
    const { body } = call;
    return answerOnce(call, services, async (request) => {
      const read = body.draft
        ? readPolicy(body)
        : fitPolicy(body, worldOf(await storedRouting(call, services)));
      const status = body.draft ? 'draft' : 'validated';
      const policy = { ...read, name: read.document.name, status } as const;
      return services.policies.save(orderOf(call, request), policy, (saved) => ({
        status: 201,
        body: renderListed(saved, call.caller),
      }));
    });
  },
});

const checkText = merchantRoute({
  method: 'post',
  path: '/v1/routing/policies/validate',
  operationId: 'checkRoutingPolicy',
  summary: 'Say what is wrong with a policy, and save nothing',
  permission: 'draft_policy',
  idempotent: true,
  jsonBodyBytes: POLICY_BODY_BYTES,
  body: checkPolicySchema,
  responses: { 200: { description: 'Every problem that was found.', schema: checkedPolicySchema } },
  async handle(call, services) {
    mustHaveKey(call, call.body, services);
    const checked = checkPolicy(textOf(call.body), worldOf(await storedRouting(call, services)));
    const problems = checked.ok ? [] : checked.problems;
    return { status: 200, body: { object: 'routing_policy_check', valid: checked.ok, problems } };
  },
});

const listPolicies = merchantRoute({
  method: 'get',
  path: '/v1/routing/policies',
  operationId: 'listRoutingPolicies',
  summary: 'List the versions of your routing policy, newest first',
  query: listPoliciesSchema,
  responses: { 200: { description: 'One page.', schema: policyListSchema } },
  async handle({ caller, query }, services) {
    const { limit, status, starting_after: startingAfter } = query;
    const page = await services.policies.list(caller, {
      limit,
      ...(status === undefined ? {} : { status }),
      ...(startingAfter === undefined ? {} : { startingAfter }),
    });
    return {
      status: 200,
      body: {
        object: 'list',
        data: page.policies.map((policy) => renderListed(policy, caller)),
        has_more: page.hasMore,
        url: '/v1/routing/policies',
      },
    };
  },
});

const activePolicy = merchantRoute({
  method: 'get',
  path: '/v1/routing/policies/active',
  operationId: 'getActiveRoutingPolicy',
  summary: 'Read the version that decides; without one the platform’s policy does, and this is a 404',
  responses: { 200: { description: 'The active version.', schema: policySchema } },
  async handle({ caller }, services) {
    const policy = await services.policies.active(caller);
    if (policy === undefined) throw problem('resource_missing');
    return { status: 200, body: renderPolicy(policy, caller) };
  },
});

const getPolicy = merchantRoute({
  method: 'get',
  path: '/v1/routing/policies/:version',
  operationId: 'getRoutingPolicy',
  summary: 'Read one version, as it was written, and who moved it why',
  params: policyParams,
  responses: { 200: { description: 'The version, whatever became of it.', schema: wholePolicySchema } },
  async handle({ caller, params }, services) {
    const [policy, events] = await Promise.all([
      services.policies.find(caller, params.version),
      services.policies.events(caller, params.version),
    ]);
    if (policy === undefined) throw problem('resource_missing');
    return { status: 200, body: { ...renderPolicy(policy, caller), events: events.map(renderEvent) } };
  },
});

export const policyRoutes: readonly Route[] = [savePolicy, checkText, listPolicies, activePolicy, getPolicy];
