import { z } from 'zod';
import { parsedJson, sendHttp } from '../../../../providers/transport/index.ts';
import type { AcmePayConfig } from './config.ts';

/** An answer other than 2xx. Holds what the mapping reads and nothing of the answer's free text. */
export class AcmePayFailure extends Error {
  override readonly name = 'AcmePayFailure';
  readonly status: number;
  readonly code: string | undefined;

  constructor(status: number, code: string | undefined) {
    super(`AcmePay answered ${status}`);
    this.status = status;
    this.code = code;
  }
}

/** A 2xx answer that is not JSON. Its parser's message is dropped, because it quotes the answer. */
export class UnreadableAnswer extends Error {
  override readonly name = 'UnreadableAnswer';
}

const errorBody = z.object({ error: z.object({ code: z.string() }) });

export interface AcmePayRequest {
  readonly method: 'GET' | 'POST';
  /** Below the base URL, with its query. */
  readonly path: string;
  readonly body?: object;
  /** Sent with every request that moves money. */
  readonly idempotencyKey?: string;
}

/** Makes exactly one HTTP request through our own agent, and answers its JSON. Follows no redirect. */
export async function send(config: AcmePayConfig, request: AcmePayRequest): Promise<unknown> {
  const { method, path, body, idempotencyKey } = request;
  const url = new URL(`${config.baseUrl.href.replace(/\/$/, '')}${path}`);
  const json = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    Authorization: `Bearer ${config.apiKey}`,
    ...(json === undefined
      ? {}
      : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) }),
    ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
  };
  const answer = await sendHttp(url, { method, headers }, json);
  const parsed = parsedJson(answer.body);
  if (answer.status < 200 || answer.status > 299) {
    throw new AcmePayFailure(answer.status, errorBody.safeParse(parsed).data?.error.code);
  }
  if (parsed === undefined) throw new UnreadableAnswer('the answer is not JSON');
  return parsed;
}
