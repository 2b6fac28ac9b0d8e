/**
 * Stripe. What lives here: the contract's calls as one SDK request each, over client.ts (HTTP), mapping.ts
 * (tables) and webhook.ts (signature). What may not: retries, waiting, storage, and any conclusion that the
 * tables do not draw. README.md has the field mapping and its sources.
 */
import Stripe from 'stripe';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type {
  AuthorizeRequest,
  CallContext,
  CaptureRequest,
  CardData,
  LookupRequest,
  LookupResult,
  Provider,
  ProviderConnection,
  RefundListing,
  RefundRequest,
  VoidRequest,
} from '../provider.ts';
import { currentCall, detailOfFault, exchange, outcomeOfFault } from '../transport/index.ts';
import { toStripeAmount } from './amounts.ts';
import { authenticationParameters } from './authentication.ts';
import { stripeClient } from './client.ts';
import { type StripeConfig, stripeAccount, stripeConfig } from './config.ts';
import {
  authorizationOutcome,
  captureMark,
  captureOutcome,
  type Expected,
  errorOutcome,
  errorSchema,
  intentSchema,
  REFERENCE_KEY,
  refundOutcome,
  refundSchema,
  type StripeFailure,
  voidOutcome,
} from './mapping.ts';
import { listed, listRefunds } from './refunds.ts';
import { fetchFromStripe } from './reports.ts';
import { testPaymentMethod } from './test-cards.ts';
import { stripeWebhook } from './webhook.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const stripe: Provider = {
  name: 'stripe',
  connectorVersion: 'stripe-2',
  // Keys may be pruned once they are at least 24 hours old. Search is usually current within a minute,
  // and up to an hour behind during outages (docs.stripe.com/search#data-freshness).
  unknown: { replaysByKey: true, keyWindowMs: DAY_MS, visibilityHorizonMs: HOUR_MS },
  automaticCapture: 'sale',
  multipleCaptures: true,
  authorizationLifetimeMs: 7 * DAY_MS,
  webhookIs: 'hint',
  account: stripeAccount,
  connect: (account) => {
    const config = stripeConfig(account);
    const client = stripeClient(config);
    return {
      ...connection(client, config),
      fetchSettlement: (request) => fetchFromStripe(client, config, request),
    };
  },
  webhook: stripeWebhook,
};

function connection(client: Stripe, { cards }: StripeConfig): ProviderConnection {
  return {
    authorize: (request) => authorize(client, request, cards),
    capture: (request) => capture(client, request),
    void: (request) => cancel(client, request),
    refund: (request) => refund(client, request),
    lookup: (request) => lookup(client, request),
    refundsOf: ({ providerReference }) => refundsOf(client, providerReference),
  };
}

/** Sends one request and judges what came of it. */
async function perform(
  request: CallContext,
  send: () => Promise<unknown>,
  judge: (answer: unknown) => OperationOutcome,
  judgeFailure: (failure: StripeFailure) => OperationOutcome = (failure) => errorOutcome(failure, request),
): Promise<OperationOutcome> {
  const call = currentCall();
  try {
    return judge(await exchange(send));
  } catch (error) {
    const failure = failureOf(error);
    return failure === undefined ? outcomeOfFault(error, call) : judgeFailure(failure);
  }
}

/** An error that Stripe answered with, as opposed to one about the connection or an unreadable answer. */
function failureOf(error: unknown): StripeFailure | undefined {
  if (!(error instanceof Stripe.errors.StripeError)) return undefined;
  const parsed = errorSchema.safeParse({ ...error });
  return parsed.success ? parsed.data : undefined;
}

function notRepresentable(currency: string): OperationOutcome {
  return {
    type: 'rejected',
    code: 'amount_not_representable',
    message: `Stripe cannot move this amount of ${currency} exactly. Nothing was sent.`,
  };
}

const EXPAND = { expand: ['latest_charge'] };

/** The card as Stripe takes it; undefined where it is to be a test method and is none. */
function paymentMethodOf(card: CardData, cards: StripeConfig['cards']): object | undefined {
  if (cards === 'test_tokens') {
    const token = testPaymentMethod(card.number);
    return token === undefined ? undefined : { payment_method: token };
  }
  const { number, expMonth: exp_month, expYear: exp_year, cvc, holderName } = card;
  return {
    payment_method_data: {
      type: 'card',
      card: { number, exp_month, exp_year, ...(cvc === undefined ? {} : { cvc }) },
      ...(holderName === undefined ? {} : { billing_details: { name: holderName } }),
    },
  };
}

async function authorize(
  client: Stripe,
  request: AuthorizeRequest,
  cards: StripeConfig['cards'],
): Promise<OperationOutcome> {
  const { currency } = request;
  const amount = toStripeAmount(request.amountMinor, currency);
  if (amount === undefined) return notRepresentable(currency);
  const method = paymentMethodOf(request.card, cards);
  if (method === undefined) {
    const message = 'The account sends published test cards only, and this is none. Nothing was sent.';
    return { type: 'rejected', code: 'not_a_test_card', message };
  }
  const { description, statementDescriptor } = request;
  const { card, ...authentication } = authenticationParameters(request);
  const options = {
    ...card,
    ...(request.multipleCaptures ? { request_multicapture: 'if_available' as const } : {}),
  };
  const parameters = {
    amount,
    currency: currency.toLowerCase(),
    capture_method: request.captureMethod,
    confirm: true,
    payment_method_types: ['card'],
    ...method,
    ...authentication,
    ...(Object.keys(options).length === 0 ? {} : { payment_method_options: { card: options } }),
    metadata: { [REFERENCE_KEY]: request.reference },
    ...(description === undefined ? {} : { description }),
    // Cards take a suffix to the account's own descriptor, not a whole one.
    ...(statementDescriptor === undefined ? {} : { statement_descriptor_suffix: statementDescriptor }),
    ...EXPAND,
  };
  // Raw card data is accepted from accounts that may send it, but the SDK's types leave `card` out.
  const typed = parameters as unknown as Stripe.PaymentIntentCreateParams;
  return await perform(
    request,
    () => client.paymentIntents.create(typed, { idempotencyKey: request.providerKey }),
    (answer) => authorizationOutcome(intentSchema.parse(answer), request),
  );
}

async function capture(client: Stripe, request: CaptureRequest): Promise<OperationOutcome> {
  const amount = toStripeAmount(request.amountMinor, request.currency);
  if (amount === undefined) return notRepresentable(request.currency);
  const mark = captureMark(request);
  const parameters: Stripe.PaymentIntentCaptureParams = {
    amount_to_capture: amount,
    // Only multicapture accounts know the parameter, and `true` is the default.
    ...(request.finalCapture ? {} : { final_capture: false }),
    metadata: { [mark.key]: mark.value },
    ...EXPAND,
  };
  return await perform(
    request,
    () =>
      client.paymentIntents.capture(request.providerReference, parameters, {
        idempotencyKey: request.providerKey,
      }),
    (answer) =>
      captureOutcome(intentSchema.parse(answer), request.providerReference, request) ??
      unmapped('not captured'),
  );
}

async function cancel(client: Stripe, request: VoidRequest): Promise<OperationOutcome> {
  const { providerReference } = request;
  return await perform(
    request,
    () => client.paymentIntents.cancel(providerReference, {}, { idempotencyKey: request.providerKey }),
    (answer) => voidOutcome(intentSchema.parse(answer), providerReference) ?? unmapped('not canceled'),
    (failure) => {
      // Refused because it is canceled already: what the void is for has been reached.
      const intent = failure.code === 'payment_intent_unexpected_state' ? failure.payment_intent : undefined;
      const voided = intent == null ? undefined : voidOutcome(intent, providerReference);
      return voided ?? errorOutcome(failure, request);
    },
  );
}

async function refund(client: Stripe, request: RefundRequest): Promise<OperationOutcome> {
  const amount = toStripeAmount(request.amountMinor, request.currency);
  if (amount === undefined) return notRepresentable(request.currency);
  const { providerReference } = request;
  const parameters = {
    payment_intent: providerReference,
    amount,
    metadata: { [REFERENCE_KEY]: request.reference },
    ...(request.reason === undefined ? {} : { reason: request.reason }),
  };
  return await perform(
    request,
    () => client.refunds.create(parameters, { idempotencyKey: request.providerKey }),
    (answer) => refundOutcome(refundSchema.parse(answer), providerReference, request),
  );
}

function unmapped(detail: string): OperationOutcome {
  return { type: 'unknown', cause: 'unmapped_response', detail };
}

async function lookup(client: Stripe, request: LookupRequest): Promise<LookupResult> {
  const call = currentCall();
  try {
    return await exchange(() => ask(client, request));
  } catch (error) {
    const failure = failureOf(error);
    return {
      type: 'failed',
      detail: failure === undefined ? detailOfFault(error, call) : `http_${failure.statusCode}`,
    };
  }
}

async function ask(client: Stripe, request: LookupRequest): Promise<LookupResult> {
  const { kind, providerReference } = request;
  if (kind === 'authorize' || kind === 'sale') {
    if (providerReference === undefined) return await findAuthorization(client, request);
    return found(authorizationOutcome(await intentOf(client, providerReference), request));
  }
  if (providerReference === undefined) return { type: 'failed', detail: 'no provider reference' };
  if (kind === 'refund') return await findRefund(client, providerReference, request);
  const intent = await intentOf(client, providerReference);
  const outcome =
    kind === 'capture'
      ? captureOutcome(intent, providerReference, request)
      : voidOutcome(intent, providerReference);
  return outcome === undefined ? { type: 'not_found' } : found(outcome);
}

function found(outcome: OperationOutcome): LookupResult {
  return { type: 'found', outcome };
}

async function intentOf(client: Stripe, id: string) {
  return intentSchema.parse(await client.paymentIntents.retrieve(id, EXPAND));
}

/** By our reference: the search index lags, which is what the declared visibility horizon is for. */
async function findAuthorization(client: Stripe, request: LookupRequest): Promise<LookupResult> {
  // Our references are words of [a-z0-9_]; anything else would be a query of its own.
  if (!/^\w+$/.test(request.reference)) return { type: 'failed', detail: 'not a reference of ours' };
  const query = `metadata['${REFERENCE_KEY}']:'${request.reference}'`;
  const page = await client.paymentIntents.search({ query, limit: 10, expand: ['data.latest_charge'] });
  const [intent, ...others] = page.data.map((item) => intentSchema.parse(item));
  if (intent === undefined) return { type: 'not_found' };
  // One key makes one intent. More than one means that something else charged under our reference.
  if (others.length > 0) return found({ type: 'unknown', cause: 'mismatch', detail: 'several intents' });
  return found(authorizationOutcome(intent, request));
}

/** Ours is found by its metadata. */
async function findRefund(client: Stripe, intentId: string, request: Expected): Promise<LookupResult> {
  const refunds = await listRefunds(client, intentId);
  if (refunds === undefined) return { type: 'failed', detail: 'too many refunds to read' };
  const [ours, ...others] = refunds.filter(({ metadata }) => metadata[REFERENCE_KEY] === request.reference);
  // One key makes one refund. Which of several is ours nobody can tell, and more may have gone back than was asked for.
  if (others.length > 0) return found({ type: 'unknown', cause: 'mismatch', detail: 'several refunds' });
  return ours === undefined ? { type: 'not_found' } : found(refundOutcome(ours, intentId, request));
}

async function refundsOf(client: Stripe, intentId: string): Promise<RefundListing> {
  const call = currentCall();
  try {
    const refunds = await exchange(() => listRefunds(client, intentId));
    if (refunds === undefined) return { type: 'failed', detail: 'too many refunds to read' };
    return { type: 'listed', refunds: refunds.flatMap(listed) };
  } catch (error) {
    const failure = failureOf(error);
    const detail = failure === undefined ? detailOfFault(error, call) : `http_${failure.statusCode}`;
    return { type: 'failed', detail };
  }
}
