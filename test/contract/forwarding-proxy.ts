// Stands between an adapter and a server, hands every exchange to `inspect`, and may rewrite the request.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Exchange {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly requestBody: string;
  readonly status: number;
  readonly responseBody: string;
}

export interface ForwardingProxy {
  readonly url: string;
  close(): Promise<void>;
}

export async function forwardingProxy(
  target: string,
  inspect: (exchange: Exchange) => void,
  rewrite: (body: string) => string = (body) => body,
): Promise<ForwardingProxy> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const { method = 'GET', url: path = '/', headers } = request;
      const requestBody = Buffer.concat(chunks).toString('utf8');
      const forwarded = new Headers();
      for (const [name, value] of Object.entries(headers)) {
        if (typeof value === 'string' && !['host', 'connection', 'content-length'].includes(name))
          forwarded.set(name, value);
      }
      const body = method === 'GET' ? {} : { body: rewrite(requestBody) };
      const answer = await fetch(`${target}${path}`, { method, headers: forwarded, ...body });
      const responseBody = await answer.text();
      inspect({ method, path, requestBody, status: answer.status, responseBody });
      response.writeHead(answer.status, { 'Content-Type': 'application/json' });
      response.end(responseBody);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
