// Stripe, simulated: v1 payment intents, charges, refunds and events over form-encoded HTTP.
// This file reads a request and finds its endpoint; the endpoints live beside it. Nothing of the platform's
// Stripe adapter may be imported here, nor the other way round.
import { type ChallengeHost, challenges, complete, runChallengeTask } from '../acs/challenge.ts';
import { challengePage } from '../acs/page.ts';
import { rowsByReference } from '../by-reference.ts';
import type { Kernel, Transaction } from '../kernel.ts';
import type {
  Answer,
  ApiRequest,
  ArrivedMoney,
  Authenticated,
  AuthenticateRequest,
  Call,
  LateSuccess,
  LateSuccessRequest,
  Operation,
  ProviderOptions,
  ProviderSimulator,
} from '../provider.ts';
import type { Settler } from '../settlement/settler.ts';
import { stripeSettler } from '../settlement/stripe.ts';
import { finishRun } from '../settlement/stripe-reports.ts';
import { parseTestFault } from '../test-values.ts';
import { cancel, receiveResult, type StripeContext } from './authorize.ts';
import { testFaultOf } from './cards.ts';
import { toMinor } from './currencies.ts';
import { ENDPOINTS, type Endpoint } from './endpoints.ts';
import { errorAnswer } from './errors.ts';
import { API_VERSION, renderWebhook } from './events.ts';
import { child, type Form, flag, metadataOf, parseForm, text } from './form.ts';
import { fingerprintOf } from './intents.ts';
import { lateSuccess } from './late.ts';
import { type IntentRow, intents, referenceIn } from './objects.ts';
import { settleRefund } from './refunds.ts';

const KEY_WINDOW_MS = 86_400_000;
const LONGEST_KEY = 255;
const SEARCHED_REFERENCE = /metadata\[[^\]]+\]\s*:\s*(["'])(.+?)\1/;

/** Stripe tells the merchant's page which intent it is about, and nothing of how it ended. */
function returnTo(row: IntentRow | undefined): string | null {
  if (row === undefined || row.returnUrl === null) return null;
  const back = new URL(row.returnUrl);
  back.searchParams.set('payment_intent', row.intent.id);
  back.searchParams.set('payment_intent_client_secret', String(row.intent.client_secret));
  return back.toString();
}

export const STRIPE_DEFAULTS = {
  apiKey: 'sk_test_sandbox',
  webhookSecret: 'whsec_sandbox',
  merchantAccount: 'acct_sandbox',
};

export function createStripe(kernel: Kernel, options: ProviderOptions): ProviderSimulator {
  return new Stripe(kernel, options);
}

class Stripe implements ProviderSimulator {
  readonly name = 'stripe';
  readonly idempotencyWindowMs = KEY_WINDOW_MS;
  readonly storesServerErrors = true;
  readonly publicUrl: () => string;
  readonly ctx: StripeContext;
  readonly settler: Settler;
  readonly #options: ProviderOptions;
  readonly #challenges: ChallengeHost;
  readonly #rows: (reference: string) => IntentRow[];

  constructor(kernel: Kernel, options: ProviderOptions) {
    this.ctx = { kernel, account: options.account, publicUrl: options.publicUrl };
    this.settler = stripeSettler(this.ctx);
    this.#challenges = {
      kernel,
      publicUrl: options.publicUrl,
      receiveResult: (tx, challenge, result) => receiveResult(this.ctx, tx, challenge, result),
      returnTo: (tx, { payment }) => returnTo(tx.get(intents, payment)),
    };
    this.#options = options;
    this.publicUrl = options.publicUrl;
    this.#rows = rowsByReference(kernel.store, intents);
  }

  receive(request: ApiRequest): Call | Answer {
    const refused = this.#authenticate(request);
    if (refused !== undefined) return refused;
    const endpoint = ENDPOINTS.find(
      ({ method, path }) => method === request.method && path.test(request.path),
    );
    if (endpoint === undefined) {
      const message = `Unrecognized request URL (${request.method}: ${request.path}).`;
      return errorAnswer(404, { type: 'invalid_request_error', message });
    }
    const form = parseForm(request.method === 'GET' ? request.query : request.rawBody);
    const key = request.headers['idempotency-key'];
    if (typeof key === 'string' && key.length > LONGEST_KEY) {
      const message = `Idempotency keys must be ${LONGEST_KEY} characters or less.`;
      return errorAnswer(400, { type: 'idempotency_error', message });
    }
    const id = endpoint.path.exec(request.path)?.[1] ?? '';
    return this.#call(request, endpoint, form, id, typeof key === 'string' ? key : undefined);
  }

  #call(request: ApiRequest, endpoint: Endpoint, form: Form, id: string, key: string | undefined): Call {
    const row = this.#rowFor(form, id);
    const { operation, moves } = this.#moves(endpoint, form, id);
    const reference = row?.reference ?? referenceIn(metadataOf(form));
    const body = JSON.stringify(form);
    return {
      operation,
      ...(moves ? { money: this.#money(form, row) } : {}),
      reference,
      testFault: this.#testFault(form, row),
      idempotency:
        key === undefined || request.method !== 'POST'
          ? undefined
          : { key, fingerprint: fingerprintOf(this.#options.apiKey, request.method, request.path, body) },
      execute: (tx) => endpoint.run(this.ctx, tx, form, id),
      ...(operation !== 'authorize' || id !== ''
        ? {}
        : {
            remember: () => ({
              form: { ...form, payment_method_data: null, payment_method: 'pm_card_visa' },
              key: key ?? null,
              fingerprint: fingerprintOf(this.#options.apiKey, request.method, request.path, body),
            }),
          }),
    };
  }

  #rowFor(form: Form, id: string): IntentRow | undefined {
    const { store } = this.ctx.kernel;
    const named = id === '' ? text(form, 'payment_intent') : id;
    if (named !== undefined) return store.get(intents, named);
    // A search names the payment by its metadata: faults on look-ups can aim at it too.
    const searched = SEARCHED_REFERENCE.exec(text(form, 'query') ?? '')?.[2];
    return searched === undefined ? undefined : this.#rows(searched).at(-1);
  }

  /** An intent created without confirmation moves no money. */
  #moves(endpoint: Endpoint, form: Form, id: string): { operation: Operation; moves: boolean } {
    const { operation } = endpoint;
    if (operation === 'authorize' && id === '' && flag(form, 'confirm') !== true)
      return { operation: 'other', moves: false };
    return { operation, moves: operation !== 'lookup' && operation !== 'other' };
  }

  #money(form: Form, row: IntentRow | undefined): ArrivedMoney {
    const currency = (text(form, 'currency') ?? row?.intent.currency)?.toUpperCase() ?? null;
    const held = row === undefined ? undefined : row.intent.amount_capturable || row.intent.amount_received;
    const asked = text(form, 'amount') ?? text(form, 'amount_to_capture');
    const amount = asked === undefined ? (held === 0 ? row?.intent.amount : held) : Number(asked);
    const valid = currency !== null && amount !== undefined && Number.isInteger(amount);
    return { amountMinor: valid ? toMinor(amount, currency) : null, currency };
  }

  #testFault(form: Form, row: IntentRow | undefined) {
    const inline = child(child(form, 'payment_method_data'), 'billing_details');
    return parseTestFault(text(inline, 'name')) ?? testFaultOf(row?.card ?? null);
  }

  #authenticate({ headers }: ApiRequest): Answer | undefined {
    const [scheme, credential = ''] = (headers.authorization ?? '').split(' ');
    const basic = scheme?.toLowerCase() === 'basic';
    const key = basic ? Buffer.from(credential, 'base64').toString().replace(/:$/, '') : credential;
    if (key === this.#options.apiKey) return undefined;
    const message =
      key === ''
        ? 'You did not provide an API key. Provide it in the Authorization header, using Bearer auth.'
        : `Invalid API Key provided: ${key.slice(0, 8)}****${key.slice(-4)}`;
    return errorAnswer(401, { type: 'invalid_request_error', message });
  }

  headers(request: ApiRequest, replayOf: { requestId: string } | undefined): Record<string, string> {
    const key = request.headers['idempotency-key'];
    const version = request.headers['stripe-version'];
    return {
      'Content-Type': 'application/json',
      'Request-Id': request.requestId,
      'Stripe-Version': typeof version === 'string' ? version : API_VERSION,
      ...(typeof key === 'string' ? { 'Idempotency-Key': key } : {}),
      ...(replayOf === undefined
        ? {}
        : { 'Idempotent-Replayed': 'true', 'Original-Request': replayOf.requestId }),
    };
  }

  keyReused(): Answer {
    const message =
      'Keys for idempotent requests can only be used with the same parameters they were first used with.';
    return errorAnswer(400, { type: 'idempotency_error', message });
  }

  keyInUse(): Answer {
    const message = 'There is currently another in-progress request using this Idempotency Key.';
    return errorAnswer(409, { type: 'idempotency_error', code: 'idempotency_key_in_use', message });
  }

  serverError(status: number): Answer {
    if (status === 429) {
      const message = 'Too many requests hit the API too quickly.';
      return errorAnswer(429, { type: 'invalid_request_error', code: 'rate_limit', message });
    }
    return errorAnswer(status, { type: 'api_error', message: 'An unknown error occurred.' });
  }

  runTask(task: Parameters<ProviderSimulator['runTask']>[0], tx: Transaction): void {
    if (runChallengeTask(this.#challenges, task, tx) || finishRun(this.ctx, tx, task)) return;
    if (task.type !== 'expire') {
      settleRefund(tx, task);
      return;
    }
    const row = tx.get(intents, String(task.payload.intent));
    if (row?.intent.status === 'requires_capture') cancel(tx, row, 'automatic', 'expired');
  }

  renderWebhook(row: Parameters<ProviderSimulator['renderWebhook']>[0]) {
    return renderWebhook(this.ctx.kernel, row, this.#options.webhookSecret);
  }

  page(request: ApiRequest, tx: Transaction) {
    return challengePage(this.#challenges, request, tx);
  }

  find(reference: string): IntentRow['intent'][] {
    return this.#rows(reference).map((row) => row.intent);
  }

  authenticate(tx: Transaction, request: AuthenticateRequest): Authenticated | undefined {
    const { reference, outcome, reportDelayMs } = request;
    const waiting = this.#rows(reference).find((row) => row.intent.status === 'requires_action');
    const challenge = tx.get(challenges, waiting?.challenge ?? '');
    if (challenge === undefined) return undefined;
    const done = complete(this.#challenges, tx, challenge, outcome, reportDelayMs);
    return done ? { returnTo: this.#challenges.returnTo(tx, challenge) } : undefined;
  }

  lateSuccess(tx: Transaction, request: LateSuccessRequest): LateSuccess {
    return lateSuccess(this.ctx, tx, this.#rows(request.reference), request);
  }
}
