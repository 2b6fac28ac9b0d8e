import http from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * A merchant's side of HTTP, as cheap as Node has it: the load generator shares the machine with what it
 * measures. Connections are kept alive; an answer must be JSON.
 */
export function httpCaller(base: string, headers: Readonly<Record<string, string>> = {}) {
  const { hostname, port } = new URL(base);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const call = (
    method: string,
    path: string,
    options: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<HttpAnswer> =>
    new Promise((resolve, reject) => {
      const text = options.body === undefined ? undefined : JSON.stringify(options.body);
      const request = http.request({
        hostname,
        port,
        agent,
        method,
        path,
        timeout: 60_000,
        headers: {
          ...headers,
          ...options.headers,
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
      });
      request.once('timeout', () => request.destroy(new Error(`${method} ${path}: no answer in 60 s`)));
      request.once('error', reject);
      request.once('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          try {
            const received = Buffer.concat(chunks).toString('utf8');
            const body: unknown = received === '' ? undefined : JSON.parse(received);
            resolve({ status: response.statusCode ?? 0, body });
          } catch (error) {
            reject(error);
          }
        });
      });
      request.end(text);
    });
  return { call, close: () => agent.destroy() };
}
