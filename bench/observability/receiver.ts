import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Takes spans in and forgets them: what the bench asks is what telling costs, not what hearing does. */
export interface Receiver {
  readonly endpoint: string;
  /** What came so far. */
  received(): { readonly requests: number; readonly spans: number; readonly bytes: number };
  close(): void;
}

const SPAN = '"spanId":';

export async function startReceiver(): Promise<Receiver> {
  const came = { requests: 0, spans: 0, bytes: 0 };
  const server = createServer((request, response) => {
    came.requests += 1;
    let text = '';
    request.setEncoding('latin1');
    request.on('data', (chunk: string) => {
      came.bytes += chunk.length;
      text += chunk;
    });
    request.on('end', () => {
      came.spans += text.split(SPAN).length - 1;
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    received: () => ({ ...came }),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
