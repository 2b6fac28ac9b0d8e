// AcmePay, simulated: a small JSON API with 3DS by redirect and signed webhooks. This file reads a request and
// finds its endpoint; what happens to payments is in payments.ts. Nothing of the platform's adapter may be
// imported here, nor the other way round: a simulator that shares the adapter's code proves nothing.
import { createHash } from 'node:crypto';
import {
  type ChallengeHost,
  challenges,
  complete,
  runChallengeTask,
} from '../../../../sandbox/acs/challenge.ts';
import { challengePage } from '../../../../sandbox/acs/page.ts';
import type { Kernel, Task, Transaction, WebhookRow } from '../../../../sandbox/kernel.ts';
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
} from '../../../../sandbox/provider.ts';
import { parseTestFault } from '../../../../sandbox/test-values.ts';
import { renderWebhook } from './events.ts';
import { lateSuccess } from './late.ts';
import { describeOperation, type OperationType, operations, type PaymentRow, payments } from './objects.ts';
import { type Context, createPayment, expire, operate, receiveResult, shown } from './payments.ts';
import { errorAnswer, type Json, object, string } from './request.ts';

const KEY_WINDOW_MS = 86_400_000;
const PATH = /^\/v1\/payments(?:\/([^/]+)(?:\/(captures|voids|refunds|operations))?)?$/;
const OPERATIONS: Readonly<Record<string, OperationType>> = {
  captures: 'capture',
  voids: 'void',
  refunds: 'refund',
};

export const ACME_PAY_DEFAULTS = {
  apiKey: 'acme_pay_test_sandbox',
  webhookSecret: 'acme_pay_webhook_sandbox',
  merchantAccount: 'AcmePaySandbox',
};

export function createAcmePay(kernel: Kernel, options: ProviderOptions): ProviderSimulator {
  return new AcmePay(kernel, options);
}

/** Where the payer's browser goes back to: it names the payment, and says nothing of how it ended. */
function returnTo(row: PaymentRow | undefined): string | null {
  if (row === undefined || row.returnUrl === null) return null;
  const back = new URL(row.returnUrl);
  back.searchParams.set('payment', row.id);
  return back.toString();
}

interface Asked {
  readonly request: ApiRequest;
  readonly id: string | undefined;
  readonly verb: string | undefined;
}

class AcmePay implements ProviderSimulator {
  readonly name = 'acme-pay';
  readonly idempotencyWindowMs = KEY_WINDOW_MS;
  readonly storesServerErrors = false;
  readonly forgetsServerErrors = true;
  readonly publicUrl: () => string;
  readonly #ctx: Context;
  readonly #options: ProviderOptions;
  readonly #challenges: ChallengeHost;

  constructor(kernel: Kernel, options: ProviderOptions) {
    this.#ctx = { kernel, account: options.account, publicUrl: options.publicUrl };
    this.#options = options;
    this.publicUrl = options.publicUrl;
    this.#challenges = {
      kernel,
      publicUrl: options.publicUrl,
      receiveResult: (tx, challenge, result) => receiveResult(this.#ctx, tx, challenge, result),
      returnTo: (tx, { payment }) => returnTo(tx.get(payments, payment)),
    };
  }

  receive(request: ApiRequest): Call | Answer {
    if (request.headers.authorization !== `Bearer ${this.#options.apiKey}`)
      return errorAnswer(401, 'unauthorized');
    const [matched, id, verb] = PATH.exec(request.path) ?? [];
    if (matched === undefined) return errorAnswer(404, 'no_such_endpoint');
    const asked = { request, id: id === undefined ? undefined : decodeURIComponent(id), verb };
    if (request.method === 'GET') return this.#read(asked);
    const body = parse(request.rawBody);
    if (body === undefined) return errorAnswer(400, 'not_json');
    return this.#write(asked, body) ?? errorAnswer(404, 'no_such_endpoint');
  }

  #read({ request, id, verb }: Asked): Call {
    const { store } = this.#ctx.kernel;
    const reference = new URLSearchParams(request.query).get('reference');
    const row = store.get(payments, id ?? '');
    const found = (body: unknown): Answer => ({ status: 200, body, store: false });
    const execute = (): Answer => {
      if (id === undefined) {
        return found({ data: this.find(reference ?? ''), has_more: false });
      }
      if (row === undefined) return errorAnswer(404, 'no_such_payment');
      if (verb === undefined) return found(shown(this.#ctx, row));
      const made = store.values(operations).filter(({ payment }) => payment === id);
      return found({ data: made.map(describeOperation), has_more: false });
    };
    return { operation: 'lookup', reference: row?.reference ?? reference, execute };
  }

  #write({ request, id, verb }: Asked, body: Json): Call | undefined {
    const type = OPERATIONS[verb ?? ''];
    if (id !== undefined && type === undefined) return undefined;
    const row = this.#ctx.kernel.store.get(payments, id ?? '');
    const operation: Operation = type ?? 'authorize';
    const key = string(request.headers['idempotency-key']);
    const fingerprint = this.#fingerprint(request);
    const { card, ...rest } = body;
    return {
      operation,
      money: money(body, row),
      reference: row?.reference ?? string(body.reference) ?? null,
      testFault: parseTestFault(string(object(card)?.holder_name)) ?? row?.testFault ?? undefined,
      idempotency: key === undefined ? undefined : { key, fingerprint },
      execute: (tx) =>
        id === undefined || type === undefined
          ? createPayment(this.#ctx, tx, body)
          : operate(this.#ctx, tx, { type, payment: id, body }),
      // Everything but the cardholder's card.
      ...(type === undefined ? { remember: () => ({ body: rest, key: key ?? null, fingerprint }) } : {}),
    };
  }

  /** Keyed, so that it gives no card number away. */
  #fingerprint({ path, rawBody }: ApiRequest): string {
    return createHash('sha256').update(`${this.#options.apiKey}\n${path}\n${rawBody}`).digest('hex');
  }

  headers(request: ApiRequest): Record<string, string> {
    return { 'Content-Type': 'application/json', 'Request-Id': request.requestId };
  }

  keyReused(): Answer {
    return errorAnswer(422, 'idempotency_key_reused');
  }

  keyInUse(): Answer {
    return errorAnswer(409, 'idempotency_key_in_use');
  }

  serverError(status: number): Answer {
    return errorAnswer(status, status === 429 ? 'too_many_requests' : 'internal_error');
  }

  runTask(task: Task, tx: Transaction): void {
    if (!runChallengeTask(this.#challenges, task, tx)) expire(this.#ctx, tx, String(task.payload.payment));
  }

  renderWebhook(row: WebhookRow) {
    return renderWebhook(row, this.#options.webhookSecret);
  }

  page(request: ApiRequest, tx: Transaction) {
    return challengePage(this.#challenges, request, tx);
  }

  find(reference: string): unknown[] {
    return this.#rows(reference).map((row) => shown(this.#ctx, row));
  }

  #rows(reference: string): PaymentRow[] {
    return this.#ctx.kernel.store.values(payments).filter((row) => row.reference === reference);
  }

  authenticate(tx: Transaction, request: AuthenticateRequest): Authenticated | undefined {
    const { reference, outcome, reportDelayMs } = request;
    const waiting = this.#rows(reference).find(({ status }) => status === 'requires_action');
    const challenge = tx.get(challenges, waiting?.challenge ?? '');
    if (challenge === undefined) return undefined;
    const done = complete(this.#challenges, tx, challenge, outcome, reportDelayMs);
    return done ? { returnTo: this.#challenges.returnTo(tx, challenge) } : undefined;
  }

  lateSuccess(tx: Transaction, request: LateSuccessRequest): LateSuccess {
    return lateSuccess(this.#ctx, tx, this.#rows(request.reference), request);
  }
}

function parse(rawBody: string): Json | undefined {
  try {
    return object(JSON.parse(rawBody));
  } catch {
    return undefined;
  }
}

/** What a request asks to move: as it says, or all that the payment is about. */
function money(body: Json, row: PaymentRow | undefined): ArrivedMoney {
  const amount = body.amount ?? row?.amount;
  const currency = string(body.currency) ?? row?.currency ?? null;
  return { amountMinor: Number.isSafeInteger(amount) ? Number(amount) : null, currency };
}
