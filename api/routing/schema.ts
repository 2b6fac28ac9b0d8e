import { z } from 'zod';
import { POLICY_STATUSES, type PolicyStatus } from '../../domain/routing/life.ts';
import { policyDocumentSchema } from '../../domain/routing/policy/index.ts';
import { reasonSchema } from '../operator/schema.ts';
import { limitSchema } from '../payments/schema.ts';
import { listSchema } from '../schema.ts';

/** What a merchant may send and gets back about its routing policies; docs/routing.md has the language. */

/** A policy's text has at most 256 KiB, which JSON's quoting may double. */
export const POLICY_BODY_BYTES = 640 * 1024;

const versionSchema = z.coerce
  .number()
  .int()
  .min(1)
  .max(2_147_483_647)
  .meta({ type: 'integer', description: 'A version of the policy.', example: 3 });
export const policyParams = z.strictObject({ version: versionSchema });

/** The merchant's id that the platform's own policies are kept under. */
export const PLATFORM = '*';

const modeSchema = z.enum(['test', 'live']);
export const platformQuerySchema = z.strictObject({ mode: modeSchema });
export const operatorPolicyParams = z.strictObject({
  merchant: z.string().min(1).max(100),
  mode: modeSchema,
  version: versionSchema,
});

const source = z
  .string()
  .min(1)
  .max(256 * 1024)
  .meta({ description: 'The policy as YAML or JSON text.' });
const document = z.record(z.string(), z.unknown()).meta({
  description: 'The policy as a JSON object, instead of `source`; `RoutingPolicyDocument` is its form.',
});

/** One of the two, or neither where a stored version is meant. */
export const policyTextFields = { source: source.optional(), document: document.optional() };

const ONE_OF_TWO = 'send either `source` or `document`';
const hasOne = (body: { source?: unknown; document?: unknown }) =>
  (body.source === undefined) !== (body.document === undefined);

export const savePolicySchema = z
  .strictObject({
    ...policyTextFields,
    reason: reasonSchema,
    draft: z.boolean().default(false).meta({
      description:
        'Keep it although it does not fit your accounts yet; it is used for nothing until it is validated.',
    }),
  })
  .refine(hasOne, { error: ONE_OF_TWO, path: ['source'] })
  .meta({ id: 'RoutingPolicySave' });

export const checkPolicySchema = z
  .strictObject(policyTextFields)
  .refine(hasOne, { error: ONE_OF_TWO, path: ['source'] })
  .meta({ id: 'RoutingPolicyText' });

export const platformPolicySchema = z
  .strictObject({ ...policyTextFields, mode: modeSchema, reason: reasonSchema })
  .refine(hasOne, { error: ONE_OF_TWO, path: ['source'] })
  .meta({ id: 'PlatformRoutingPolicy' });

export const approvalSchema = z
  .strictObject({ required: z.boolean(), reason: reasonSchema })
  .meta({ id: 'RoutingApprovalChange' });
export const approvalAnswerSchema = z
  .object({
    object: z.literal('routing_approval'),
    merchant: z.string(),
    required: z.boolean(),
    reason: z.string(),
    by: z.string(),
  })
  .meta({ id: 'RoutingApproval' });

export const moveSchema = z.strictObject({ reason: reasonSchema }).meta({ id: 'RoutingPolicyMove' });

export const canarySchema = z
  .strictObject({
    percent: z.int().min(1).max(99).meta({ description: 'Of payments, how many it decides.', example: 10 }),
    reason: reasonSchema,
  })
  .meta({ id: 'RoutingPolicyCanary' });

/** What is approved, as its approver read it: another proposal that took its place meanwhile is refused. */
export const approveSchema = z
  .strictObject({
    to: z.enum(['canary', 'active', 'experiment']).meta({ description: 'The proposal’s `to`.' }),
    canary_percent: z
      .int()
      .min(1)
      .max(99)
      .optional()
      .meta({ description: 'The proposal’s; none where it is `active`.' }),
    reason: reasonSchema,
  })
  .refine(({ to, canary_percent: percent }) => (to !== 'active') === (percent !== undefined), {
    error: 'is sent with all but `to: active`, as it is proposed',
    path: ['canary_percent'],
  })
  .meta({ id: 'RoutingPolicyApproval' });

export const treatmentSchema = z
  .strictObject({
    percent: z.int().min(1).max(50).meta({ description: 'Of payments, how many it may decide at most.' }),
    reason: reasonSchema,
  })
  .meta({ id: 'RoutingTreatmentProposal' });

export const rollBackSchema = z
  .strictObject({
    reason: reasonSchema,
    version: z.int().min(1).optional().meta({ description: 'Absent: the one that was active before.' }),
  })
  .meta({ id: 'RoutingRollBack' });

export const statusSchema = z.enum(POLICY_STATUSES as [PolicyStatus, ...PolicyStatus[]]);

/** `experiment`: asked, or agreed, to be an experiment's treatment; its status stays. */
const targetSchema = z.enum([...(POLICY_STATUSES as [PolicyStatus, ...PolicyStatus[]]), 'experiment']);

export const listPoliciesSchema = z.strictObject({
  limit: limitSchema,
  status: statusSchema.optional(),
  starting_after: versionSchema.optional().meta({ description: 'The last version of the page before.' }),
});

export const problemSchema = z
  .object({
    line: z.int().meta({ description: '1 is the first; 0 where there is no text.' }),
    column: z.int(),
    path: z.string(),
    message: z.string(),
    hint: z.string(),
  })
  .meta({ id: 'RoutingPolicyProblem' });

export const checkedPolicySchema = z
  .object({
    object: z.literal('routing_policy_check'),
    valid: z.boolean(),
    problems: z.array(problemSchema),
  })
  .meta({ id: 'RoutingPolicyCheck' });

const eventSchema = z.object({
  kind: z.enum(['saved', 'moved', 'displaced', 'proposed', 'approved', 'rejected', 'rolled_back']),
  from: statusSchema.nullable(),
  to: targetSchema,
  canary_percent: z.int().nullable(),
  actor: z
    .string()
    .meta({ description: '`key:` with an API key’s id, `operator:` with an operator’s, or `system`.' }),
  reason: z.string(),
  proposed_by: z.string().nullable(),
  at: z.int(),
});

/** Without its text and document, which GET has: an answer that is kept for ever is kept small. */
export const listedPolicySchema = z
  .object({
    object: z.literal('routing_policy'),
    version: z.int(),
    name: z.string(),
    status: statusSchema,
    canary_percent: z.int().nullable(),
    author: z.string(),
    created: z.int(),
    moved_at: z.int(),
    activated_at: z.int().nullable(),
    proposal: z
      .object({
        to: targetSchema,
        canary_percent: z.int().nullable(),
        by: z.string(),
        reason: z.string(),
        at: z.int(),
      })
      .nullable()
      .meta({ description: 'A move that waits for a second person’s approval.' }),
    allowed: z.array(z.string()).meta({ description: 'What may be asked of it now.' }),
    livemode: z.boolean(),
  })
  .meta({ id: 'RoutingPolicyVersion' });

export const policySchema = listedPolicySchema
  .extend({ source: z.string(), document: policyDocumentSchema.meta({ id: 'RoutingPolicyDocument' }) })
  .meta({ id: 'RoutingPolicy' });
export const wholePolicySchema = policySchema
  .extend({ events: z.array(eventSchema) })
  .meta({ id: 'RoutingPolicyWithEvents' });
export const policyListSchema = listSchema(listedPolicySchema).meta({ id: 'RoutingPolicyList' });

export type PublicListedPolicy = z.input<typeof listedPolicySchema>;
export type PublicPolicy = z.input<typeof policySchema>;
export type PublicEvent = z.input<typeof eventSchema>;
