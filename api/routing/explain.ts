import { z } from 'zod';
import type { PolicyOwner, RoutedRound } from '../../db/settings/index.ts';
import { type Again, type DecidedWith, evaluateAgain, isStoredRouting } from '../../domain/routing/again.ts';
import { PLATFORM_DECIDES } from '../../domain/routing/assemble.ts';
import type { StoredRouting } from '../../domain/routing/choose.ts';
import { PLATFORM_DEFAULT } from '../../domain/routing/policy/index.ts';
import { visiblePayment } from '../payments/find.ts';
import { unixSeconds } from '../payments/render.ts';
import { paymentIdSchema } from '../payments/schema.ts';
import { problem } from '../problems.ts';
import { merchantRoute, type Services } from '../route.ts';
import { explanationSchema, type PublicRound } from './explanation-schema.ts';
import { renderDecision } from './render-decision.ts';
import { PLATFORM } from './schema.ts';

export const explainPayment = merchantRoute({
  method: 'get',
  path: '/v1/payments/:id/routing',
  operationId: 'getPaymentRouting',
  summary: 'Say why a payment went where it went, and evaluate what was stored once more',
  params: z.strictObject({ id: paymentIdSchema }),
  responses: { 200: { description: 'The decision with all its numbers.', schema: explanationSchema } },
  async handle({ caller, params }, services) {
    if ((await visiblePayment(caller, params.id, services)) === undefined) throw problem('resource_missing');
    const stored = await services.routing.rounds(params.id);
    const rounds = await Promise.all(stored.map((round) => explained(round, caller, services)));
    const [first] = rounds;
    // A payment that nobody has confirmed yet was not routed yet.
    if (first === undefined) throw problem('resource_missing', { message: 'This payment was not routed.' });
    const { attempt: _none, ...above } = first;
    return { status: 200, body: { object: 'payment_routing', payment: params.id, ...above, rounds } };
  },
});

async function explained(
  { attemptId, document, atMs }: RoutedRound,
  owner: PolicyOwner,
  services: Services,
): Promise<PublicRound> {
  const common = { attempt: attemptId ?? null, created: unixSeconds(atMs) };
  if (!isStoredRouting(document))
    return { ...common, reproduced: null, decision: null, again: null, stored: document };
  const again = await evaluatedAgain(document, owner, services);
  return {
    ...common,
    reproduced: again?.same ?? null,
    decision: renderDecision(document),
    again: again === undefined || again.same ? null : renderDecision({ ...document, ...again.again }),
  };
}

/** Undefined where what it was decided with is not kept: of before catalogues were. */
async function evaluatedAgain(
  stored: StoredRouting,
  owner: PolicyOwner,
  services: Services,
): Promise<Again | undefined> {
  const { policyVersion, platformVersion, catalogueId } = stored.inputs;
  const find = async (merchantId: string, version: number) =>
    (await services.policies.find({ merchantId, mode: owner.mode }, version))?.document;
  const [platform, catalogue] = await Promise.all([
    platformVersion === undefined ? PLATFORM_DEFAULT : find(PLATFORM, platformVersion),
    services.routing.catalogue(catalogueId),
  ]);
  const policy = policyVersion === PLATFORM_DECIDES ? platform : await find(owner.merchantId, policyVersion);
  if (policy === undefined || platform === undefined || catalogue === undefined) return undefined;
  const decidedWith: DecidedWith = { policy, platform, catalogue };
  return evaluateAgain(stored, decidedWith);
}
