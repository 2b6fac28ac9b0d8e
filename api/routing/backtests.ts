import { z } from 'zod';
import type { Backtest, PolicyOwner } from '../../db/settings/index.ts';
import type { Interval } from '../../domain/routing/backtest/index.ts';
import { boundsProblems } from '../../domain/routing/policy/index.ts';
import { answerOnce, mustHaveKey } from '../once.ts';
import { unixSeconds } from '../payments/render.ts';
import { limitSchema } from '../payments/schema.ts';
import { problem } from '../problems.ts';
import { merchantRoute, type Route, type Services } from '../route.ts';
import { listSchema } from '../schema.ts';
import { orderOf, storedRouting } from './policies.ts';
import { POLICY_BODY_BYTES, policyTextFields } from './schema.ts';
import { fitPolicy, policyProblem, worldOf } from './text.ts';

const idSchema = z
  .string()
  .regex(/^rbt_[a-z2-7]{26}$/)
  .meta({ description: 'A back-test’s id.' });
const params = z.strictObject({ id: idSchema });
const instant = z.iso.datetime({ offset: true });

const startSchema = z
  .strictObject({
    version: z.int().min(1).optional().meta({ description: 'Of your policy, whatever its status.' }),
    ...policyTextFields,
    from: instant.optional().meta({ description: 'Payments made since; absent: 90 days ago.' }),
    to: instant.optional().meta({ description: 'Payments made before; absent: now.' }),
  })
  .refine(
    ({ version, source, document }) =>
      [version, source, document].filter((each) => each !== undefined).length === 1,
    { error: 'send one of `version`, `source` and `document`', path: ['version'] },
  )
  .meta({ id: 'RoutingBacktestStart' });

const intervalSchema = z
  .object({ expected: z.number(), low: z.number(), high: z.number() })
  .meta({ id: 'Interval', description: 'The expectation, and bounds that hold it in 95 of 100 cases.' });

const resultSchema = z.object({
  compared: z.int(),
  skipped: z.record(z.string(), z.int()).meta({ description: 'Payments that say nothing, by reason.' }),
  elsewhere: z.int().meta({ description: 'Of those compared, how many would have gone elsewhere first.' }),
  requirements_differ: z.int(),
  pairs: z.array(
    z.object({
      from: z.string(),
      to: z.string(),
      payments: z.int(),
      approved: z.int(),
      expected_approved: z.number(),
    }),
  ),
  success: z.object({ actual_ppm: z.int(), draft_ppm: z.int(), change_ppm: intervalSchema }).nullable().meta({
    description: 'Null where no payment could be compared: that says nothing, and not that nothing changes.',
  }),
  costs: z.array(
    z.object({
      currency: z.string(),
      actual: z.int(),
      draft: z.int(),
      change: intervalSchema,
      actual_rate_ppm: z.int().nullable(),
      draft_rate_ppm: z.int().nullable(),
      unpriced: z.int(),
    }),
  ),
});

export const backtestSchema = z
  .object({
    object: z.literal('routing_backtest'),
    id: z.string(),
    status: z.enum(['running', 'completed', 'failed', 'canceled']),
    version: z.int().nullable(),
    from: z.int(),
    to: z.int(),
    progress: z.object({
      read: z.int(),
      total: z.int().meta({ description: 'As counted at the start; once all are read, how many they were.' }),
      at_least: z.boolean().meta({
        description:
          'The counting stopped at 100,000: there are `total` payments or more, and not all are read.',
      }),
    }),
    result: resultSchema.nullable(),
    failure: z.string().nullable(),
    created: z.int(),
    ended_at: z.int().nullable(),
    livemode: z.boolean(),
  })
  .meta({ id: 'RoutingBacktest' });

type PublicBacktest = z.input<typeof backtestSchema>;

function rounded({ expected, low, high }: Interval): Interval {
  return { expected: Math.round(expected), low: Math.round(low), high: Math.round(high) };
}

function renderBacktest(backtest: Backtest, { mode }: PolicyOwner): PublicBacktest {
  const { result, endedAtMs } = backtest;
  return {
    object: 'routing_backtest',
    id: backtest.id,
    status: backtest.status,
    version: backtest.policyVersion ?? null,
    from: unixSeconds(backtest.fromMs),
    to: unixSeconds(backtest.toMs),
    progress: { read: backtest.read, total: backtest.total, at_least: backtest.isTotalAtLeast },
    result: result === undefined ? null : renderResult(result),
    failure: backtest.failure ?? null,
    created: unixSeconds(backtest.createdAtMs),
    ended_at: endedAtMs === undefined ? null : unixSeconds(endedAtMs),
    livemode: mode === 'live',
  };
}

function renderResult(result: NonNullable<Backtest['result']>): NonNullable<PublicBacktest['result']> {
  const { success } = result;
  return {
    compared: result.compared,
    skipped: { ...result.skipped },
    elsewhere: result.elsewhere,
    requirements_differ: result.requirementsDiffer,
    pairs: result.pairs.map(({ expectedApproved, ...pair }) => ({
      ...pair,
      expected_approved: Math.round(expectedApproved * 10) / 10,
    })),
    success:
      result.compared === 0
        ? null
        : {
            actual_ppm: success.actualPpm,
            draft_ppm: success.draftPpm,
            change_ppm: rounded(success.changePpm),
          },
    costs: result.costs.map((cost) => ({
      currency: cost.currency,
      actual: cost.actualMinor,
      draft: cost.draftMinor,
      change: rounded(cost.changeMinor),
      actual_rate_ppm: cost.actualRatePpm,
      draft_rate_ppm: cost.draftRatePpm,
      unpriced: cost.unpriced,
    })),
  };
}

const answer = (description: string) => ({ description, schema: backtestSchema });
const DEFAULT_SPAN_MS = 90 * 86_400_000;

async function shown(owner: PolicyOwner, id: string, services: Services): Promise<PublicBacktest> {
  const found = await services.backtests.find(owner, id);
  if (found === undefined) throw problem('resource_missing');
  return renderBacktest(found, owner);
}

const startBacktest = merchantRoute({
  method: 'post',
  path: '/v1/routing/backtests',
  operationId: 'startRoutingBacktest',
  summary: 'Hold a policy against your own past payments; it goes on by itself, and GET tells how far it is',
  permission: 'draft_policy',
  idempotent: true,
  jsonBodyBytes: POLICY_BODY_BYTES,
  body: startSchema,
  responses: { 202: answer('Begun.') },
  async handle(call, services) {
    const { caller, body, receivedAtMs } = call;
    const toMs = body.to === undefined ? receivedAtMs : Math.min(Date.parse(body.to), receivedAtMs);
    const fromMs = body.from === undefined ? toMs - DEFAULT_SPAN_MS : Date.parse(body.from);
    if (fromMs >= toMs)
      throw problem('parameter_invalid', { param: 'from', message: '`from` must be before `to`.' });
    const reply = await answerOnce(
      call,
      services,
      async (request) => {
        const stored = await storedRouting(call, services);
        const policy =
          body.version === undefined
            ? fitPolicy(body, worldOf(stored))
            : await services.policies.find(caller, body.version);
        if (policy === undefined) return { type: 'absent' };
        const { source, document } = policy;
        // A saved draft may be anything that parses; one sent now was held against all of it already.
        const problems = body.version === undefined ? [] : boundsProblems(document);
        if (problems.length > 0) throw policyProblem(problems);
        return services.backtests.start(orderOf({ ...call, body: { reason: 'back-test' } }, request), {
          id: `rbt_${request.requestId.slice('req_'.length)}`,
          ...(body.version === undefined ? {} : { policyVersion: body.version }),
          source,
          document,
          platformVersion: stored.platform.version,
          fromMs,
          toMs,
          refuse() {
            throw problem('backtests_running');
          },
        });
      },
      (id) => shown(caller, id, services),
    );
    // Also on a repetition: the first may have died between its row and this.
    const { id, status } = backtestSchema.pick({ id: true, status: true }).parse(reply.body);
    if (status === 'running') await services.backtestDoor.start({ id, merchantId: caller.merchantId });
    return reply;
  },
});

const getBacktest = merchantRoute({
  method: 'get',
  path: '/v1/routing/backtests/:id',
  operationId: 'getRoutingBacktest',
  summary: 'Read how far a back-test is, or what it found',
  params,
  responses: { 200: answer('As it stands.') },
  handle: async ({ caller, params: { id } }, services) => ({
    status: 200,
    body: await shown(caller, id, services),
  }),
});

const listBacktests = merchantRoute({
  method: 'get',
  path: '/v1/routing/backtests',
  operationId: 'listRoutingBacktests',
  summary: 'List your back-tests, newest first',
  query: z.strictObject({ limit: limitSchema, starting_after: idSchema.optional() }),
  responses: {
    200: {
      description: 'One page.',
      schema: listSchema(backtestSchema).meta({ id: 'RoutingBacktestList' }),
    },
  },
  async handle({ caller, query: { limit, starting_after: startingAfter } }, services) {
    const page = { limit: limit + 1, ...(startingAfter === undefined ? {} : { startingAfter }) };
    const found = await services.backtests.list(caller, page);
    const data = found.slice(0, limit).map((each) => renderBacktest(each, caller));
    const body = { object: 'list', data, has_more: found.length > limit, url: '/v1/routing/backtests' };
    return { status: 200, body };
  },
});

const cancelBacktest = merchantRoute({
  method: 'post',
  path: '/v1/routing/backtests/:id/cancel',
  operationId: 'cancelRoutingBacktest',
  summary: 'End a back-test; one that has ended stays as it ended',
  permission: 'draft_policy',
  // Done twice it is done once: nothing has to be kept of it but its end.
  idempotent: true,
  params,
  body: z.strictObject({}),
  responses: { 200: answer('As it stands now.') },
  async handle(call, services) {
    mustHaveKey(call, call.body, services);
    const { caller, params } = call;
    const found = await services.backtests.cancel(caller, params.id);
    if (found === undefined) throw problem('resource_missing');
    return { status: 200, body: renderBacktest(found, caller) };
  },
});

export const backtestRoutes: readonly Route[] = [startBacktest, listBacktests, getBacktest, cancelBacktest];
