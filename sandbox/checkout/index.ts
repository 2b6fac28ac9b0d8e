// Checkout.com, simulated: payments and their actions over JSON, with asynchronous captures, voids and refunds.
// This file reads a request and finds its endpoint; the endpoints live beside it. Nothing of the platform's
// Checkout.com adapter may be imported here, nor the other way round.
import { randomUUID } from 'node:crypto';
import {
  type ChallengeHost,
  type ChallengeRow,
  challenges,
  complete,
  runChallengeTask,
} from '../acs/challenge.ts';
import { mayAuthorize } from '../acs/emv.ts';
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
} from '../provider.ts';
import { checkoutSettler } from '../settlement/checkout.ts';
import { answerReport } from '../settlement/checkout-reports.ts';
import type { Settler } from '../settlement/settler.ts';
import { parseTestFault } from '../test-values.ts';
import { type Asked, acceptAction, carryOut } from './actions.ts';
import { toMinor } from './currencies.ts';
import { errorAnswer, notFound } from './errors.ts';
import { notifyEvent, renderWebhook } from './events.ts';
import { lateSuccess } from './late.ts';
import { actions, type PaymentRow, payments } from './objects.ts';
import {
  type CheckoutContext,
  createPayment,
  expire,
  expireSession,
  receiveResult,
  redirectOf,
} from './payments.ts';
import { type Json, object, string } from './request.ts';
import { actionsOf, actionView, details, type Viewer } from './views.ts';

const KEY_WINDOW_MS = 86_400_000;
/** How far the list of payments by reference may be behind, before time scale. Invented: nothing is published. */
const LIST_LAG_MS = 10_000;
const LARGEST_PAGE = 100;
const PAYMENT_PATH = /^\/payments\/(pay_[a-z2-7]{26})(?:\/(actions|captures|voids|refunds))?$/;

const ACTIONS: Readonly<Record<string, { type: Asked; operation: Operation }>> = {
  captures: { type: 'Capture', operation: 'capture' },
  voids: { type: 'Void', operation: 'void' },
  refunds: { type: 'Refund', operation: 'refund' },
};

export const CHECKOUT_DEFAULTS = {
  apiKey: 'sk_sbox_sandbox',
  webhookSecret: 'cko-webhook-sandbox',
  merchantAccount: 'ent_sandbox',
};

export function createCheckout(kernel: Kernel, options: ProviderOptions): ProviderSimulator {
  return new Checkout(kernel, options);
}

class Checkout implements ProviderSimulator {
  readonly name = 'checkout';
  readonly idempotencyWindowMs = KEY_WINDOW_MS;
  readonly storesServerErrors = false;
  readonly forgetsServerErrors = true;
  readonly publicUrl: () => string;
  readonly settler: Settler;
  readonly #ctx: CheckoutContext;
  readonly #viewer: Viewer;
  readonly #options: ProviderOptions;
  readonly #challenges: ChallengeHost;
  readonly #rows: (reference: string) => PaymentRow[];

  constructor(kernel: Kernel, options: ProviderOptions) {
    const { account, publicUrl } = options;
    this.#ctx = { kernel, account, publicUrl };
    this.#viewer = { actionRows: () => kernel.store.values(actions), publicUrl };
    this.settler = checkoutSettler(this.#ctx);
    this.#options = options;
    this.publicUrl = publicUrl;
    this.#challenges = {
      kernel,
      publicUrl,
      receiveResult: (tx, challenge, result) => receiveResult(this.#ctx, tx, challenge, result),
      returnTo: (tx, challenge) => returnTo(tx.get(payments, challenge.payment), challenge),
    };
    this.#rows = rowsByReference(kernel.store, payments);
  }

  receive(request: ApiRequest): Call | Answer {
    const { headers, method, path } = request;
    const key = headers.authorization?.replace(/^Bearer\s+/i, '');
    if (key !== this.#options.apiKey) return errorAnswer(401, 'unauthorized');
    const report = answerReport(this.#ctx, request);
    if (report !== undefined) return report;
    if (method === 'GET') return this.#read(path, new URLSearchParams(request.query));
    if (method !== 'POST') return errorAnswer(404, 'resource_not_found');
    const body = parse(request.rawBody);
    if (body === undefined) return errorAnswer(400, 'request_malformed');
    return this.#write(path, body, headers['cko-idempotency-key']);
  }

  #read(path: string, query: URLSearchParams): Call | Answer {
    if (path === '/payments') {
      const reference = query.get('reference');
      if (reference === null) return errorAnswer(422, 'request_invalid', 'reference_required');
      return this.#lookup(reference, () => this.#list(reference, query));
    }
    const [, id = '', part] = PAYMENT_PATH.exec(path) ?? [];
    const reference = this.#ctx.kernel.store.get(payments, id)?.reference ?? null;
    if (part !== undefined && part !== 'actions') return errorAnswer(404, 'resource_not_found');
    return this.#lookup(reference, (tx) => {
      const row = tx.get(payments, id);
      if (row === undefined) throw notFound();
      if (part === undefined) return ok(details(this.#viewer, row, redirectOf(this.#ctx, row)));
      return ok(actionsOf(this.#viewer, id).map(actionView));
    });
  }

  #lookup(reference: string | null, execute: (tx: Transaction) => Answer): Call {
    const testFault = this.#rows(reference ?? '').at(-1)?.testFault ?? undefined;
    return { operation: 'lookup', reference, testFault, execute };
  }

  /** The list lags behind what a payment's own address says. */
  #list(reference: string, query: URLSearchParams): Answer {
    const [limit, skip] = [Number(query.get('limit') ?? 10), Number(query.get('skip') ?? 0)];
    if (!(limit >= 1 && limit <= LARGEST_PAGE && skip >= 0))
      return errorAnswer(422, 'request_invalid', 'limit_invalid');
    const visibleUntil = Date.now() - LIST_LAG_MS * this.#ctx.kernel.timeScale;
    const found = this.#rows(reference).filter(({ requestedAt }) => requestedAt <= visibleUntil);
    const page = found.reverse().slice(skip, skip + limit);
    const data = page.map((row) => details(this.#viewer, row, redirectOf(this.#ctx, row)));
    return ok({ limit, skip, total_count: found.length, data });
  }

  #write(path: string, body: Json, header: string | string[] | undefined): Call | Answer {
    const idempotency = typeof header === 'string' ? { key: header, fingerprint: '' } : undefined;
    if (path === '/payments') {
      const holderName = string(object(body.source)?.name);
      return {
        operation: 'authorize',
        money: this.#money(body, undefined),
        reference: string(body.reference) ?? null,
        testFault: parseTestFault(holderName),
        idempotency,
        execute: (tx) => createPayment(this.#ctx, tx, body),
        remember: () => ({ body: withoutCard(body), key: idempotency?.key ?? null, fingerprint: '' }),
      };
    }
    const [, id = '', part = ''] = PAYMENT_PATH.exec(path) ?? [];
    const action = ACTIONS[part];
    if (action === undefined) return errorAnswer(404, 'resource_not_found');
    const row = this.#ctx.kernel.store.get(payments, id);
    return {
      operation: action.operation,
      money: this.#money(body, row),
      reference: row?.reference ?? null,
      testFault: row?.testFault ?? undefined,
      idempotency,
      execute: (tx) => acceptAction(this.#ctx, tx, id, action.type, body),
    };
  }

  #money(body: Json, payment: PaymentRow | undefined): ArrivedMoney {
    const currency = string(body.currency) ?? payment?.currency ?? null;
    const amount = body.amount ?? payment?.amount;
    if (currency === null || typeof amount !== 'number') return { amountMinor: null, currency };
    return { amountMinor: toMinor(amount, currency) ?? null, currency };
  }

  headers(): Record<string, string> {
    return {
      'Content-Type': 'application/json; charset=utf-8',
      'Cko-Request-Id': randomUUID(),
      'Cko-Version': '3.98.1',
    };
  }

  /** Never asked: a key answers with what it answered first, whatever else it is sent with. */
  keyReused(): Answer {
    return errorAnswer(422, 'request_invalid', 'idempotency_key_invalid');
  }

  keyInUse(): Answer {
    return errorAnswer(429, 'too_many_requests', 'duplicate_request');
  }

  serverError(status: number): Answer {
    return errorAnswer(status, status === 429 ? 'too_many_requests' : 'internal_error');
  }

  runTask(task: Task, tx: Transaction): void {
    if (runChallengeTask(this.#challenges, task, tx)) return;
    const payment = String(task.payload.payment);
    const tasks: Record<string, () => void> = {
      notify: () => notifyEvent(tx, task.payload.event),
      act: () => carryOut(this.#ctx, tx, String(task.payload.action)),
      expire: () => expire(this.#ctx, tx, payment),
      session_expires: () => expireSession(this.#ctx, tx, payment),
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
    const waiting = this.#rows(reference).find(({ state }) => state === 'pending');
    const challenge = tx.get(challenges, waiting?.challenge ?? '');
    if (challenge === undefined) return undefined;
    const done = complete(this.#challenges, tx, challenge, outcome, reportDelayMs);
    return done ? { returnTo: this.#challenges.returnTo(tx, challenge) } : undefined;
  }

  lateSuccess(tx: Transaction, request: LateSuccessRequest): LateSuccess {
    return lateSuccess(this.#ctx, tx, this.#rows(request.reference), request);
  }
}

/** Checkout.com sends the browser on by what it knows then; either address only says which session it was. */
function returnTo(row: PaymentRow | undefined, { result }: ChallengeRow): string | null {
  const ended = row?.state === 'declined' || row?.state === 'canceled';
  const failed = ended || (result !== null && !mayAuthorize(result));
  const url = failed ? row?.failureUrl : row?.successUrl;
  if (row === undefined || url == null) return null;
  const back = new URL(url);
  back.searchParams.set('cko-session-id', row.sessionId);
  back.searchParams.set('cko-payment-id', row.id);
  return back.toString();
}

function ok(body: unknown): Answer {
  return { status: 200, body, store: false };
}

function parse(rawBody: string): Json | undefined {
  try {
    return object(JSON.parse(rawBody === '' ? '{}' : rawBody));
  } catch {
    return undefined;
  }
}

/** What is kept of a request: everything but the cardholder's card. */
function withoutCard({ source: _card, ...rest }: Json): Json {
  return rest;
}
