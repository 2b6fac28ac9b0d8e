// Adyen, simulated: Checkout v72 over JSON, with asynchronous modifications and standard webhooks.
// This file reads a request and finds its endpoint; the endpoints live beside it. Nothing of the platform's
// Adyen adapter may be imported here, nor the other way round.
import { createHash, randomUUID } from 'node:crypto';
import {
  type ChallengeHost,
  type ChallengeRow,
  challenges,
  complete,
  runChallengeTask,
} from '../acs/challenge.ts';
import { resultOf } from '../acs/emv.ts';
import { challengePage } from '../acs/page.ts';
import { rowsByReference } from '../by-reference.ts';
import type { Kernel, Task, Transaction, WebhookRow } from '../kernel.ts';
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
  StoredAnswer,
} from '../provider.ts';
import { adyenSettler } from '../settlement/adyen.ts';
import { downloadReport } from '../settlement/adyen-reports.ts';
import type { Settler } from '../settlement/settler.ts';
import { parseTestFault } from '../test-values.ts';
import { challengedPayment } from './challenge.ts';
import { toMinor } from './currencies.ts';
import { errorAnswer } from './errors.ts';
import { lateSuccess } from './late.ts';
import { listPaymentMethods } from './methods.ts';
import { expire, failAfterwards, receiveModification, settleModification } from './modifications.ts';
import { notifyItem, renderWebhook } from './notifications.ts';
import { type ModificationType, type PaymentRow, payments } from './objects.ts';
import {
  type AdyenContext,
  authorise,
  captureAll,
  createPayment,
  finish,
  receiveResult,
  submitDetails,
} from './payments.ts';
import { type Json, object, string } from './request.ts';

const KEY_WINDOW_MS = 7 * 86_400_000;
const LONGEST_KEY = 64;
const BASE = /^(?:\/checkout)?\/v(?:6[89]|7\d)(\/.*)$/;
const PAYMENT_PATH = /^\/payments\/([^/]+)\/(captures|cancels|refunds|reversals)$/;

const MODIFICATIONS: Readonly<Record<string, { type: ModificationType; operation: Operation }>> = {
  captures: { type: 'capture', operation: 'capture' },
  cancels: { type: 'cancel', operation: 'void' },
  refunds: { type: 'refund', operation: 'refund' },
  reversals: { type: 'reversal', operation: 'void' },
};

interface Route {
  operation: Operation;
  payment: PaymentRow | undefined;
  run(tx: Transaction, body: Json): Answer;
}

function returnTo(row: PaymentRow | undefined, { returnToken }: ChallengeRow): string | null {
  if (row === undefined) return null;
  const back = new URL(row.returnUrl);
  back.searchParams.set('redirectResult', returnToken);
  return back.toString();
}

export const ADYEN_DEFAULTS = {
  apiKey: 'adyen_test_sandbox',
  webhookSecret: '5A4E44424F585F484D41435F4B45595F464F525F494E5445524C4F434B5F3031',
  merchantAccount: 'SandboxECOM',
};

export function createAdyen(kernel: Kernel, options: ProviderOptions): ProviderSimulator {
  return new Adyen(kernel, options);
}

class Adyen implements ProviderSimulator {
  readonly name = 'adyen';
  readonly idempotencyWindowMs = KEY_WINDOW_MS;
  readonly storesServerErrors = false;
  readonly publicUrl: () => string;
  readonly settler: Settler;
  readonly #ctx: AdyenContext;
  readonly #options: ProviderOptions;
  readonly #challenges: ChallengeHost;
  readonly #rows: (reference: string) => PaymentRow[];

  constructor(kernel: Kernel, options: ProviderOptions) {
    this.#ctx = { kernel, account: options.account, publicUrl: options.publicUrl };
    this.settler = adyenSettler(this.#ctx);
    this.#options = options;
    this.publicUrl = options.publicUrl;
    this.#challenges = {
      kernel,
      publicUrl: options.publicUrl,
      receiveResult: (tx, challenge, result) => receiveResult(this.#ctx, tx, challenge, result),
      returnTo: (tx, challenge) => returnTo(tx.get(payments, challenge.payment), challenge),
    };
    this.#rows = rowsByReference(kernel.store, payments);
  }

  receive(request: ApiRequest): Call | Answer {
    const { headers, method } = request;
    const { account, apiKey } = this.#options;
    const report = downloadReport({ kernel: this.#ctx.kernel, account, apiKey }, request);
    if (report !== undefined) return report;
    if (headers['x-api-key'] !== this.#options.apiKey) {
      return errorAnswer(401, '000', 'HTTP Status Response - Unauthorized', 'security');
    }
    const path = BASE.exec(request.path)?.[1];
    const notFound = errorAnswer(404, '000', 'Not Found');
    if (path === undefined || method !== 'POST') return notFound;
    const body = this.#parse(request.rawBody);
    if (body === undefined) return errorAnswer(400, '702', 'Unexpected input: the body is not a JSON object');
    const key = headers['idempotency-key'];
    if (typeof key === 'string' && key.length > LONGEST_KEY) {
      return errorAnswer(422, '702', `Idempotency key must be at most ${LONGEST_KEY} characters`);
    }
    const route = this.#route(path, body);
    if (route === undefined) return notFound;
    // Details name no merchant account; everything else does.
    if (path !== '/payments/details' && body.merchantAccount !== this.#options.account) {
      return errorAnswer(403, '901', 'Invalid Merchant Account', 'security');
    }
    return this.#call(path, body, route, typeof key === 'string' ? key : undefined);
  }

  #parse(rawBody: string): Json | undefined {
    try {
      return object(JSON.parse(rawBody));
    } catch {
      return undefined;
    }
  }

  #route(path: string, body: Json): Route | undefined {
    const ctx = this.#ctx;
    if (path === '/payments') {
      const run = (tx: Transaction, json: Json) => createPayment(ctx, tx, json);
      return { operation: 'authorize', payment: undefined, run };
    }
    if (path === '/payments/details') {
      const run = (tx: Transaction, json: Json) => submitDetails(ctx, tx, json);
      const payment = ctx.kernel.store.get(payments, challengedPayment(ctx.kernel.store, body) ?? '');
      return { operation: 'authorize', payment, run };
    }
    if (path === '/paymentMethods') {
      return { operation: 'lookup', payment: undefined, run: (_tx, json) => listPaymentMethods(json) };
    }
    if (path === '/cancels') {
      const paymentReference = string(body.paymentReference) ?? null;
      const asked = { type: 'technical_cancel' as const, payment: null, paymentReference };
      const payment = this.#rows(paymentReference ?? '').at(-1);
      return { operation: 'void', payment, run: (tx, json) => receiveModification(ctx, tx, json, asked) };
    }
    const [, id, verb] = PAYMENT_PATH.exec(path) ?? [];
    const modification = MODIFICATIONS[verb ?? ''];
    if (id === undefined || modification === undefined) return undefined;
    const payment = ctx.kernel.store.get(payments, id);
    const asked = { type: modification.type, payment: id, paymentReference: null };
    const run = (tx: Transaction, json: Json) => receiveModification(ctx, tx, json, asked);
    return { operation: modification.operation, payment, run };
  }

  #call(path: string, body: Json, route: Route, key: string | undefined): Call {
    const { operation, payment } = route;
    const fingerprint = this.#fingerprint(path, body);
    const asked = operation === 'authorize' ? body.reference : body.paymentReference;
    const holderName = string(object(body.paymentMethod)?.holderName);
    return {
      operation,
      ...(operation === 'lookup' ? {} : { money: this.#money(body, payment) }),
      reference: payment?.reference ?? string(asked) ?? null,
      testFault: parseTestFault(holderName) ?? payment?.testFault ?? undefined,
      idempotency: key === undefined ? undefined : { key, fingerprint },
      execute: (tx) => route.run(tx, body),
      ...(path === '/payments'
        ? { remember: () => ({ body: withoutCard(body), key: key ?? null, fingerprint }) }
        : {}),
    };
  }

  /** Keyed, so that it gives no card number away. */
  #fingerprint(path: string, body: Json): string {
    return createHash('sha256')
      .update(`${this.#options.apiKey}\n${path}\n${JSON.stringify(body)}`)
      .digest('hex');
  }

  #money(body: Json, payment: PaymentRow | undefined): ArrivedMoney {
    const amount = object(body.amount) ?? payment?.amount;
    const currency = string(amount?.currency) ?? null;
    const value = amount?.value;
    if (currency === null || typeof value !== 'number') return { amountMinor: null, currency };
    return { amountMinor: toMinor(value, currency) ?? null, currency };
  }

  headers(request: ApiRequest, _replayOf: StoredAnswer | undefined): Record<string, string> {
    const key = request.headers['idempotency-key'];
    return {
      'Content-Type': 'application/json;charset=utf-8',
      ...(typeof key === 'string' ? { 'Idempotency-Key': key } : {}),
    };
  }

  keyReused(): Answer {
    return errorAnswer(422, '704', 'request already processed or in progress', 'validation', {
      'transient-error': 'false',
    });
  }

  keyInUse(): Answer {
    return errorAnswer(409, '704', 'request already processed or in progress', 'validation', {
      'transient-error': 'true',
    });
  }

  serverError(status: number): Answer {
    if (status === 429) return errorAnswer(429, '000', 'Too many requests', 'internal');
    return errorAnswer(status, '000', 'Internal Server Error', 'internal');
  }

  runTask(task: Task, tx: Transaction): void {
    if (runChallengeTask(this.#challenges, task, tx)) return;
    const modification = String(task.payload.modification);
    const payment = String(task.payload.payment);
    const row = tx.get(payments, payment);
    const tasks: Record<string, () => void> = {
      notify: () => notifyItem(tx, task.payload.item),
      modify: () => settleModification(this.#ctx, tx, modification, this.#rows),
      capture_fails: () => failAfterwards(this.#ctx, tx, modification, 'capture'),
      refund_fails: () => failAfterwards(this.#ctx, tx, modification, 'refund'),
      refund_is_reversed: () => failAfterwards(this.#ctx, tx, modification, 'reversal'),
      expire: () => expire(this.#ctx, tx, payment),
      capture_all: () => row !== undefined && captureAll(tx, row),
      approve: () => row?.state === 'received' && authorise(this.#ctx, tx, row),
    };
    const run = tasks[task.type];
    if (run === undefined) throw new Error(`unknown task ${task.type}`);
    run();
  }

  renderWebhook(row: WebhookRow) {
    return renderWebhook(row, this.#options.webhookSecret);
  }

  page(request: ApiRequest, tx: Transaction) {
    return challengePage(this.#challenges, request, tx);
  }

  find(reference: string): PaymentRow[] {
    return this.#rows(reference);
  }

  authenticate(tx: Transaction, request: AuthenticateRequest): Authenticated | undefined {
    const { reference, outcome, reportDelayMs } = request;
    const waiting = this.#rows(reference).find(({ state }) => state === 'challenge');
    const row = tx.get(payments, waiting?.pspReference ?? '');
    if (row === undefined) return undefined;
    const challenge = tx.get(challenges, row.challenge ?? '');
    if (challenge !== undefined) {
      const done = complete(this.#challenges, tx, challenge, outcome, reportDelayMs);
      return done ? { returnTo: this.#challenges.returnTo(tx, challenge) } : undefined;
    }
    // A native challenge, on the merchant's own page.
    row.authentication = resultOf(row.card.scheme, outcome, randomUUID());
    finish(this.#ctx, tx, row);
    return { returnTo: null };
  }

  lateSuccess(tx: Transaction, request: LateSuccessRequest): LateSuccess {
    return lateSuccess(this.#ctx, tx, this.#rows(request.reference), request);
  }
}

/** What is kept of a request: everything but the cardholder's card. */
function withoutCard({ paymentMethod: _card, ...rest }: Json): Json {
  return rest;
}
