import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import { agentFor } from './agent.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Undefined for what is no JSON: the parser's message is dropped, because it quotes the answer. */
export function parsedJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/**
 * One request through our agent, which counts bytes, keeps the deadline and refuses what has no permit; nothing is
 * followed or tried again. For adapters whose SDK brings no HTTP client that can be given an agent.
 */
export function sendHttp(
  url: URL,
  options: http.RequestOptions,
  body: string | Buffer | undefined,
): Promise<HttpAnswer> {
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
