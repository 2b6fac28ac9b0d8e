import { AsyncLocalStorage } from 'node:async_hooks';
import axios, { AxiosError, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import Payments from 'checkout-sdk-node/dist/api/payments/payments.js';
import Reports from 'checkout-sdk-node/dist/api/reports/reports.js';
import { CURRENCIES } from 'checkout-sdk-node/dist/config.js';
import { z } from 'zod';
import { agentFor, parsedJson, sendHttp } from '../transport/index.ts';
import type { CheckoutConfig } from './config.ts';

/** An answer other than 2xx. Holds what the mapping reads and nothing of the answer's free text. */
export class CheckoutFailure extends Error {
  override readonly name = 'CheckoutFailure';
  readonly status: number;
  /** `error_type`; undefined where the body is not an error of the API's own shape: a gateway may have answered. */
  readonly errorType: string | undefined;
  readonly errorCodes: readonly string[];

  constructor(status: number, errorType: string | undefined, errorCodes: readonly string[]) {
    super(`Checkout.com answered ${status}`);
    this.status = status;
    this.errorType = errorType;
    this.errorCodes = errorCodes;
  }
}

/** Every error of the API names its request and its type; codes come where there is something to say. */
const errorBody = z.object({
  request_id: z.string().min(1),
  error_type: z.string().min(1),
  error_codes: z.array(z.string()).nullish(),
});

/** Ids and references, which the SDK puts into addresses as they are. */
export const WORD = /^\w{1,80}$/;

/** One call of the SDK, and what came of it on the wire. */
interface Sending {
  answer?: { readonly status: number; readonly body: string };
}

const sendings = new AsyncLocalStorage<Sending>();
const plain = axios.getAdapter(axios.defaults.adapter);

/**
 * The SDK calls axios' default instance and hands it an agent for https only: no agent for http, redirects followed,
 * proxies of the environment used. So the default adapter is ours, which sends what the SDK's own calls (made within
 * `callSdk`) have made up through our transport, and leaves everybody else's requests to axios.
 */
axios.defaults.adapter = (config) => {
  const sending = sendings.getStore();
  return sending === undefined ? plain(config) : sendOurselves(config, sending);
};

async function sendOurselves(config: InternalAxiosRequestConfig, sending: Sending): Promise<AxiosResponse> {
  const { url = '', method = 'get', headers, data } = config;
  const sent = typeof data === 'string' ? data : '';
  const plainHeaders = Object.entries(headers.toJSON()).filter(([, value]) => value != null);
  const {
    status,
    body,
    headers: received,
  } = await sendHttp(
    new URL(url),
    {
      method: method.toUpperCase(),
      headers: { ...Object.fromEntries(plainHeaders), 'Content-Length': Buffer.byteLength(sent) },
    },
    sent,
  );
  sending.answer = { status, body };
  const flat = Object.fromEntries(Object.entries(received).map(([name, value]) => [name, String(value)]));
  const response: AxiosResponse = { data: body, status, statusText: '', headers: flat, config };
  if (status >= 200 && status < 300) return response;
  throw new AxiosError('not a success', AxiosError.ERR_BAD_RESPONSE, config, undefined, response);
}

/** The SDK refuses to send any other. */
export const SUPPORTED_CURRENCIES: ReadonlySet<string> = new Set(Object.keys(CURRENCIES));

/** The two APIs used. */
export interface CheckoutServices {
  readonly payments: Payments;
  readonly reports: Reports;
}

/**
 * The SDK's classes without its `Checkout`, which lets variables of the environment (`CKO_SECRET_KEY`) stand above the key
 * that it is given: here every account has its own.
 */
export function checkoutServices({ baseUrl, apiKey }: CheckoutConfig): CheckoutServices {
  const config = {
    host: baseUrl.origin,
    sk: `Bearer ${apiKey}`,
    httpClient: 'axios',
    // Never reached: the call's total deadline ends everything long before.
    timeout: 600_000,
    agent: agentFor(baseUrl),
    headers: {},
  };
  return { payments: new Payments(config), reports: new Reports(config) };
}

/**
 * Makes one call of the SDK. Whether it failed is told by the answer itself and not by the SDK's errors, some of which are
 * named by what their text happens to say.
 */
export async function callSdk(run: () => Promise<unknown>): Promise<unknown> {
  const sending: Sending = {};
  try {
    return await sendings.run(sending, run);
  } catch (error) {
    const { answer } = sending;
    if (answer === undefined || (answer.status >= 200 && answer.status < 300)) throw error;
    const told = errorBody.safeParse(parsedJson(answer.body)).data;
    throw new CheckoutFailure(answer.status, told?.error_type, told?.error_codes ?? []);
  }
}
