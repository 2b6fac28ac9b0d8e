/**
 * Adyen. What lives here: the contract's calls as one SDK request each, over client.ts (HTTP), mapping.ts
 * (tables) and webhook.ts (HMAC and evidence). What may not: retries, waiting, storage, and any conclusion
 * that the tables do not draw. README.md has the field mapping and its sources.
 */
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type {
  AuthorizeRequest,
  CallContext,
  CaptureRequest,
  CompleteActionRequest,
  CredentialsCheck,
  Provider,
  ProviderConnection,
  RefundRequest,
  VoidByReferenceRequest,
  VoidRequest,
} from '../provider.ts';
import { currentCall, detailOfFault, exchange, outcomeOfFault } from '../transport/index.ts';
import { toAdyenAmount } from './amounts.ts';
import { authenticationParameters } from './authentication.ts';
import { AdyenFailure, type AdyenServices, adyenClient } from './client.ts';
import { type AdyenConfig, adyenAccount, adyenConfig } from './config.ts';
import {
  authorizationOutcome,
  type ExpectedModification,
  errorOutcome,
  modificationOutcome,
  modificationSchema,
  paymentMethodsSchema,
  paymentSchema,
} from './mapping.ts';
import { adyenReports, fetchFromAdyen } from './reports.ts';
import { adyenWebhook } from './webhook.ts';

const DAY_MS = 86_400_000;

export const adyen: Provider = {
  name: 'adyen',
  connectorVersion: 'adyen-2',
  // Keys are kept for at least 7 days. There is no look-up, so no horizon applies.
  unknown: { replaysByKey: true, keyWindowMs: 7 * DAY_MS, visibilityHorizonMs: 0 },
  automaticCapture: 'authorize_then_capture',
  // Adyen turns multiple partial captures on per merchant account; by default the rest is released.
  multipleCaptures: false,
  authorizationLifetimeMs: 7 * DAY_MS,
  webhookIs: 'evidence',
  account: adyenAccount,
  connect: (account) => {
    const config = adyenConfig(account);
    const reports = adyenReports(account);
    return {
      ...connection({ config, sdk: adyenClient(config) }),
      fetchSettlement: (request) => fetchFromAdyen(reports, request),
    };
  },
  webhook: adyenWebhook,
};

interface Adyen {
  readonly config: AdyenConfig;
  readonly sdk: AdyenServices;
}

function connection(adyen: Adyen): ProviderConnection {
  return {
    authorize: (request) => authorize(adyen, request),
    capture: (request) => capture(adyen, request),
    void: (request) => cancel(adyen, request),
    refund: (request) => refund(adyen, request),
    completeAction: (request) => completeAction(adyen, request),
    voidByReference: (request) => cancelByReference(adyen, request),
    checkCredentials: () => checkCredentials(adyen),
  };
}

/** Sends one request and judges what came of it. */
async function perform(
  request: CallContext,
  send: (options: { idempotencyKey: string }) => Promise<unknown>,
  judge: (answer: unknown) => OperationOutcome,
): Promise<OperationOutcome> {
  const call = currentCall();
  try {
    return judge(await exchange(() => send({ idempotencyKey: request.providerKey })));
  } catch (error) {
    return error instanceof AdyenFailure ? errorOutcome(error, request) : outcomeOfFault(error, call);
  }
}

function notRepresentable(currency: string): OperationOutcome {
  return {
    type: 'rejected',
    code: 'amount_not_representable',
    message: `Adyen cannot move this amount of ${currency} exactly. Nothing was sent.`,
  };
}

async function authorize({ sdk, config }: Adyen, request: AuthorizeRequest): Promise<OperationOutcome> {
  const { card, currency, reference, statementDescriptor } = request;
  const value = toAdyenAmount(request.amountMinor, currency);
  if (value === undefined) return notRepresentable(currency);
  const { fields, additionalData } = authenticationParameters(request);
  const body = {
    merchantAccount: config.merchantAccount,
    reference,
    amount: { value, currency },
    paymentMethod: {
      type: 'scheme',
      number: card.number,
      expiryMonth: String(card.expMonth).padStart(2, '0'),
      expiryYear: String(card.expYear),
      ...(card.cvc === undefined ? {} : { cvc: card.cvc }),
      ...(card.holderName === undefined ? {} : { holderName: card.holderName }),
    },
    returnUrl: request.returnUrl ?? config.returnUrl,
    ...fields,
    // The account's own capture delay must never capture what our ledger has not asked for.
    additionalData: { manualCapture: 'true', ...additionalData },
    ...(statementDescriptor === undefined ? {} : { shopperStatement: statementDescriptor }),
  };
  // The SDK types enumerations as classes of its own; the document is what the contract test checks.
  const typed = body as unknown as Parameters<typeof sdk.payments.payments>[0];
  return await perform(
    request,
    (options) => sdk.payments.payments(typed, options),
    (answer) => authorizationOutcome(paymentSchema.parse(answer), request),
  );
}

/** As long as Adyen's document allows. */
const LONGEST_REDIRECT_RESULT = 20_000;

/** Adyen authorizes after a redirect only once it is given what the browser brought back. */
async function completeAction({ sdk }: Adyen, request: CompleteActionRequest): Promise<OperationOutcome> {
  const { redirectResult } = request.returned;
  if (redirectResult === undefined || !/^[\x21-\x7e]+$/.test(redirectResult)) return nothingReturned();
  if (redirectResult.length > LONGEST_REDIRECT_RESULT) return nothingReturned();
  return await perform(
    request,
    (options) => sdk.payments.paymentsDetails({ details: { redirectResult } }, options),
    (answer) => authorizationOutcome(paymentSchema.parse(answer), request),
  );
}

function nothingReturned(): OperationOutcome {
  const message = 'The browser brought no usable `redirectResult` back. Nothing was sent.';
  return { type: 'rejected', code: 'no_redirect_result', message };
}

/** Captures and refunds, which differ in their endpoint only. */
async function moveMoney(
  { config }: Adyen,
  request: CaptureRequest | RefundRequest,
  send: (
    body: { merchantAccount: string; reference: string; amount: { value: number; currency: string } },
    options: { idempotencyKey: string },
  ) => Promise<unknown>,
): Promise<OperationOutcome> {
  const { reference, currency, providerReference } = request;
  const { merchantAccount } = config;
  const value = toAdyenAmount(request.amountMinor, currency);
  if (value === undefined) return notRepresentable(currency);
  const payment = { pspReference: providerReference };
  return await perform(
    request,
    (options) => send({ merchantAccount, reference, amount: { value, currency } }, options),
    (answer) => accepted(answer, { reference, merchantAccount, payment, money: request }),
  );
}

function accepted(answer: unknown, expected: ExpectedModification): OperationOutcome {
  return modificationOutcome(modificationSchema.parse(answer), expected);
}

function capture(adyen: Adyen, request: CaptureRequest): Promise<OperationOutcome> {
  const { modifications } = adyen.sdk;
  return moveMoney(adyen, request, (body, options) =>
    modifications.captureAuthorisedPayment(request.providerReference, body, options),
  );
}

function refund(adyen: Adyen, request: RefundRequest): Promise<OperationOutcome> {
  const { modifications } = adyen.sdk;
  return moveMoney(adyen, request, (body, options) =>
    modifications.refundCapturedPayment(request.providerReference, body, options),
  );
}

async function cancel({ sdk, config }: Adyen, request: VoidRequest): Promise<OperationOutcome> {
  const { reference, providerReference } = request;
  const { merchantAccount } = config;
  return await perform(
    request,
    (options) =>
      sdk.modifications.cancelAuthorisedPaymentByPspReference(
        providerReference,
        { merchantAccount, reference },
        options,
      ),
    (answer) =>
      accepted(answer, { reference, merchantAccount, payment: { pspReference: providerReference } }),
  );
}

/** Cancels whatever was authorized under our reference, whether or not we ever got an answer about it. */
async function cancelByReference(
  { sdk, config }: Adyen,
  request: VoidByReferenceRequest,
): Promise<OperationOutcome> {
  const { reference, authorizationReference } = request;
  const { merchantAccount } = config;
  return await perform(
    request,
    (options) =>
      sdk.modifications.cancelAuthorisedPayment(
        { merchantAccount, reference, paymentReference: authorizationReference },
        options,
      ),
    (answer) =>
      accepted(answer, { reference, merchantAccount, payment: { reference: authorizationReference } }),
  );
}

/** Adyen knows no look-up; what may be paid with it tells only to a key that the merchant account is open to. */
async function checkCredentials({ sdk, config }: Adyen): Promise<CredentialsCheck> {
  const { merchantAccount } = config;
  const call = currentCall();
  try {
    paymentMethodsSchema.parse(await exchange(() => sdk.payments.paymentMethods({ merchantAccount })));
    return { type: 'accepted' };
  } catch (error) {
    const detail = error instanceof AdyenFailure ? `http_${error.status}` : detailOfFault(error, call);
    return { type: 'failed', detail };
  }
}
