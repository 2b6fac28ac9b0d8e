import { AsyncLocalStorage } from 'node:async_hooks';
import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import axios, { AxiosError, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import Payments from 'checkout-sdk-node/dist/api/payments/payments.js';
import Reports from 'checkout-sdk-node/dist/api/reports/reports.js';
import { CURRENCIES } from 'checkout-sdk-node/dist/config.js';
import { z } from 'zod';
import { agentFor } from '../transport/index.ts';
import type { CheckoutConfig } from './config.ts';

/** An answer other than 2xx. Holds what the mapping reads and nothing of the answer's free text. */
export class CheckoutFailure extends Error {
  override readonly name = 'CheckoutFailure';
  readonly status: number;
  readonly errorCodes: readonly string[];

  constructor(status: number, errorCodes: readonly string[]) {
    super(`Checkout.com answered ${status}`);
    this.status = status;
    this.errorCodes = errorCodes;
  }
}

const errorBody = z.object({ error_codes: z.array(z.string()) });

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
  } = await send(
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

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function send(url: URL, options: http.RequestOptions, body: string): Promise<Answer> {
  const { request: start } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const outgoing = start(url, { ...options, agent: agentFor(url) }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
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
    throw new CheckoutFailure(
      answer.status,
      errorBody.safeParse(parsed(answer.body)).data?.error_codes ?? [],
    );
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
