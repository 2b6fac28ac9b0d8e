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
import { type AcmePayConfig, acmePayConfig } from './config.ts';
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

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export const acmePay: Provider = {
  name: 'acme-pay',
  connectorVersion: 'acme-pay-1',
  // How an unknown outcome is proven: the facts to get from the provider's documents before anything else.
  unknown: { replaysByKey: true, keyWindowMs: DAY_MS, visibilityHorizonMs: 5 * MINUTE_MS },
  automaticCapture: 'sale',
  multipleCaptures: true,
  authorizationLifetimeMs: 7 * DAY_MS,
  webhookIs: 'hint',
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
  return asked(async () => {
    const made = await operationsOf(config, providerReference);
    const ours = made.find(({ type, reference }) => type === kind && reference === request.reference);
    return ours === undefined
      ? { type: 'not_found' as const }
      : found(operationOutcome(ours, kind, providerReference, request));
  });
}

function found(outcome: OperationOutcome): LookupResult {
  return { type: 'found', outcome };
}

const paymentsPage = z.object({ data: z.array(paymentSchema) });
const operationsPage = z.object({ data: z.array(operationSchema) });

async function findPayment(config: AcmePayConfig, request: LookupRequest): Promise<LookupResult> {
  const { providerReference, reference } = request;
  if (providerReference !== undefined) {
    const path = `/v1/payments/${encodeURIComponent(providerReference)}`;
    const answer = await send(config, { method: 'GET', path });
    return found(authorizationOutcome(paymentSchema.parse(answer), request));
  }
  const path = `/v1/payments?reference=${encodeURIComponent(reference)}`;
  const [payment, ...others] = paymentsPage.parse(await send(config, { method: 'GET', path })).data;
  if (payment === undefined) return { type: 'not_found' };
  // One key makes one payment. More than one means that something else charged under our reference.
  if (others.length > 0) return found({ type: 'unknown', cause: 'mismatch', detail: 'several payments' });
  return found(authorizationOutcome(payment, request));
}

async function operationsOf(config: AcmePayConfig, id: string): Promise<readonly Operation[]> {
  const path = `/v1/payments/${encodeURIComponent(id)}/operations`;
  return operationsPage.parse(await send(config, { method: 'GET', path })).data;
}

function refundsOf(config: AcmePayConfig, id: string): Promise<RefundListing> {
  return asked(async () => {
    const refunds = (await operationsOf(config, id)).filter(({ type }) => type === 'refund');
    return { type: 'listed' as const, refunds: refunds.map(listedRefund) };
  });
}
