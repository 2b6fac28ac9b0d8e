import { createRequire } from 'node:module';
import type * as clientModule from '@adyen/api-library/lib/src/client.js';
import { EnvironmentEnum } from '@adyen/api-library/lib/src/config.js';
import { ModificationsApi } from '@adyen/api-library/lib/src/services/checkout/modificationsApi.js';
import { PaymentsApi } from '@adyen/api-library/lib/src/services/checkout/paymentsApi.js';
import { z } from 'zod';
import { parsedJson, sendHttp } from '../transport/index.ts';
import type { AdyenConfig } from './config.ts';

/** Loaders disagree about the default export of a CommonJS module; `require` is the same everywhere. */
const { default: Client } = createRequire(import.meta.url)(
  '@adyen/api-library/lib/src/client.js',
) as typeof clientModule.default;

/** An answer other than 2xx. Holds what the mapping reads and nothing of the answer's free text. */
export class AdyenFailure extends Error {
  override readonly name = 'AdyenFailure';
  readonly status: number;
  readonly errorCode: string | undefined;
  /** Adyen's own word that the same request may be sent again: it is still busy with the first. */
  readonly transient: boolean;

  constructor(status: number, errorCode: string | undefined, transient: boolean) {
    super(`Adyen answered ${status}`);
    this.status = status;
    this.errorCode = errorCode;
    this.transient = transient;
  }
}

/** A 2xx answer that is not JSON. Its parser's message is dropped, because it quotes the answer. */
export class UnreadableAnswer extends Error {
  override readonly name = 'UnreadableAnswer';
}

const errorBody = z.object({ errorCode: z.string() });

interface RequestOptions {
  readonly method?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** The two services used. The library's own entry loads every Adyen API: 2 s and 30 MB more. */
export interface AdyenServices {
  readonly payments: PaymentsApi;
  readonly modifications: ModificationsApi;
}

/**
 * The official SDK over our own HTTP client: its default one speaks https only, makes an agent for every
 * request, follows redirects, and quotes answers in its errors.
 */
export function adyenClient(config: AdyenConfig): AdyenServices {
  const httpClient = {
    request: (
      endpoint: string,
      json: string | Buffer,
      _config: unknown,
      _apiKey: boolean,
      options?: RequestOptions,
    ) => request(config, endpoint, json, options ?? {}),
  };
  const sdkOptions = { apiKey: config.apiKey, environment: EnvironmentEnum.TEST };
  const client = new Client(sdkOptions, httpClient);
  return { payments: new PaymentsApi(client), modifications: new ModificationsApi(client) };
}

async function request(
  config: AdyenConfig,
  endpoint: string,
  json: string | Buffer,
  { method = 'POST', idempotencyKey }: RequestOptions,
): Promise<string> {
  const url = new URL(config.baseUrl);
  // The SDK builds an address of its own test host; its path, with the API's version, is what counts.
  url.pathname = `${config.baseUrl.pathname.replace(/\/$/, '')}${new URL(endpoint).pathname}`;
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(json),
    'X-API-Key': config.apiKey,
    ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
  };
  const answer = await sendHttp(url, { method, headers }, json);
  const body = parsedJson(answer.body);
  if (answer.status < 200 || answer.status > 299) {
    const errorCode = errorBody.safeParse(body).data?.errorCode;
    throw new AdyenFailure(answer.status, errorCode, answer.headers['transient-error'] === 'true');
  }
  if (body === undefined) throw new UnreadableAnswer('the answer is not JSON');
  return answer.body;
}
