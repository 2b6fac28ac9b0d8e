import { z } from 'zod';
import { candidatesOf, PLATFORM_DECIDES } from '../../domain/routing/assemble.ts';
import { drawOf } from '../../domain/routing/draw.ts';
import { evaluate } from '../../domain/routing/evaluate/index.ts';
import type { RoutingFacts } from '../../domain/routing/facts.ts';
import { type CompiledPolicy, compilePolicy } from '../../domain/routing/policy/index.ts';
import { withoutAbsent } from '../absent.ts';
import { canonicalJson } from '../idempotency.ts';
import { mustHaveKey } from '../once.ts';
import { amountSchema, currencySchema } from '../payments/schema.ts';
import { problem } from '../problems.ts';
import { merchantRoute, type Services, type TypedCall } from '../route.ts';
import { metadataSchema } from '../schema.ts';
import { decisionFields } from './explanation-schema.ts';
import { renderDecision } from './render-decision.ts';
import { POLICY_BODY_BYTES, policyTextFields } from './schema.ts';
import { fitPolicy, worldOf } from './text.ts';
import { nameOfView, type RoutingView } from './view.ts';

const country = z.string().regex(/^[A-Z]{2}$/, 'must be a country code of ISO 3166-1 (two letters)');

/** A payment that nobody makes: what a policy may know of one. */
const hypotheticalSchema = z
  .strictObject({
    amount: amountSchema,
    currency: currencySchema,
    buyer_country: country.optional(),
    issuer_country: country.optional(),
    brand: z.string().min(1).max(40).optional(),
    funding: z.enum(['credit', 'debit', 'prepaid']).optional(),
    bin: z
      .string()
      .regex(/^\d{6}(\d{2})?$/, 'must be six or eight digits')
      .optional(),
    channel: z.enum(['web', 'app', 'pos', 'phone']).optional(),
    risk: z.enum(['normal', 'elevated', 'highest']).default('normal'),
    risk_score: z.int().min(0).max(100).optional(),
    merchant_initiated: z.boolean().default(false),
    recurring: z.boolean().default(false),
    customer: z
      .strictObject({
        payments_succeeded: z.int().min(0),
        payments_failed: z.int().min(0),
        first_seen: z.iso
          .datetime({ offset: true })
          .meta({ description: 'When the customer was created: what `customer_days` counts from.' }),
      })
      .optional(),
    at: z.iso.datetime({ offset: true }).optional().meta({ description: 'When it is routed; absent: now.' }),
    metadata: metadataSchema,
  })
  .meta({ id: 'HypotheticalPayment' });

const simulateSchema = z
  .strictObject({
    payment: hypotheticalSchema,
    version: z.int().min(1).optional().meta({ description: 'Of your policy; absent: the active one.' }),
    ...policyTextFields,
    draw: z.int().min(0).max(4_294_967_295).optional().meta({
      description: 'What a payment’s id is otherwise drawn from; absent: made from the payment.',
    }),
  })
  .refine(
    (body) => [body.version, body.source, body.document].filter((each) => each !== undefined).length <= 1,
    { error: 'send one of `version`, `source` and `document`, or none', path: ['version'] },
  )
  .meta({ id: 'RoutingSimulate' });

const simulationSchema = z
  .object({ object: z.literal('routing_simulation'), ...decisionFields })
  .meta({ id: 'RoutingSimulation' });

type Body = z.output<typeof simulateSchema>;

export const simulate = merchantRoute({
  method: 'post',
  path: '/v1/routing/simulate',
  operationId: 'simulateRouting',
  summary: 'Say how a hypothetical payment would be routed now, and why; nothing is sent or kept',
  permission: 'draft_policy',
  idempotent: true,
  jsonBodyBytes: POLICY_BODY_BYTES,
  body: simulateSchema,
  responses: { 200: { description: 'The whole decision.', schema: simulationSchema } },
  async handle(call, services) {
    mustHaveKey(call, call.body, services);
    const view = await services.routingView(nameOfView(call.caller));
    if (view === undefined) throw problem('resource_missing');
    const { version, policy } = await chosenPolicy(call, view, services);
    const facts = factsOf(call.body.payment, view, call.receivedAtMs);
    const { routing, numbers } = view;
    const inputs = {
      policyVersion: version,
      platformVersion: routing.platformVersion,
      edition: policy.edition,
      catalogueId: routing.catalogueId,
      facts,
      candidates: candidatesOf(routing, facts, numbers, view.atMs),
      draw: call.body.draw ?? drawOf(canonicalJson(call.body.payment)),
    };
    const decided = { format: 2, inputs, ...evaluate(policy, routing.catalogue, inputs) } as const;
    return { status: 200, body: { object: 'routing_simulation', ...renderDecision(decided) } };
  },
});

async function chosenPolicy(
  { caller, body }: TypedCall<unknown, unknown, Body>,
  { routing, stored }: RoutingView,
  services: Services,
): Promise<{ readonly version: number; readonly policy: CompiledPolicy }> {
  const platform = stored.platform.document;
  if (body.source !== undefined || body.document !== undefined)
    return {
      version: PLATFORM_DECIDES,
      policy: compilePolicy(fitPolicy(body, worldOf(stored)).document, platform),
    };
  if (body.version === undefined) return routing.active;
  const kept = await services.policies.find(caller, body.version);
  if (kept === undefined)
    throw problem('parameter_invalid', { param: 'version', message: 'No such version.' });
  // A draft may name what isn't there; it is judged before it is compiled.
  const { document } = fitPolicy({ source: kept.source }, worldOf(stored));
  return { version: kept.version, policy: compilePolicy(document, platform) };
}

function factsOf(payment: Body['payment'], { routing }: RoutingView, nowMs: number): RoutingFacts {
  const { amount, buyer_country, issuer_country, risk_score, merchant_initiated, customer, at, ...rest } =
    payment;
  const optional = {
    buyerCountry: buyer_country,
    issuerCountry: issuer_country,
    brand: rest.brand,
    funding: rest.funding,
    bin: rest.bin,
    channel: rest.channel,
    riskScore: risk_score,
    merchantCategory: routing.merchantCategory,
    merchantCountry: routing.merchantCountry,
    customer:
      customer === undefined
        ? undefined
        : {
            paymentsSucceeded: customer.payments_succeeded,
            paymentsFailed: customer.payments_failed,
            firstSeenMs: Date.parse(customer.first_seen),
          },
  };
  return {
    merchantId: routing.merchantId,
    amountMinor: amount,
    currency: rest.currency,
    method: 'card',
    atMs: at === undefined ? nowMs : Date.parse(at),
    risk: rest.risk,
    merchantInitiated: merchant_initiated,
    recurring: rest.recurring,
    metadata: rest.metadata,
    ...withoutAbsent(optional),
  };
}
