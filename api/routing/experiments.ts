import { z } from 'zod';
import type { OwnedExperiment, PolicyOwner } from '../../db/settings/index.ts';
import type { ExperimentRefusal } from '../../domain/routing/experiment/experiment.ts';
import { withoutAbsent } from '../absent.ts';
import { answerOnce } from '../once.ts';
import { reasonSchema } from '../operator/schema.ts';
import { unixSeconds } from '../payments/render.ts';
import { limitSchema } from '../payments/schema.ts';
import { problem, refusalProblem } from '../problems.ts';
import { merchantRoute, type Reply, type Route, type Services } from '../route.ts';
import { listSchema } from '../schema.ts';
import { orderOf } from './policies.ts';

const idSchema = z
  .string()
  .regex(/^rex_[a-z2-7]{26}$/)
  .meta({ description: 'An experiment’s id.' });
const params = z.strictObject({ id: idSchema });
const ppm = z.int().min(0).max(1_000_000);

const startSchema = z
  .strictObject({
    treatment: z.int().min(1).meta({ description: 'The version that is tried, beside the active one.' }),
    percent: z
      .int()
      .min(1)
      .max(50)
      .default(50)
      .meta({ description: 'Of payments, how many the treatment decides.' }),
    max_days: z.int().min(1).max(365).default(30).meta({ description: 'It ends then, whatever is known.' }),
    guard_rail_ppm: ppm.optional().meta({
      description: 'A treatment that looks worse by so much is ended on weaker evidence.',
    }),
    alpha_ppm: ppm
      .min(1_000)
      .max(200_000)
      .optional()
      .meta({ description: 'How often a difference may be claimed where there is none.' }),
    smallest_of_interest_ppm: ppm.optional(),
    reason: reasonSchema,
  })
  .meta({ id: 'RoutingExperimentStart' });

const armSchema = z.object({ version: z.int(), attempts: z.int(), successes: z.int() });

export const experimentSchema = z
  .object({
    object: z.literal('routing_experiment'),
    id: z.string(),
    status: z.enum([
      'running',
      'treatment_better',
      'control_better',
      'no_difference',
      'guard_rail_breached',
      'out_of_time',
      'stopped',
    ]),
    percent: z.int(),
    control: armSchema,
    treatment: armSchema,
    test: z
      .object({
        p_value_ppm: z.int().meta({ description: 'Valid at every look.' }),
        difference_ppm: z.int(),
        low_ppm: z.int(),
        high_ppm: z.int(),
      })
      .nullable()
      .meta({ description: 'Treatment less control, as of the last look.' }),
    looks: z.int(),
    actor: z.string(),
    reason: z.string(),
    stopped_by: z.string().nullable(),
    stop_reason: z.string().nullable(),
    started_at: z.int(),
    ends_by: z.int(),
    looked_at: z.int().nullable(),
    ended_at: z.int().nullable(),
    livemode: z.boolean(),
  })
  .meta({ id: 'RoutingExperiment' });

type PublicExperiment = z.input<typeof experimentSchema>;

function renderExperiment(experiment: OwnedExperiment, { mode }: PolicyOwner): PublicExperiment {
  const { seen, lookedAtMs, endedAtMs } = experiment;
  const nothing = { attempts: 0, successes: 0 };
  return {
    object: 'routing_experiment',
    id: experiment.id,
    status: experiment.status,
    percent: experiment.percent,
    control: { version: experiment.controlVersion, ...(seen?.control ?? nothing) },
    treatment: { version: experiment.treatmentVersion, ...(seen?.treatment ?? nothing) },
    test:
      seen === undefined
        ? null
        : {
            p_value_ppm: seen.test.pValuePpm,
            difference_ppm: seen.test.differencePpm,
            low_ppm: seen.test.lowPpm,
            high_ppm: seen.test.highPpm,
          },
    looks: experiment.looks,
    actor: experiment.actor,
    reason: experiment.reason,
    stopped_by: experiment.stoppedBy ?? null,
    stop_reason: experiment.stopReason ?? null,
    started_at: unixSeconds(experiment.startedAtMs),
    ends_by: unixSeconds(experiment.endsByMs),
    looked_at: lookedAtMs === undefined ? null : unixSeconds(lookedAtMs),
    ended_at: endedAtMs === undefined ? null : unixSeconds(endedAtMs),
    livemode: mode === 'live',
  };
}

const REFUSALS: Readonly<Record<ExperimentRefusal, string>> = {
  experiment_running: 'Another experiment runs. Stop it first.',
  canary_running: 'A canary decides a part of the payments. Promote or withdraw it first.',
  no_active_policy: 'There is no active version to compare with. Promote one first.',
  treatment_is_active: 'The treatment is the active version: there is nothing to compare.',
  treatment_unknown: 'There is no such version.',
  treatment_not_validated:
    'The treatment must be validated, and in no other use: withdraw it where it is the shadow.',
  treatment_not_approved:
    'A second person must have approved this version as a treatment with this share, for this experiment: propose it first.',
};

const DAY_MS = 86_400_000;
const answer = (description: string) => ({ description, schema: experimentSchema });

async function shown(owner: PolicyOwner, id: string, services: Services): Promise<PublicExperiment> {
  const found = await services.experiments.find(owner, id);
  if (found === undefined) throw problem('resource_missing');
  return renderExperiment(found, owner);
}

const startExperiment = merchantRoute({
  method: 'post',
  path: '/v1/routing/experiments',
  operationId: 'startRoutingExperiment',
  summary: 'Try a version on a share of the payments, until a test can tell it from the active one',
  permission: 'change_policy',
  idempotent: true,
  body: startSchema,
  responses: { 200: answer('Begun.') },
  async handle(call, services) {
    const { caller, body, receivedAtMs } = call;
    const reply = await answerOnce(
      call,
      services,
      (request) =>
        services.experiments.start(orderOf(call, request), {
          id: `rex_${request.requestId.slice('req_'.length)}`,
          treatmentVersion: body.treatment,
          percent: body.percent,
          options: withoutAbsent({
            alphaPpm: body.alpha_ppm,
            guardRailPpm: body.guard_rail_ppm,
            smallestOfInterestPpm: body.smallest_of_interest_ppm,
          }),
          endsByMs: receivedAtMs + body.max_days * DAY_MS,
          refuse: (code) => {
            throw refusalProblem({ code, message: REFUSALS[code] });
          },
        }),
      (id) => shown(caller, id, services),
    );
    return told(reply, caller.merchantId, services);
  },
});

/** Its workflow looks: at the start, after a stop, and once more where a repetition finds that nobody told it. */
async function told(reply: Reply, merchantId: string, services: Services): Promise<Reply> {
  const { id } = experimentSchema.pick({ id: true }).parse(reply.body);
  await services.experimentDoor.look({ id, merchantId });
  return reply;
}

const stopExperiment = merchantRoute({
  method: 'post',
  path: '/v1/routing/experiments/:id/stop',
  operationId: 'stopRoutingExperiment',
  summary: 'End an experiment: the active version decides every payment again',
  permission: 'change_policy',
  idempotent: true,
  params,
  body: z.strictObject({ reason: reasonSchema }).meta({ id: 'RoutingExperimentStop' }),
  responses: { 200: answer('As it stands now.') },
  async handle(call, services) {
    const { caller, params: asked } = call;
    const reply = await answerOnce(
      call,
      services,
      (request) => services.experiments.stop(orderOf(call, request), asked.id),
      (id) => shown(caller, id, services),
    );
    return told(reply, caller.merchantId, services);
  },
});

const getExperiment = merchantRoute({
  method: 'get',
  path: '/v1/routing/experiments/:id',
  operationId: 'getRoutingExperiment',
  summary: 'Read how an experiment stands',
  params,
  responses: { 200: answer('As of its last look.') },
  handle: async ({ caller, params: { id } }, services) => ({
    status: 200,
    body: await shown(caller, id, services),
  }),
});

const listExperiments = merchantRoute({
  method: 'get',
  path: '/v1/routing/experiments',
  operationId: 'listRoutingExperiments',
  summary: 'List your experiments, newest first',
  query: z.strictObject({ limit: limitSchema, starting_after: idSchema.optional() }),
  responses: {
    200: {
      description: 'One page.',
      schema: listSchema(experimentSchema).meta({ id: 'RoutingExperimentList' }),
    },
  },
  async handle({ caller, query: { limit, starting_after: startingAfter } }, services) {
    const page = { limit: limit + 1, ...(startingAfter === undefined ? {} : { startingAfter }) };
    const found = await services.experiments.list(caller, page);
    const data = found.slice(0, limit).map((each) => renderExperiment(each, caller));
    const body = { object: 'list', data, has_more: found.length > limit, url: '/v1/routing/experiments' };
    return { status: 200, body };
  },
});

export const experimentRoutes: readonly Route[] = [
  startExperiment,
  listExperiments,
  getExperiment,
  stopExperiment,
];
