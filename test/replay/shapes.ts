import { z } from 'zod';
import { AUTHENTICATION_STATUSES } from '../../domain/authentication/states.ts';
import { DISPOSITIONS } from '../../domain/reconciliation/terms.ts';

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
  retryPlan: z
    .object({
      maxAttempts: z.int(),
      failOverAfter: z.array(z.string()),
      laterMs: z.array(z.number()),
      timeScale: z.number(),
      declinesLeft: z.int().optional(),
    })
    .optional(),
  nextRetryAtMs: z.number().optional(),
});

const refundOrder = z.object({
  paymentId: z.string(),
  merchantId: z.string(),
  mode: z.enum(['test', 'live']),
  request: stamp,
  amountMinor: z.int().optional(),
  metadata: z.record(z.string(), z.string()),
  by: z.object({ operator: z.string(), reason: z.string() }).optional(),
});

export const INPUTS: Readonly<Record<string, z.ZodType>> = {
  payment: z.object({ paymentId: z.string(), generation: z.int(), order: order.optional() }),
  refund: z.object({ refundId: z.string(), generation: z.int(), order: refundOrder.optional() }),
  delivery: z.object({ endpointId: z.string(), passesARun: z.int().optional() }),
  case: z.object({ exceptionId: z.string(), looksARun: z.int().optional() }),
  reconciliation: z.object({
    accountId: z.string(),
    businessDate: z.string(),
    deadlineMs: z.number().optional(),
    eventsARun: z.int().optional(),
  }),
  scheduledReconciliation: z.object({ accountId: z.string() }),
  backtest: z.object({
    backtestId: z.string(),
    pagesAnActivity: z.int().optional(),
    activitiesARun: z.int().optional(),
  }),
  experiment: z.object({ experimentId: z.string(), looksARun: z.int().optional() }),
  rollup: z.object({ passesARun: z.int().optional() }),
  /** It takes none. */
  canary: z.undefined(),
  challenge: z.object({
    paymentId: z.string(),
    attemptId: z.string(),
    provider: z.string(),
    endsAtMs: z.number(),
    askEveryMs: z.number(),
  }),
};

const operatorCommand = z.object({ request: stamp, operator: z.string(), reason: z.string() });
const BY_OPERATORS: Readonly<Record<string, z.ZodType>> = {
  retryNow: operatorCommand,
  cancelByOperator: operatorCommand,
  voidByOperator: operatorCommand,
  moveToProvider: operatorCommand.extend({ sendByMs: z.number() }),
  releaseFromReview: operatorCommand.extend({ sendByMs: z.number() }),
  proposeResolution: operatorCommand.extend({
    resolutionId: z.string(),
    testimony: z.object({ outcome: z.enum(['succeeded', 'not_executed']) }),
    evidence: z.string(),
  }),
  approveResolution: operatorCommand.extend({ resolutionId: z.string() }),
};

const caseCommand = (shape: z.ZodType) => operatorCommand.extend({ command: shape });
const caseDecision = { disposition: z.enum(DISPOSITIONS), target: z.string().optional() };
const OF_CASES: Readonly<Record<string, z.ZodType>> = {
  assign: caseCommand(z.object({ type: z.literal('assign'), owner: z.string().optional() })),
  comment: caseCommand(z.object({ type: z.literal('comment') })),
  propose: caseCommand(z.object({ type: z.literal('propose'), ...caseDecision })),
  dispose: caseCommand(z.object({ type: z.literal('dispose'), ...caseDecision })),
  approve: caseCommand(z.object({ type: z.literal('approve') })),
  reject: caseCommand(z.object({ type: z.literal('reject') })),
};

export const UPDATES: Readonly<Record<string, Readonly<Record<string, z.ZodType>>>> = {
  payment: {
    create: stamp,
    confirm: z.object({ request: stamp, completeByMs: z.number() }),
    capture: z.object({ request: stamp, finalCapture: z.boolean() }),
    void: z.object({ request: stamp }),
    ...BY_OPERATORS,
  },
  refund: {
    create: stamp,
    cancel: z.object({
      request: stamp,
      owner: z.object({ merchantId: z.string(), mode: z.enum(['test', 'live']) }),
    }),
    ...BY_OPERATORS,
  },
  case: OF_CASES,
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

/** Signals that carry something. */
export const SIGNALS: Readonly<Record<string, z.ZodType>> = { settled: z.enum(AUTHENTICATION_STATUSES) };

const authentication = z.object({
  status: z.enum(AUTHENTICATION_STATUSES),
  asked: z.object({ request: z.enum(['automatic', 'any', 'challenge']), exemption: z.string().optional() }),
  reasons: z.array(z.string()),
  facts: z.object({ transStatus: z.string().optional(), liabilityShift: z.boolean().optional() }),
  redirectUrl: z.string().optional(),
  challengedAtMs: z.number().optional(),
  challengeEndsAtMs: z.number().optional(),
  returnedAtMs: z.number().optional(),
  endedAtMs: z.number().optional(),
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
  authentication: authentication.optional(),
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

const refund = z.object({
  id: z.string(),
  paymentId: z.string(),
  merchantId: z.string(),
  mode: z.string(),
  generation: z.int(),
  sequence: z.int(),
  status: z.string(),
  amountMinor: z.int(),
  currency: z.string(),
  metadata: z.record(z.string(), z.string()),
  attemptId: z.string(),
  attemptNumber: z.int(),
  step: routeStep,
  operations: z.array(operation),
  outsideBound: z.boolean(),
  excessMinor: z.int(),
  createdAtMs: z.number(),
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
const foreignRefunds = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('listed'),
    refunds: z.array(z.object({ providerReference: z.string(), amountMinor: z.int(), currency: z.string() })),
  }),
  z.object({ type: z.literal('nothing_learned') }),
]);
const sendOrder = z.object({ operationId: z.string(), generation: z.int() });

interface Shapes {
  readonly input: z.ZodType;
  readonly result: z.ZodType;
}

const SEND: Shapes = { input: sendOrder, result: sent };
/** A step of a day says what it did, and what the next ones must know. */
function ofDay(result: z.ZodRawShape): { readonly input: z.ZodType; readonly result: z.ZodType } {
  const day = { accountId: z.string(), businessDate: z.string() };
  return { input: z.object(day), result: z.object({ said: z.string(), ...result }) };
}

export const ACTIVITIES: Readonly<Record<string, Shapes>> = {
  authorize: SEND,
  capture: SEND,
  voidAuthorization: SEND,
  refund: SEND,
  resend: SEND,
  inquire: { input: sendOrder.extend({ lookup: z.boolean() }), result: learned },
  inquireRefunds: {
    input: z.object({ attemptId: z.string(), generation: z.int() }),
    result: foreignRefunds,
  },
  tellOfChallenge: {
    input: z.object({
      paymentId: z.string(),
      attemptId: z.string(),
      word: z.enum(['ask', 'ended']),
      ordinal: z.int(),
    }),
    result: z.unknown(),
  },
  businessDateOf: {
    input: z.object({ accountId: z.string(), atMs: z.number() }),
    result: z.object({ businessDate: z.string() }),
  },
  beginReconciliation: ofDay({ windowMs: z.number(), firstWaitMs: z.number(), longestWaitMs: z.number() }),
  fetchSettlements: ofDay({}),
  verifySettlements: ofDay({ held: z.int(), refused: z.int(), waiting: z.int() }),
  refreshBookings: ofDay({}),
  stageSettlements: ofDay({}),
  classifySettlements: ofDay({}),
  postSettlements: ofDay({}),
  postBankLines: ofDay({}),
  bringSettlementNews: ofDay({ brought: z.int(), letters: z.int(), waitMs: z.number() }),
  checkSettlementNews: ofDay({ open: z.int() }),
  askProvider: ofDay({ asked: z.int(), letters: z.int() }),
  closeReconciliation: ofDay({ status: z.enum(['closed', 'blocked']), posted: z.int() }),
  advanceBacktest: {
    input: z.object({ backtestId: z.string(), pages: z.int() }),
    result: z.discriminatedUnion('type', [
      z.object({ type: z.enum(['more', 'completed']), read: z.int(), total: z.int() }),
      z.object({ type: z.literal('ended') }),
    ]),
  },
  flyCanary: {
    input: z.undefined(),
    result: z.object({
      status: z.enum(['succeeded', 'failed', 'off']),
      paymentId: z.string().optional(),
      failedStep: z.string().optional(),
    }),
  },
  keepFigures: { input: z.undefined(), result: z.object({ hours: z.int(), restMs: z.int() }) },
  lookAtExperiment: {
    input: z.string(),
    result: z.object({
      status: z.string(),
      attempts: z.object({ control: z.int(), treatment: z.int() }),
      waitMs: z.number(),
    }),
  },
  deliverDue: {
    input: z.object({ endpointId: z.string() }),
    result: z.object({
      status: z.enum(['enabled', 'disabled', 'gone']),
      pending: z.int(),
      dead: z.int(),
      delivered: z.int(),
      failed: z.int(),
      restMs: z.number(),
    }),
  },
};

const recorded = z.object({ type: z.enum(['recorded', 'already_recorded', 'superseded', 'behind']) });
const plannedRefund = z.discriminatedUnion('type', [
  z.object({ type: z.literal('refund'), refund, settings, bodyDigest: z.string() }),
  z.object({
    type: z.literal('refused'),
    refusal: z.object({ code: z.string(), message: z.string() }),
    bodyDigest: z.string(),
  }),
  z.object({ type: z.literal('no_payment') }),
]);
const resolution = z.object({
  id: z.string(),
  ownerId: z.string(),
  outcome,
  evidence: z.string(),
  status: z.string(),
  proposedBy: z.string(),
});

const caseFile = z.object({
  id: z.string(),
  kind: z.string(),
  summary: z.string(),
  status: z.enum(['open', 'proposed', 'resolved']),
  team: z.string(),
  openedAtMs: z.number(),
  dueAtMs: z.number().optional(),
  slaMs: z.number(),
  escalations: z.int(),
  decision: z.object({ status: z.string(), type: z.enum(DISPOSITIONS), proposedBy: z.string() }).optional(),
  resolution: z.string().optional(),
});
const lookedAt = z.discriminatedUnion('type', [
  z.object({ type: z.literal('here'), file: caseFile }),
  z.object({ type: z.literal('left'), file: caseFile }),
  z.object({ type: z.literal('gone') }),
]);

export const LOCAL: Readonly<Record<string, z.ZodType>> = {
  plan: z.object({ payment, settings, bodyDigest: z.string() }),
  hydrate: z.object({ payment: payment.optional(), settings }),
  route: z.object({ route: z.array(routeStep) }),
  record: recorded,
  planRefund: plannedRefund,
  hydrateRefund: z.object({ refund: refund.optional(), settings }),
  recordRefund: recorded,
  revoke: z.enum(['revoked', 'already_sent']),
  readResolution: z.object({ resolution: resolution.optional() }),
  readNews: z.object({
    facts: z.array(z.object({ type: z.enum(['evidence', 'hint', 'observed', 'returned', 'challenge']) })),
  }),
  paidOtherwise: z.boolean(),
  acknowledge: z.unknown(),
  lookAfterCase: lookedAt,
  escalateCase: lookedAt,
  commandCase: z.discriminatedUnion('type', [
    z.object({ type: z.literal('done'), file: caseFile }),
    z.object({ type: z.literal('refused'), refusal: z.object({ code: z.string(), message: z.string() }) }),
    z.object({ type: z.literal('gone') }),
  ]),
};
