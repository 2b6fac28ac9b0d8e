import { z } from 'zod';
import { attributesOf, eventsOf, type HistoryJson, localActivities, payloadsOf } from './histories.ts';

/**
 * What today's code reads of the payloads that old workflows carry. Fields may be added to them, never taken
 * away: a payload recorded by an earlier release must still parse here, or it will not be understood there.
 */
const stamp = z.object({
  requestId: z.string(),
  path: z.string(),
  idempotencyKey: z.string(),
  bodyDigest: z.string(),
  httpRequestId: z.string(),
  answerByMs: z.number(),
});

const order = z.object({
  merchantId: z.string(),
  mode: z.enum(['test', 'live']),
  request: stamp,
  amountMinor: z.int(),
  currency: z.string(),
  captureMethod: z.enum(['automatic', 'manual']),
  confirm: z.boolean(),
  completeByMs: z.number(),
  metadata: z.record(z.string(), z.string()),
});

const input = z.object({ paymentId: z.string(), generation: z.int(), order: order.optional() });

const UPDATES: Readonly<Record<string, z.ZodType>> = {
  create: stamp,
  confirm: z.object({ request: stamp, completeByMs: z.number() }),
  capture: z.object({ request: stamp, finalCapture: z.boolean() }),
  void: z.object({ request: stamp }),
};

const routeStep = z.object({
  accountId: z.string(),
  provider: z.string(),
  connectorVersion: z.string(),
  automaticCapture: z.enum(['sale', 'authorize_then_capture']),
  multipleCaptures: z.boolean(),
  authorizationLifetimeMs: z.number(),
  replaysByKey: z.boolean(),
  keyWindowMs: z.number(),
  visibilityHorizonMs: z.number(),
  canLookup: z.boolean(),
  canVoidByReference: z.boolean(),
  canRefund: z.boolean(),
});

const operation = z.object({
  id: z.string(),
  kind: z.string(),
  number: z.int(),
  cause: z.string(),
  status: z.string(),
  amountMinor: z.int(),
  finalCapture: z.boolean(),
  closed: z.boolean(),
  claimed: z.boolean(),
});

const attempt = z.object({
  id: z.string(),
  number: z.int(),
  accountId: z.string(),
  provider: z.string(),
  status: z.string(),
  authorizedMinor: z.int(),
  capturedMinor: z.int(),
  refundedMinor: z.int(),
  watched: z.boolean(),
  undoing: z.boolean(),
  operations: z.array(operation),
});

const payment = z.object({
  id: z.string(),
  merchantId: z.string(),
  mode: z.string(),
  generation: z.int(),
  sequence: z.int(),
  status: z.string(),
  amountMinor: z.int(),
  currency: z.string(),
  captureMethod: z.string(),
  amountAuthorizedMinor: z.int(),
  amountCapturedMinor: z.int(),
  amountRefundedMinor: z.int(),
  route: z.array(routeStep),
  attempts: z.array(attempt),
  completeByMs: z.number(),
  createdAtMs: z.number(),
  metadata: z.record(z.string(), z.string()),
});

const settings = z.object({ timeScale: z.number(), providerDeadlineMs: z.number() });
const outcome = z.object({ type: z.string() });
const sent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('outcome'), outcome }),
  z.object({ type: z.literal('superseded') }),
  z.object({ type: z.literal('not_permitted') }),
]);
const learned = z.discriminatedUnion('type', [
  z.object({ type: z.literal('outcome'), outcome }),
  z.object({ type: z.literal('not_found'), lastSentAtMs: z.number() }),
  z.object({ type: z.literal('nothing_learned'), lastSentAtMs: z.number() }),
]);
const sendOrder = z.object({ operationId: z.string(), generation: z.int() });

interface Shapes {
  readonly input: z.ZodType;
  readonly result: z.ZodType;
}

const SEND: Shapes = { input: sendOrder, result: sent };
const ACTIVITIES: Readonly<Record<string, Shapes>> = {
  authorize: SEND,
  capture: SEND,
  voidAuthorization: SEND,
  refund: SEND,
  resend: SEND,
  inquire: { input: sendOrder.extend({ lookup: z.boolean() }), result: learned },
};

const LOCAL: Readonly<Record<string, z.ZodType>> = {
  plan: z.object({ payment, settings, bodyDigest: z.string() }),
  hydrate: z.object({ payment: payment.optional(), settings }),
  route: z.object({ route: z.array(routeStep) }),
  record: z.object({ type: z.enum(['recorded', 'already_recorded', 'superseded', 'behind']) }),
  readNews: z.object({ facts: z.array(z.object({ type: z.enum(['evidence', 'hint', 'observed']) })) }),
  acknowledge: z.unknown(),
};

/** Every payload of a decoded history that today's code could not read, and why. */
export function unreadable(history: HistoryJson): string[] {
  const problems: string[] = [];
  const check = (what: string, shape: z.ZodType | undefined, value: unknown) => {
    if (shape === undefined) problems.push(`${what} is not known`);
    const parsed = shape?.safeParse(value);
    if (parsed?.success === false) problems.push(`${what}: ${z.prettifyError(parsed.error)}`);
  };
  for (const started of eventsOf(history, 'WORKFLOW_EXECUTION_STARTED'))
    check('input', input, payloadsOf(started.input)[0]);
  for (const { acceptedRequest } of eventsOf(history, 'WORKFLOW_EXECUTION_UPDATE_ACCEPTED')) {
    const { name, args } = (acceptedRequest as { input: { name: string; args: unknown } }).input;
    check(`update ${name}`, UPDATES[name], payloadsOf(args)[0]);
  }
  const scheduled = new Map(
    history.events
      .filter(({ eventType }) => eventType === 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED')
      .map((event) => [event.eventId, attributesOf(event)] as const),
  );
  const nameOf = (attributes: Readonly<Record<string, unknown>> | undefined) =>
    (attributes?.activityType as { name: string } | undefined)?.name ?? 'unscheduled';
  for (const attributes of scheduled.values()) {
    const name = nameOf(attributes);
    check(`${name}'s order`, ACTIVITIES[name]?.input, payloadsOf(attributes.input)[0]);
  }
  for (const { scheduledEventId, result } of eventsOf(history, 'ACTIVITY_TASK_COMPLETED')) {
    const name = nameOf(scheduled.get(scheduledEventId));
    check(`${name}'s answer`, ACTIVITIES[name]?.result, payloadsOf(result)[0]);
  }
  for (const { type, result } of localActivities(history)) check(`${type}'s answer`, LOCAL[type], result);
  return problems;
}
