import type { z } from 'zod';
import type { CaseCommand, CaseFile } from '../../domain/cases/case.ts';
import { answerCommand } from '../commands.ts';
import { commandSchema } from '../operator/schema.ts';
import { problem } from '../problems.ts';
import { type OperatorCall, operatorRoute, type Route, type Services } from '../route.ts';
import { assignment } from './assignment.ts';
import { bulkRoute } from './bulk.ts';
import { renderException, renderFigures, renderWhole } from './render.ts';
import {
  assignSchema,
  decisionSchema,
  exceptionListSchema,
  exceptionParams,
  exceptionSchema,
  figuresQuerySchema,
  figuresSchema,
  listExceptionsSchema,
  wholeExceptionSchema,
} from './schema.ts';

type Call<Body> = OperatorCall<{ readonly id: string }, unknown, Body & { readonly reason: string }>;

/** One command to one case, answered like a payment's: same key, same answer. */
function command<Body>(call: Call<Body>, services: Services, told: CaseCommand) {
  const { id } = call.params;
  const { operatorId, name } = call.operator;
  call.note({ operator: name });
  return answerCommand<CaseFile>(call, services, {
    // A key belongs to its operator; operators know no test mode.
    owner: { merchantId: operatorId, mode: 'live' },
    subjectId: id,
    member: 'exception',
    creates: false,
    async check() {
      const known = (await services.exceptions.find(id)) !== undefined;
      return () => {
        if (!known) throw problem('resource_missing');
      };
    },
    send: (request, timeoutMs) =>
      services.cases.command(
        id,
        { request, operator: operatorId, reason: call.body.reason, command: told },
        timeoutMs,
      ),
    isUnsettled: () => false,
    reply: (file) => ({ status: 200, body: renderException(file) }),
    replyInTheDark: (file) => ({ status: 202, body: renderException(file) }),
    look: () => services.exceptions.find(id),
  });
}

const posts = { method: 'post', params: exceptionParams, idempotent: true, waits: true } as const;
const answers = { 200: { description: 'As it stands now.', schema: exceptionSchema } };

/** The three that say no more than why. */
function plain(type: 'comment' | 'approve' | 'reject', summary: string): Route {
  return operatorRoute({
    ...posts,
    path: `/v1/exceptions/:id/${type}`,
    operationId: `${type}Exception`,
    summary,
    body: commandSchema,
    responses: answers,
    handle: (call, services) => command(call, services, { type }),
  });
}

function decision(type: 'propose' | 'dispose', summary: string): Route {
  return operatorRoute({
    ...posts,
    path: `/v1/exceptions/:id/${type}`,
    operationId: `${type}Exception`,
    summary,
    body: decisionSchema,
    responses: answers,
    handle(call, services) {
      const { disposition, target } = call.body;
      return command(call, services, { type, disposition, ...(target === undefined ? {} : { target }) });
    },
  });
}

const assign = operatorRoute({
  ...posts,
  path: '/v1/exceptions/:id/assign',
  operationId: 'assignException',
  summary: 'Make it somebody’s, or nobody’s',
  body: assignSchema,
  responses: answers,
  handle: (call, services) => command(call, services, assignment(call.body.owner, call.operator.operatorId)),
});

type Listed = z.output<typeof listExceptionsSchema>;

function filterOf({ merchant, account, payment, file, ...query }: Listed) {
  const { starting_after: startingAfter, min_age_hours: minAgeHours, ...rest } = query;
  const named = {
    startingAfter,
    minAgeHours,
    merchantId: merchant,
    accountId: account,
    paymentId: payment,
    fileId: file,
    ...rest,
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)) as {
    limit: number;
  };
}

const list = operatorRoute({
  method: 'get',
  path: '/v1/exceptions',
  operationId: 'listExceptions',
  summary: 'Exceptions of every merchant, oldest first',
  query: listExceptionsSchema,
  responses: { 200: { description: 'The oldest.', schema: exceptionListSchema } },
  async handle(call, services) {
    const page = await services.exceptions.list(filterOf(call.query));
    if (page.type === 'unknown_cursor') throw problem('parameter_invalid', { param: 'starting_after' });
    const data = page.cases.map(renderException);
    return { status: 200, body: { object: 'list', data, has_more: page.hasMore, url: '/v1/exceptions' } };
  },
});

const figures = operatorRoute({
  method: 'get',
  path: '/v1/exceptions/figures',
  operationId: 'getExceptionFigures',
  summary: 'How the work on exceptions goes',
  query: figuresQuerySchema,
  responses: { 200: { description: 'As of now, and over the last days.', schema: figuresSchema } },
  async handle(call, services) {
    const { days } = call.query;
    return { status: 200, body: renderFigures(await services.exceptions.figures(days), days) };
  },
});

const show = operatorRoute({
  method: 'get',
  path: '/v1/exceptions/:id',
  operationId: 'getException',
  summary: 'An exception with both sides’ rows and every word said',
  params: exceptionParams,
  responses: { 200: { description: 'The exception.', schema: wholeExceptionSchema } },
  async handle(call, services) {
    const found = await services.exceptions.whole(call.params.id);
    if (found === undefined) throw problem('resource_missing');
    return { status: 200, body: renderWhole(found) };
  },
});

export const exceptionRoutes: readonly Route[] = [
  list,
  figures,
  bulkRoute,
  show,
  assign,
  plain('comment', 'Say something about it'),
  decision('propose', 'Propose how it ends; nothing moves until somebody approves'),
  decision('dispose', 'End it alone, where the limits let one person decide'),
  plain('approve', 'Carry out what is proposed'),
  plain('reject', 'Put a proposal away; the case is open again'),
];
