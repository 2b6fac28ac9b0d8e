import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { httpCaller } from '../lib/http.ts';
import { BENCH_CARD } from './card.ts';

/** Terms of a sale that the demo merchant's policy sends to Stripe; both sides of every comparison use them. */
export const SALE = { amount: 1250, currency: 'USD' } as const;

const paymentSchema = z.object({ id: z.string(), status: z.string() });
const methodSchema = z.object({ id: z.string() });

export type Merchant = ReturnType<typeof createMerchant>;

/** A merchant with nothing but the public API. */
export function createMerchant(apiUrl: string, apiKey: string) {
  const { call, close } = httpCaller(apiUrl, { authorization: `Bearer ${apiKey}` });
  const post = (path: string, body: unknown) =>
    call('POST', path, { body, headers: { 'idempotency-key': randomUUID() } });
  const pay = async (body: Readonly<Record<string, unknown>>) => {
    const answer = await post('/v1/payments', body);
    if (answer.status !== 201 && answer.status !== 202) throw unexpected('POST /v1/payments', answer);
    return paymentSchema.parse(answer.body);
  };
  return {
    close,
    pay,
    async card(number: string = BENCH_CARD.number): Promise<string> {
      const answer = await post('/v1/payment_methods', { type: 'card', card: { ...BENCH_CARD, number } });
      if (answer.status !== 201) throw unexpected('POST /v1/payment_methods', answer);
      return methodSchema.parse(answer.body).id;
    },
    /** One synchronous payment. Anything but a success at once is an error: it would be another measurement. */
    async sale(paymentMethod: string): Promise<string> {
      const payment = await pay({ ...SALE, payment_method: paymentMethod });
      if (payment.status !== 'succeeded') throw new Error(`a sale ended ${payment.status}: ${payment.id}`);
      return payment.id;
    },
    async status(id: string): Promise<string> {
      const answer = await call('GET', `/v1/payments/${id}`);
      if (answer.status !== 200) throw unexpected('GET /v1/payments/…', answer);
      return paymentSchema.parse(answer.body).status;
    },
  };
}

function unexpected(what: string, answer: { readonly status: number; readonly body: unknown }): Error {
  return new Error(`${what} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}

/** A simulator's admin page, through which faults and webhooks are steered. */
export async function simulatorAdmin(
  adminUrl: string,
  method: 'POST' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<void> {
  const response = await fetch(`${adminUrl}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`simulator ${path}: ${response.status} ${await response.text()}`);
}
