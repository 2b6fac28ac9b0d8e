import { z } from 'zod';
import { AUDIT_KINDS, type AuditEntry, type Verification } from '../../db/settings/index.ts';
import { withoutAbsent } from '../absent.ts';
import { answerOnce } from '../once.ts';
import { reasonSchema } from '../operator/schema.ts';
import { limitSchema } from '../payments/schema.ts';
import { problem } from '../problems.ts';
import { operatorRoute, type Route } from '../route.ts';
import { listSchema } from '../schema.ts';
import { adminOf, idFor, iso, pageReply } from './order.ts';
import { idParams } from './schema.ts';

const PATH = '/v1/operator/audit';
const textSchema = z.string().min(1).max(200);
const instantSchema = z.iso.datetime({ offset: true });

const entrySchema = z
  .object({
    id: z.string(),
    object: z.literal('audit_entry'),
    kind: z.enum(AUDIT_KINDS),
    at: z.string(),
    actor: z.string().nullable(),
    name: z.string().nullable().meta({ description: "The person's, where the actor is one." }),
    action: z.string(),
    subject: z.string(),
    reason: z.string().nullable(),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEntry' });

const verificationSchema = z
  .object({
    id: z.string(),
    object: z.literal('audit_verification'),
    scope: z.enum(['recent', 'all']),
    status: z.enum(['running', 'ended', 'failed']),
    requested_by: z.string(),
    total: z.int().meta({ description: 'About so many chains there are.' }),
    checked: z.int(),
    rows: z.int(),
    problem_count: z.int(),
    problems: z
      .array(z.object({ owner: z.string(), problem: z.string() }))
      .meta({ description: 'The first 200.' }),
    started_at: z.string(),
    ended_at: z.string().nullable(),
  })
  .meta({ id: 'AuditVerification' });

const listEntries = operatorRoute({
  method: 'get',
  path: PATH,
  operationId: 'listAuditEntries',
  summary:
    'Who did what: administration, refusals, policies, and what people did to payments and cases; newest first',
  permission: 'view_audit',
  query: z.strictObject({
    limit: limitSchema,
    kind: z.enum(AUDIT_KINDS).optional(),
    actor: textSchema.optional(),
    subject: textSchema.optional(),
    from: instantSchema.optional(),
    to: instantSchema.optional(),
    starting_after: textSchema.optional(),
  }),
  responses: {
    200: { description: 'One page.', schema: listSchema(entrySchema).meta({ id: 'AuditEntryList' }) },
  },
  async handle({ query }, { administration }) {
    const { limit, kind, actor, subject, from, to, starting_after: startingAfter } = query;
    const fromMs = from === undefined ? undefined : Date.parse(from);
    const toMs = to === undefined ? undefined : Date.parse(to);
    const asked = withoutAbsent({ kind, actor, subject, fromMs, toMs, startingAfter });
    return pageReply(await administration.auditLog.list({ limit, ...asked }), PATH, renderEntry);
  },
});

const verify = operatorRoute({
  method: 'post',
  path: `${PATH}/verify`,
  operationId: 'verifyAudit',
  summary: 'Recompute the audit chains: the administrators’ whole, and payments’ and refunds’ recent or all',
  permission: 'view_audit',
  idempotent: true,
  body: z
    .strictObject({ scope: z.enum(['recent', 'all']).default('recent'), reason: reasonSchema.optional() })
    .meta({ id: 'AuditVerificationCreate' }),
  responses: {
    202: {
      description: 'Under way; one that was running already is the answer.',
      schema: verificationSchema,
    },
  },
  async handle(call, services) {
    const { verifications, chains } = services.administration;
    const { scope } = call.body;
    const total = await chains.count(scope);
    let begun: Verification | undefined;
    const reply = await answerOnce(call, services, (request) => {
      const asked = { id: idFor('ver', request.requestId), scope, total };
      return verifications.begin(adminOf(call), request, asked, (row) => {
        begun = row;
        return { status: 202, body: renderVerification(row) };
      });
    });
    if (begun !== undefined) services.verifier.carryOn(begun);
    return reply;
  },
});

const listVerifications = operatorRoute({
  method: 'get',
  path: `${PATH}/verifications`,
  operationId: 'listAuditVerifications',
  summary: 'The latest verifications of the audit chains',
  permission: 'view_audit',
  query: z.strictObject({ limit: limitSchema }),
  responses: {
    200: {
      description: 'Newest first.',
      schema: listSchema(verificationSchema).meta({ id: 'AuditVerificationList' }),
    },
  },
  async handle({ query }, services) {
    const rows = await services.administration.verifications.latest(query.limit);
    for (const row of rows) services.verifier.carryOn(row);
    return pageReply({ type: 'page', rows, hasMore: false }, `${PATH}/verifications`, renderVerification);
  },
});

const getVerification = operatorRoute({
  method: 'get',
  path: `${PATH}/verifications/:id`,
  operationId: 'getAuditVerification',
  summary: 'A verification of the audit chains, as far as it has come',
  permission: 'view_audit',
  params: idParams,
  responses: { 200: { description: 'As far as it has come.', schema: verificationSchema } },
  async handle({ params }, services) {
    const found = await services.administration.verifications.find(params.id);
    if (found === undefined) throw problem('resource_missing');
    services.verifier.carryOn(found);
    return { status: 200, body: renderVerification(found) };
  },
});

function renderEntry(entry: AuditEntry): z.output<typeof entrySchema> {
  return {
    id: entry.id,
    object: 'audit_entry',
    kind: entry.kind,
    at: iso(entry.atMs),
    actor: entry.actor ?? null,
    name: entry.name ?? null,
    action: entry.action,
    subject: entry.subject,
    reason: entry.reason ?? null,
    details: entry.details,
  };
}

function renderVerification(row: Verification): z.output<typeof verificationSchema> {
  return {
    id: row.id,
    object: 'audit_verification',
    scope: row.scope,
    status: row.status,
    requested_by: row.requestedBy,
    total: row.total,
    checked: row.checked,
    rows: row.rows,
    problem_count: row.problemCount,
    problems: row.problems.map(({ owner, problem: said }) => ({ owner, problem: said })),
    started_at: iso(row.startedAtMs),
    ended_at: row.endedAtMs === undefined ? null : iso(row.endedAtMs),
  };
}

export const auditRoutes: readonly Route[] = [listEntries, verify, listVerifications, getVerification];
