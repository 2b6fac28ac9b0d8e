/**
 * AcmePay. What lives here: the contract's calls as one request each, over client.ts (HTTP), mapping.ts
 * (tables) and webhook.ts (signature). What may not: retries, waiting, storage, and any conclusion that the
 * tables do not draw. README.md has the field mapping and its sources.
 */
import { z } from 'zod';
import type { OperationOutcome } from '../../../../domain/payment/outcome.ts';
import type {
  AuthorizeRequest,
  CallContext,
  CaptureRequest,
  LookupRequest,
  LookupResult,
  Provider,
  ProviderConnection,
  RefundListing,
  RefundRequest,
  VoidRequest,
} from '../../../../providers/provider.ts';
import {
  currentCall,
  detailOfFault,
  exchange,
  outcomeOfFault,
} from '../../../../providers/transport/index.ts';
import { authenticationParameters } from './authentication.ts';
import { AcmePayFailure, type AcmePayRequest, send } from './client.ts';
import { type AcmePayConfig, acmePayAccount, acmePayConfig } from './config.ts';
import {
  authorizationOutcome,
  errorOutcome,
  listedRefund,
  type Operation,
  operationOutcome,
  operationSchema,
  paymentSchema,
} from './mapping.ts';
import { acmePayWebhook } from './webhook.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const acmePay: Provider = {
  name: 'acme-pay',
  connectorVersion: 'acme-pay-1',
  // How an unknown outcome is proven: the facts to get from the provider's documents before anything else. Too careful
  // costs minutes, too bold a second charge; so these are the careful ones until you have read (better: tried) otherwise.
  unknown: {
    // Does the same key give the same answer again? Where nobody promises it: false, and what is unknown is only asked.
    replaysByKey: true,
    // Also an answer that was an error, a 5xx included? Only then 'everything' (class A), which resends at once. With
    // 'successes' (class A′) whatever the key doesn't remember runs again: it is resent only once it was not found.
    replays: 'successes',
    // How long a key is remembered. After that the same request is a new charge.
    keyWindowMs: DAY_MS,
    // From when on a look-up is sure to show what was charged: the index's lag and the provider's own timeout.
    visibilityHorizonMs: HOUR_MS,
  },
  automaticCapture: 'sale',
  multipleCaptures: true,
  authorizationLifetimeMs: 7 * DAY_MS,
  webhookIs: 'hint',
  account: acmePayAccount,
  connect: (account) => connection(acmePayConfig(account)),
  webhook: acmePayWebhook,
};

function connection(config: AcmePayConfig): ProviderConnection {
  return {
    authorize: (request) => authorize(config, request),
    capture: (request) => capture(config, request),
    void: (request) => cancel(config, request),
    refund: (request) => refund(config, request),
    lookup: (request) => lookup(config, request),
    refundsOf: ({ providerReference }) => refundsOf(config, providerReference),
  };
}

/** Sends one request that moves money, and judges what came of it. */
async function perform(
  config: AcmePayConfig,
  context: CallContext,
  request: Pick<AcmePayRequest, 'path' | 'body'>,
  judge: (answer: unknown) => OperationOutcome,
): Promise<OperationOutcome> {
  const call = currentCall();
  const { providerKey: idempotencyKey } = context;
  try {
    return judge(await exchange(() => send(config, { ...request, method: 'POST', idempotencyKey })));
  } catch (error) {
    return error instanceof AcmePayFailure ? errorOutcome(error, context) : outcomeOfFault(error, call);
  }
}

function authorize(config: AcmePayConfig, request: AuthorizeRequest): Promise<OperationOutcome> {
  const { card, description, statementDescriptor } = request;
  const body = {
    reference: request.reference,
    amount: request.amountMinor,
    currency: request.currency,
    capture: request.captureMethod === 'automatic',
    multiple_captures: request.multipleCaptures,
    card: {
      number: card.number,
      expiry_month: card.expMonth,
      expiry_year: card.expYear,
      ...(card.cvc === undefined ? {} : { cvc: card.cvc }),
      ...(card.holderName === undefined ? {} : { holder_name: card.holderName }),
    },
    ...authenticationParameters(request),
    ...(description === undefined ? {} : { description }),
    ...(statementDescriptor === undefined ? {} : { statement_descriptor: statementDescriptor }),
  };
  return perform(config, request, { path: '/v1/payments', body }, (answer) =>
    authorizationOutcome(paymentSchema.parse(answer), request),
  );
}

/** Captures, voids and refunds differ in their last word and in what they carry. */
function operate(
  config: AcmePayConfig,
  type: Operation['type'],
  request: CallContext & { readonly providerReference: string },
  body: object,
): Promise<OperationOutcome> {
  const { providerReference, reference } = request;
  const path = `/v1/payments/${encodeURIComponent(providerReference)}/${type}s`;
  return perform(config, request, { path, body: { reference, ...body } }, (answer) =>
    operationOutcome(operationSchema.parse(answer), type, providerReference, request),
  );
}

function capture(config: AcmePayConfig, request: CaptureRequest): Promise<OperationOutcome> {
  const { amountMinor: amount, currency, finalCapture: final } = request;
  return operate(config, 'capture', request, { amount, currency, final });
}

function cancel(config: AcmePayConfig, request: VoidRequest): Promise<OperationOutcome> {
  return operate(config, 'void', request, {});
}

function refund(config: AcmePayConfig, request: RefundRequest): Promise<OperationOutcome> {
  const { amountMinor: amount, currency, reason } = request;
  return operate(config, 'refund', request, {
    amount,
    currency,
    ...(reason === undefined ? {} : { reason }),
  });
}

/** Asks; whatever keeps it from knowing is said in a safe word, and is never `not found`. */
async function asked<T>(question: () => Promise<T>): Promise<T | { type: 'failed'; detail: string }> {
  const call = currentCall();
  try {
    return await exchange(question);
  } catch (error) {
    const detail = error instanceof AcmePayFailure ? `http_${error.status}` : detailOfFault(error, call);
    return { type: 'failed', detail };
  }
}

function lookup(config: AcmePayConfig, request: LookupRequest): Promise<LookupResult> {
  const { kind, providerReference } = request;
  if (kind === 'authorize' || kind === 'sale') return asked(() => findPayment(config, request));
  if (providerReference === undefined)
    return Promise.resolve({ type: 'failed', detail: 'no provider reference' });
  return asked(() => findOperation(config, { ...request, kind, providerReference }));
}

/** `not_found` closes an operation: answer it only from a list that shows everything, and as soon as it has happened. */
async function findOperation(
  config: AcmePayConfig,
  {
    kind,
    ...request
  }: LookupRequest & { readonly kind: Operation['type']; readonly providerReference: string },
): Promise<LookupResult> {
  const made = await operationsOf(config, request.providerReference);
  if (made === undefined) return NOT_WHOLE;
  const [ours, ...others] = made.filter(
    ({ type, reference }) => type === kind && reference === request.reference,
  );
  if (ours === undefined) return { type: 'not_found' };
  // Which of several is ours nobody can tell, and more may have moved than was asked for.
  if (others.length > 0) return found({ type: 'unknown', cause: 'mismatch', detail: 'several operations' });
  return found(operationOutcome(ours, kind, request.providerReference, request));
}

function found(outcome: OperationOutcome): LookupResult {
  return { type: 'found', outcome };
}

const paymentsPage = z.object({ data: z.array(paymentSchema), has_more: z.boolean() });
const operationsPage = z.object({ data: z.array(operationSchema), has_more: z.boolean() });
/** What is on no page that was read may be on the next one. */
const NOT_WHOLE = { type: 'failed', detail: 'a list that is not whole' } as const;

async function findPayment(config: AcmePayConfig, request: LookupRequest): Promise<LookupResult> {
  const { providerReference, reference } = request;
  if (providerReference !== undefined) {
    const path = `/v1/payments/${encodeURIComponent(providerReference)}`;
    const answer = await send(config, { method: 'GET', path });
    return found(authorizationOutcome(paymentSchema.parse(answer), request));
  }
  const path = `/v1/payments?reference=${encodeURIComponent(reference)}`;
  const { data, has_more: more } = paymentsPage.parse(await send(config, { method: 'GET', path }));
  if (more) return NOT_WHOLE;
  // A list that holds others' payments was not filtered by our reference: what it lacks proves nothing.
  if (data.some((item) => item.reference !== reference))
    return { type: 'failed', detail: 'payments of another reference' };
  const [payment, ...others] = data;
  if (payment === undefined) return { type: 'not_found' };
  // One key makes one payment. More than one means that something else charged under our reference.
  if (others.length > 0) return found({ type: 'unknown', cause: 'mismatch', detail: 'several payments' });
  return found(authorizationOutcome(payment, request));
}

/** Undefined: there are more than one page holds. */
async function operationsOf(config: AcmePayConfig, id: string): Promise<readonly Operation[] | undefined> {
  const path = `/v1/payments/${encodeURIComponent(id)}/operations`;
  const { data, has_more: more } = operationsPage.parse(await send(config, { method: 'GET', path }));
  return more ? undefined : data;
}

function refundsOf(config: AcmePayConfig, id: string): Promise<RefundListing> {
  return asked<RefundListing>(async () => {
    const made = await operationsOf(config, id);
    if (made === undefined) return NOT_WHOLE;
    return { type: 'listed', refunds: made.filter(({ type }) => type === 'refund').map(listedRefund) };
  });
}
