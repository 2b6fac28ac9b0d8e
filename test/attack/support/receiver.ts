/** A merchant's endpoint: verifies every signature, remembers what came in which order, and answers as it is told. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Arrival {
  readonly eventId: string;
  readonly payment: string;
  readonly sequence: number;
  readonly type: string;
  readonly body: string;
  readonly signatures: number;
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** The status that it was answered with; 0: none, the connection hangs or was cut. */
  readonly answered: number;
}

/** A status, `hang` for ever, `cut` the connection, or a redirect to somewhere. */
export type Behaviour = number | 'hang' | 'cut' | { readonly redirect: string };

export interface Receiver {
  readonly url: string;
  readonly secret: string;
  readonly arrivals: readonly Arrival[];
  /** Whatever came with a signature that isn't ours. */
  readonly forged: readonly string[];
  /** What each request is answered with, by how many came before it. */
  behave(behaviour: (arrival: Omit<Arrival, 'answered'>) => Behaviour): void;
  /** Answered with 2xx, in order of arrival. */
  taken(): readonly Arrival[];
  close(): Promise<void>;
}

export async function startReceiver(secret: string): Promise<Receiver> {
  const webhook = new Webhook(secret);
  const arrivals: Arrival[] = [];
  const forged: string[] = [];
  let behave: (arrival: Omit<Arrival, 'answered'>) => Behaviour = () => 200;

  const receive = (request: IncomingMessage, response: ServerResponse, body: string) => {
    const headers = request.headers as Record<string, string>;
    try {
      webhook.verify(body, headers);
    } catch {
      forged.push(body);
      response.writeHead(401).end();
      return;
    }
    const { id: eventId, payment, sequence, type } = JSON.parse(body);
    const signatures = headers['webhook-signature']?.split(' ').length ?? 0;
    const arrival = { eventId, payment, sequence, type, body, signatures, atMs: Date.now() };
    const behaviour = behave(arrival);
    const status = typeof behaviour === 'number' ? behaviour : typeof behaviour === 'object' ? 302 : 0;
    arrivals.push({ ...arrival, answered: status });
    if (behaviour === 'cut') request.socket.destroy();
    if (status === 0) return;
    response
      .writeHead(status, typeof behaviour === 'object' ? { location: behaviour.redirect } : {})
      .end('ok');
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => receive(request, response, Buffer.concat(chunks).toString('utf8')));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    secret,
    arrivals,
    forged,
    behave(next) {
      behave = next;
    },
    taken: () => arrivals.filter(({ answered }) => answered >= 200 && answered < 300),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
