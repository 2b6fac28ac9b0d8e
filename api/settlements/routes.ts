import { z } from 'zod';
import { mustHaveKey } from '../once.ts';
import { problem } from '../problems.ts';
import { operatorRoute, type Route } from '../route.ts';
import { pathOfRun, renderFile, renderRun } from './render.ts';
import {
  accountSchema,
  businessDateSchema,
  fileListSchema,
  fileSchema,
  listFilesSchema,
  listRunsSchema,
  runListSchema,
  runSchema,
  startRunSchema,
  uploadQuerySchema,
} from './schema.ts';
import { upload } from './upload.ts';

/** A million lines are some hundred megabytes; what is larger comes by the command line, beside the database. */
const MAX_FILE_BYTES = 1_073_741_824;

const uploadSettlement = operatorRoute({
  method: 'post',
  path: '/v1/settlements',
  operationId: 'uploadSettlement',
  summary: 'Hand in a settlement file or bank statement; its day is reconciled',
  idempotent: true,
  query: uploadQuerySchema,
  streamedBodyBytes: MAX_FILE_BYTES,
  responses: {
    201: { description: 'Stored; the run of its day reads it.', schema: fileSchema },
    200: { description: 'These bytes of this account are stored already.', schema: fileSchema },
  },
  async handle(call, services) {
    mustHaveKey(call, call.query, services);
    call.note({ operator: call.operator.name, account: call.query.account });
    return upload(call.query, call.stream(), services);
  },
});

const listSettlements = operatorRoute({
  method: 'get',
  path: '/v1/settlements',
  operationId: 'listSettlements',
  summary: 'Settlement files, newest first',
  query: listFilesSchema,
  responses: { 200: { description: 'Files.', schema: fileListSchema } },
  async handle({ query }, services) {
    const { limit, account, business_date: businessDate, status, starting_after: startingAfter } = query;
    const page = await services.settlements.files({
      limit,
      ...(account === undefined ? {} : { accountId: account }),
      ...(businessDate === undefined ? {} : { businessDate }),
      ...(status === undefined ? {} : { status }),
      ...(startingAfter === undefined ? {} : { startingAfter }),
    });
    if (page.type === 'unknown_cursor') throw problem('parameter_invalid', { param: 'starting_after' });
    return { status: 200, body: list(page, '/v1/settlements', renderFile) };
  },
});

const getSettlement = operatorRoute({
  method: 'get',
  path: '/v1/settlements/:id',
  operationId: 'getSettlement',
  summary: 'One settlement file: where it stands, and why it was refused if it was',
  params: z.strictObject({ id: z.string().min(1).max(100) }),
  responses: { 200: { description: 'The file.', schema: fileSchema } },
  async handle({ params }, services) {
    const file = await services.settlements.file(params.id);
    if (file === undefined) throw problem('resource_missing');
    return { status: 200, body: renderFile(file) };
  },
});

const startReconciliation = operatorRoute({
  method: 'post',
  path: '/v1/reconciliations',
  operationId: 'startReconciliation',
  summary: 'Reconcile a day now; of one that is closed nothing changes but what is new',
  idempotent: true,
  body: startRunSchema,
  responses: { 202: { description: 'Its workflow runs.', schema: startedSchema() } },
  async handle(call, services) {
    mustHaveKey(call, call.body, services);
    const { account: accountId, business_date: businessDate } = call.body;
    call.note({ operator: call.operator.name, account: accountId });
    if (!(await services.settlements.hasAccount(accountId)))
      throw problem('provider_account_unknown', { param: 'account' });
    const workflow = await services.reconciliations.run(accountId, businessDate);
    const url = pathOfRun({ accountId, businessDate });
    return {
      status: 202,
      body: { object: 'reconciliation_start', workflow, url },
      headers: { Location: url },
    };
  },
});

function startedSchema() {
  return z
    .object({ object: z.literal('reconciliation_start'), workflow: z.string(), url: z.string() })
    .meta({ id: 'ReconciliationStarted' });
}

const listReconciliations = operatorRoute({
  method: 'get',
  path: '/v1/reconciliations',
  operationId: 'listReconciliations',
  summary: 'Days that were reconciled, newest first',
  query: listRunsSchema,
  responses: { 200: { description: 'Days.', schema: runListSchema } },
  async handle({ query }, services) {
    const { limit, account, status, before, starting_after: startingAfter } = query;
    const page = await services.settlements.runs({
      limit,
      ...(account === undefined ? {} : { accountId: account }),
      ...(status === undefined ? {} : { status }),
      ...(before === undefined ? {} : { before }),
      ...(startingAfter === undefined ? {} : { startingAfter }),
    });
    if (page.type === 'unknown_cursor') throw problem('parameter_invalid', { param: 'starting_after' });
    return { status: 200, body: list(page, '/v1/reconciliations', renderRun) };
  },
});

const getReconciliation = operatorRoute({
  method: 'get',
  path: '/v1/reconciliations/:account/:date',
  operationId: 'getReconciliation',
  summary: 'One day of one account, with its report',
  params: z.strictObject({ account: accountSchema, date: businessDateSchema }),
  responses: { 200: { description: 'The day.', schema: runSchema } },
  async handle({ params }, services) {
    const run = await services.settlements.run(params.account, params.date);
    if (run === undefined) throw problem('resource_missing');
    return { status: 200, body: renderRun(run) };
  },
});

function list<T>(
  { rows, hasMore }: { readonly rows: readonly T[]; readonly hasMore: boolean },
  url: string,
  render: (row: T) => object,
): object {
  return { object: 'list', data: rows.map(render), has_more: hasMore, url };
}

export const settlementRoutes: readonly Route[] = [
  uploadSettlement,
  listSettlements,
  getSettlement,
  startReconciliation,
  listReconciliations,
  getReconciliation,
];
