/**
 * Checkout.com. What lives here: the contract's calls as one SDK request each, over client.ts (HTTP), mapping.ts (tables),
 * questions.ts (look-ups) and webhook.ts (signature). What may not: retries, waiting, storage, and any conclusion that the
 * tables do not draw. README.md has the field mapping and its sources.
 */
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type {
  AuthorizeRequest,
  CallContext,
  CaptureRequest,
  Provider,
  ProviderConnection,
  RefundRequest,
  VoidRequest,
} from '../provider.ts';
import { currentCall, exchange, outcomeOfFault } from '../transport/index.ts';
import { toCheckoutAmount } from './amounts.ts';
import { authenticationParameters } from './authentication.ts';
import {
  CheckoutFailure,
  type CheckoutServices,
  callSdk,
  checkoutServices,
  SUPPORTED_CURRENCIES,
  WORD,
} from './client.ts';
import { type CheckoutConfig, checkoutAccount, checkoutConfig } from './config.ts';
import {
  acceptedOutcome,
  acceptedSchema,
  authorizationOutcome,
  errorOutcome,
  paymentSchema,
} from './mapping.ts';
import { lookup, refundsOf } from './questions.ts';
import { fetchFromCheckout } from './reports.ts';
import { checkoutWebhook } from './webhook.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const checkout: Provider = {
  name: 'checkout',
  connectorVersion: 'checkout-1',
  // Class A′: keys are kept for 24 hours, and only 2xx answers with them; what did not succeed runs again. How far GET /payments?reference= may be behind is not
  // published: an hour, as long as elsewhere.
  unknown: { replaysByKey: true, replays: 'successes', keyWindowMs: DAY_MS, visibilityHorizonMs: HOUR_MS },
  // A capture that Checkout.com makes by itself has no reference of ours: it could not be told from another's.
  automaticCapture: 'authorize_then_capture',
  multipleCaptures: true,
  authorizationLifetimeMs: 7 * DAY_MS,
  webhookIs: 'hint',
  account: checkoutAccount,
  connect: (account) => {
    const config = checkoutConfig(account);
    const services = checkoutServices(config);
    return {
      ...connection({ config, services }),
      fetchSettlement: (request) => fetchFromCheckout(services.reports, config, request),
    };
  },
  webhook: checkoutWebhook,
};

interface Checkout {
  readonly config: CheckoutConfig;
  readonly services: CheckoutServices;
}

function connection(checkoutCom: Checkout): ProviderConnection {
  const { payments } = checkoutCom.services;
  return {
    authorize: (request) => authorize(checkoutCom, request),
    capture: (request) => capture(checkoutCom, request),
    void: (request) => release(checkoutCom, request),
    refund: (request) => refund(checkoutCom, request),
    lookup: (request) => lookup(payments, request),
    refundsOf: ({ providerReference }) => refundsOf(payments, providerReference),
  };
}

/** Sends one request and judges what came of it. */
async function perform(
  request: CallContext & { readonly providerReference?: string },
  send: (idempotencyKey: string) => Promise<unknown>,
  judge: (answer: unknown) => OperationOutcome,
): Promise<OperationOutcome> {
  const call = currentCall();
  const { providerReference } = request;
  // The SDK puts it into the address as it is.
  if (providerReference !== undefined && !WORD.test(providerReference))
    return nothingSent('no_such_payment', 'The payment’s id is none of Checkout.com’s.');
  try {
    return judge(await exchange(() => callSdk(() => send(request.providerKey))));
  } catch (error) {
    return error instanceof CheckoutFailure ? errorOutcome(error, request) : outcomeOfFault(error, call);
  }
}

function nothingSent(code: string, message: string): OperationOutcome {
  return { type: 'rejected', code, message: `${message} Nothing was sent.` };
}

function notRepresentable(currency: string): OperationOutcome {
  return nothingSent(
    'amount_not_representable',
    `Checkout.com cannot move this amount of ${currency} exactly.`,
  );
}

async function authorize(
  { config, services }: Checkout,
  request: AuthorizeRequest,
): Promise<OperationOutcome> {
  const { card, currency, reference, description, statementDescriptor } = request;
  const amount = toCheckoutAmount(request.amountMinor, currency);
  if (amount === undefined) return notRepresentable(currency);
  if (!SUPPORTED_CURRENCIES.has(currency))
    return nothingSent('currency_not_supported', `Checkout.com does not take ${currency}.`);
  const { fields, source } = authenticationParameters(request);
  const body = {
    source: {
      type: 'card',
      number: card.number,
      expiry_month: card.expMonth,
      expiry_year: card.expYear,
      ...(card.cvc === undefined ? {} : { cvv: card.cvc }),
      ...(card.holderName === undefined ? {} : { name: card.holderName }),
      ...source,
    },
    amount,
    currency,
    reference,
    capture: false,
    ...fields,
    ...(config.processingChannelId === undefined
      ? {}
      : { processing_channel_id: config.processingChannelId }),
    ...(description === undefined ? {} : { description }),
    ...(statementDescriptor === undefined ? {} : { billing_descriptor: { name: statementDescriptor } }),
  };
  return await perform(
    request,
    (key) => services.payments.request(body, key),
    (answer) => authorizationOutcome(paymentSchema.parse(answer), request),
  );
}

async function capture({ services }: Checkout, request: CaptureRequest): Promise<OperationOutcome> {
  const { reference, currency, finalCapture, providerReference } = request;
  const amount = toCheckoutAmount(request.amountMinor, currency);
  if (amount === undefined) return notRepresentable(currency);
  const body = { amount, reference, capture_type: finalCapture ? 'Final' : 'NonFinal' };
  return await perform(
    request,
    (key) => services.payments.capture(providerReference, body, key),
    (answer) => acceptedOutcome(acceptedSchema.parse(answer), reference),
  );
}

async function release({ services }: Checkout, request: VoidRequest): Promise<OperationOutcome> {
  const { reference, providerReference } = request;
  return await perform(
    request,
    (key) => services.payments.void(providerReference, { reference }, key),
    (answer) => acceptedOutcome(acceptedSchema.parse(answer), reference),
  );
}

async function refund({ services }: Checkout, request: RefundRequest): Promise<OperationOutcome> {
  const { reference, currency, providerReference } = request;
  const amount = toCheckoutAmount(request.amountMinor, currency);
  if (amount === undefined) return notRepresentable(currency);
  return await perform(
    request,
    (key) => services.payments.refund(providerReference, { amount, reference }, key),
    (answer) => acceptedOutcome(acceptedSchema.parse(answer), reference),
  );
}
