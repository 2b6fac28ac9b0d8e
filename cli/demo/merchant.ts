import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

const authenticationSchema = z.object({
  status: z.string(),
  request: z.string(),
  trans_status: z.string().nullable(),
  trans_status_reason: z.string().nullable(),
  challenge_cancel: z.string().nullable(),
  eci: z.string().nullable(),
  version: z.string().nullable(),
  liability_shift: z.boolean().nullable(),
  exemption: z.string().nullable(),
});

/** What the demo reads of a payment. The API sends more; nothing here relies on it. */
const paymentSchema = z.object({
  id: z.string(),
  status: z.string(),
  amount: z.number(),
  currency: z.string(),
  amount_capturable: z.number(),
  amount_captured: z.number(),
  amount_refunded: z.number(),
  attempts: z.array(
    z.object({
      provider: z.string(),
      status: z.string(),
      decline: z.object({ reason: z.string() }).nullable(),
      authentication: authenticationSchema.nullable(),
    }),
  ),
  next_action: z
    .object({ redirect_to_url: z.object({ url: z.string(), return_url: z.string().nullable() }) })
    .nullable(),
  failure: z.object({ code: z.string(), decline: z.object({ reason: z.string() }).nullable() }).nullable(),
});
export type PublicPayment = z.infer<typeof paymentSchema>;

const refundSchema = z.object({
  id: z.string(),
  payment: z.string(),
  amount: z.number(),
  currency: z.string(),
  status: z.string(),
  failure: z.object({ code: z.string() }).nullable(),
});
export type PublicRefund = z.infer<typeof refundSchema>;

const timelineSchema = z.object({
  data: z.array(z.object({ type: z.string(), id: z.string(), details: z.record(z.string(), z.unknown()) })),
});
export type TimelineEntry = z.infer<typeof timelineSchema>['data'][number];

const eventsSchema = z.object({
  data: z.array(z.object({ id: z.string(), payment: z.string(), sequence: z.number() })),
});
export type PublicEvent = z.infer<typeof eventsSchema>['data'][number];

export interface TestCard {
  readonly number: string;
  /** Adyen's published holder names steer its answer; the sandboxes take faults by it. */
  readonly holder?: string;
}

export interface PayBody {
  readonly amount: number;
  readonly currency: string;
  readonly capture_method?: 'automatic' | 'manual';
  readonly confirm?: boolean;
  readonly payment_method?: string;
  readonly return_url?: string;
  readonly three_ds?: { readonly request?: 'any' | 'challenge'; readonly exemption?: 'low_value' };
  readonly setup_future_usage?: 'off_session';
  readonly off_session?: true;
  /** From where the payer buys. */
  readonly billing_country?: string;
}

/** The merchant's shop, which the demo doesn't run: where payers' browsers end. In test mode it needs no registration. */
export const SHOP = 'http://localhost/interlock-demo-shop/';

export interface Answer {
  readonly httpStatus: number;
  /** Also where the answer is an error that carries the payment. */
  readonly payment: PublicPayment | undefined;
  readonly errorCode: string | undefined;
  readonly replayed: boolean;
}

export interface RefundBody {
  /** Left out: all that may still be refunded. */
  readonly amount?: number;
  readonly currency?: string;
}

export interface RefundAnswer {
  readonly httpStatus: number;
  readonly refund: PublicRefund | undefined;
  readonly errorCode: string | undefined;
  readonly replayed: boolean;
}

export interface PayOptions {
  readonly key?: string;
  /** Seconds that the answer may take (`Prefer: wait=`). */
  readonly waitSeconds?: number;
}

/** A merchant's own program: it knows the API's URL, its key, and nothing else of Interlock. */
export interface Merchant {
  card(card: TestCard): Promise<string>;
  pay(body: PayBody, options?: PayOptions): Promise<Answer>;
  command(paymentId: string, verb: 'confirm' | 'capture' | 'void', body?: object): Promise<Answer>;
  refund(paymentId: string, body: RefundBody, options?: PayOptions): Promise<RefundAnswer>;
  cancelRefund(refundId: string): Promise<RefundAnswer>;
  payment(paymentId: string): Promise<PublicPayment>;
  /** Oldest first. */
  refunds(paymentId: string): Promise<readonly PublicRefund[]>;
  timeline(paymentId: string): Promise<readonly TimelineEntry[]>;
  /** In their order. */
  events(paymentId: string): Promise<readonly PublicEvent[]>;
  /** Has events sent there, until it is removed. */
  listenAt(url: string): Promise<{ readonly secret: string; remove(): Promise<void> }>;
}

export function freshKey(): string {
  return `demo-${randomBytes(12).toString('hex')}`;
}

/** As patient as a merchant's own program would be. */
const COMMAND_PATIENCE_MS = 20_000;

export function createMerchant(apiUrl: string, apiKey: string): Merchant {
  const call = async (method: string, path: string, body?: object, options: PayOptions = {}) => {
    const response = await fetch(`${apiUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(options.waitSeconds === undefined ? {} : { prefer: `wait=${options.waitSeconds}` }),
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'idempotency-key': options.key ?? freshKey() }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { response, json: text === '' ? undefined : (JSON.parse(text) as unknown) };
  };
  const post = async (path: string, body: object, options?: PayOptions) => {
    const { response, json } = await call('POST', path, body, options);
    const problem = problemSchema.safeParse(json);
    return {
      json: problem.success ? problem.data.error.payment : json,
      httpStatus: response.status,
      errorCode: problem.success ? problem.data.error.code : undefined,
      replayed: response.headers.get('idempotent-replayed') === 'true',
    };
  };
  const command = async (path: string, body: object, options?: PayOptions): Promise<Answer> => {
    const { json, ...answer } = await post(path, body, options);
    return { ...answer, payment: paymentSchema.safeParse(json).data };
  };
  const refundCommand = async (path: string, body: object, options?: PayOptions): Promise<RefundAnswer> => {
    const { json, ...answer } = await post(path, body, options);
    return { ...answer, refund: refundSchema.safeParse(json).data };
  };
  const read = async <T>(schema: z.ZodType<T>, path: string): Promise<T> => {
    const { response, json } = await call('GET', path);
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}`);
    return schema.parse(json);
  };
  return {
    async card({ number, holder }) {
      const card = { number, exp_month: 3, exp_year: 2030, cvc: '737' };
      const { response, json } = await call('POST', '/v1/payment_methods', {
        type: 'card',
        card: holder === undefined ? card : { ...card, holder_name: holder },
      });
      if (!response.ok) throw new Error(`the test card was not stored: ${response.status}`);
      return z.object({ id: z.string() }).parse(json).id;
    },
    pay: (body, options) => command('/v1/payments', body, options),
    command(paymentId, verb, body = {}) {
      const key = freshKey();
      // Nobody knows whether it was heard: the same again, under the same key.
      return eventually(
        () => command(`/v1/payments/${paymentId}/${verb}`, body, { key }),
        ({ errorCode }) => errorCode !== 'outcome_unknown',
        COMMAND_PATIENCE_MS,
      );
    },
    refund: (paymentId, body, options) => refundCommand(`/v1/payments/${paymentId}/refunds`, body, options),
    cancelRefund: (refundId) => refundCommand(`/v1/refunds/${refundId}/cancel`, {}),
    async refunds(paymentId) {
      const list = await read(
        z.object({ data: z.array(refundSchema) }),
        `/v1/refunds?payment=${paymentId}&limit=100`,
      );
      return list.data.toReversed();
    },
    payment: (paymentId) => read(paymentSchema, `/v1/payments/${paymentId}`),
    async timeline(paymentId) {
      return (await read(timelineSchema, `/v1/payments/${paymentId}/timeline`)).data;
    },
    ...listening(call, read),
  };
}

type Call = (method: string, path: string, body?: object) => Promise<{ response: Response; json: unknown }>;
type Read = <T>(schema: z.ZodType<T>, path: string) => Promise<T>;

function listening(call: Call, read: Read): Pick<Merchant, 'events' | 'listenAt'> {
  return {
    async events(paymentId) {
      return (await read(eventsSchema, `/v1/events?payment=${paymentId}&limit=100`)).data;
    },
    async listenAt(url) {
      const { response, json } = await call('POST', '/v1/webhook_endpoints', { url });
      if (!response.ok)
        throw new Error(`the endpoint was refused: ${response.status} ${JSON.stringify(json)}`);
      const { id, secret } = z.object({ id: z.string(), secret: z.string() }).parse(json);
      return {
        secret,
        async remove() {
          await call('POST', `/v1/webhook_endpoints/${id}/delete`, {});
        },
      };
    },
  };
}

const problemSchema = z.object({ error: z.object({ code: z.string(), payment: z.unknown().optional() }) });

/** Asks until the answer is `done`, or the time is up; gives the last answer either way. */
export async function eventually<T>(
  ask: () => Promise<T>,
  done: (answer: T) => boolean,
  timeoutMs: number,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (done(answer) || Date.now() >= deadline) return answer;
    await delay(50);
  }
}
