import { withoutAbsent } from '../absent.ts';
import { problem } from '../problems.ts';
import { operatorRoute, type Route } from '../route.ts';
import {
  renderApprovals,
  renderDeadLetter,
  renderHeld,
  renderLetter,
  renderQueues,
  renderUnknown,
} from './render.ts';
import { resendRoutes } from './resend.ts';
import {
  approvalsQuerySchema,
  approvalsSchema,
  deadLetterListSchema,
  heldListSchema,
  letterListSchema,
  listDeadSchema,
  listHeldSchema,
  listLettersSchema,
  listUnknownsSchema,
  queuesSchema,
  unknownListSchema,
} from './schema.ts';

/** What waits for a person: how much, since when, and each queue oldest first. Exceptions have routes of their own. */
const unknownCursor = () => problem('parameter_invalid', { param: 'starting_after' });

function listOf(url: string, data: readonly object[], hasMore: boolean) {
  return { status: 200, body: { object: 'list', data, has_more: hasMore, url } };
}

const queues = operatorRoute({
  method: 'get',
  path: '/v1/operator/queues',
  operationId: 'getQueues',
  summary: 'How much waits for a person, and since when',
  permission: 'view',
  responses: { 200: { description: 'By queue.', schema: queuesSchema } },
  async handle(call, services) {
    const [lengths, kinds] = await Promise.all([services.queues.lengths(), services.queues.kinds()]);
    return { status: 200, body: renderQueues(lengths, kinds, call.receivedAtMs) };
  },
});

const unknowns = operatorRoute({
  method: 'get',
  path: '/v1/operator/queues/unknowns',
  operationId: 'listUnknownOperations',
  summary: 'Operations of payments and refunds of which nobody can say what became of them, oldest first',
  permission: 'view',
  query: listUnknownsSchema,
  responses: { 200: { description: 'One page.', schema: unknownListSchema } },
  async handle({ query, receivedAtMs }, services) {
    const {
      starting_after: startingAfter,
      min_age_minutes: minAgeMinutes,
      merchant: merchantId,
      account: accountId,
      limit,
      ...rest
    } = query;
    const filter = withoutAbsent({ startingAfter, minAgeMinutes, merchantId, accountId, ...rest });
    const page = await services.queues.unknowns({ limit, ...filter });
    if (page.type === 'unknown_cursor') throw unknownCursor();
    const data = page.operations.map((each) => renderUnknown(each, receivedAtMs));
    return listOf('/v1/operator/queues/unknowns', data, page.hasMore);
  },
});

const deadLetters = operatorRoute({
  method: 'get',
  path: '/v1/operator/queues/dead-letters',
  operationId: 'listDeadLetters',
  summary: 'Events that merchants’ endpoints would not take until they were given up, oldest first',
  permission: 'view',
  query: listDeadSchema,
  responses: { 200: { description: 'One page.', schema: deadLetterListSchema } },
  async handle({ query }, services) {
    const { limit, starting_after: after, merchant, mode, endpoint, payment } = query;
    const [endpointId = '', eventId = ''] = after?.split('/') ?? [];
    const filter = withoutAbsent({ merchantId: merchant, mode, endpointId: endpoint, paymentId: payment });
    const page = await services.queues.deadDeliveries({
      limit,
      ...filter,
      ...(after === undefined ? {} : { startingAfter: { endpointId, eventId } }),
    });
    if (page.type === 'unknown_cursor') throw unknownCursor();
    const data = page.deliveries.map(renderDeadLetter);
    return listOf('/v1/operator/queues/dead-letters', data, page.hasMore);
  },
});

const letters = operatorRoute({
  method: 'get',
  path: '/v1/operator/queues/letters',
  operationId: 'listUnplacedLetters',
  summary: 'Providers’ verified webhooks that match nothing that was done here, oldest first',
  permission: 'view',
  query: listLettersSchema,
  responses: { 200: { description: 'One page.', schema: letterListSchema } },
  async handle({ query }, services) {
    const { limit, starting_after: startingAfter, merchant: merchantId, account: accountId } = query;
    const page = await services.queues.letters({
      limit,
      ...withoutAbsent({ startingAfter, merchantId, accountId }),
    });
    if (page.type === 'unknown_cursor') throw unknownCursor();
    return listOf('/v1/operator/queues/letters', page.letters.map(renderLetter), page.hasMore);
  },
});

const reviews = operatorRoute({
  method: 'get',
  path: '/v1/operator/queues/reviews',
  operationId: 'listHeldPayments',
  summary:
    'Payments that their routing policy holds back for a person, oldest first; nothing of them was sent',
  permission: 'view',
  query: listHeldSchema,
  responses: { 200: { description: 'One page.', schema: heldListSchema } },
  async handle({ query }, services) {
    const { limit, starting_after: startingAfter, merchant: merchantId } = query;
    const page = await services.queues.held({ limit, ...withoutAbsent({ startingAfter, merchantId }) });
    if (page.type === 'unknown_cursor') throw unknownCursor();
    return listOf('/v1/operator/queues/reviews', page.payments.map(renderHeld), page.hasMore);
  },
});

const approvals = operatorRoute({
  method: 'get',
  path: '/v1/operator/queues/approvals',
  operationId: 'listApprovals',
  summary: 'What somebody proposed and another person has to approve: resolutions, and policies’ moves',
  permission: 'view',
  query: approvalsQuerySchema,
  responses: { 200: { description: 'The oldest of each.', schema: approvalsSchema } },
  async handle({ query }, services) {
    return { status: 200, body: renderApprovals(await services.queues.approvals(query.limit)) };
  },
});

export const queueRoutes: readonly Route[] = [
  queues,
  unknowns,
  deadLetters,
  letters,
  reviews,
  approvals,
  ...resendRoutes,
];
