/**
 * A proxy of the storm's own, for machines without toxiproxy and without Go: the part of toxiproxy's HTTP API
 * that the storm uses, over node:net. `node --import tsx test/storm/rig/proxy/own-server.ts <port>`.
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import net from 'node:net';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { Stream, Toxic } from './toxics.ts';

const address = z.string().transform((text) => {
  const [host = '', port = ''] = text.split(':');
  return { host, port: Number(port) };
});
const linkSchema = z.object({ name: z.string(), listen: address, upstream: address });
const toxicSchema = z.object({
  name: z.string(),
  stream: z.enum(['upstream', 'downstream']),
  type: z.enum(['latency', 'timeout', 'reset_peer', 'limit_data']),
  attributes: z.record(z.string(), z.number()),
});

interface Named {
  readonly name: string;
  readonly stream: Stream;
  readonly toxic: Toxic;
}

/** One direction of one connection: what is read waits its turn, so that delays keep the order. */
class Pipe {
  readonly #from: net.Socket;
  readonly #to: net.Socket;
  readonly #toxics: () => readonly Toxic[];
  #turn: Promise<void> = Promise.resolve();
  #passedBytes = 0;

  constructor(from: net.Socket, to: net.Socket, toxics: () => readonly Toxic[]) {
    this.#from = from;
    this.#to = to;
    this.#toxics = toxics;
    from.on('data', (chunk: Buffer) => this.#inTurn(() => this.#pass(chunk)));
    from.once('end', () => this.#inTurn(async () => void to.end()));
  }

  #inTurn(step: () => Promise<void>): void {
    this.#from.pause();
    const done = this.#turn.then(step);
    this.#turn = done;
    void done.then(() => {
      if (this.#turn === done) this.#from.resume();
    });
  }

  async #pass(chunk: Buffer): Promise<void> {
    let rest = chunk;
    for (const toxic of this.#toxics()) {
      switch (toxic.type) {
        case 'latency': {
          const { latency, jitter } = toxic.attributes;
          await sleep(Math.max(0, latency + (Math.random() * 2 - 1) * jitter));
          break;
        }
        case 'timeout':
          return this.#swallow(toxic.attributes.timeout, () => this.#close());
        case 'reset_peer':
          return this.#swallow(toxic.attributes.timeout, () => this.#reset());
        case 'limit_data': {
          const left = Math.max(0, toxic.attributes.bytes - this.#passedBytes);
          if (rest.length >= left) {
            this.#write(rest.subarray(0, left));
            return this.#close();
          }
          rest = rest.subarray(0, left);
        }
      }
    }
    this.#write(rest);
  }

  async #swallow(afterMs: number, end: () => void): Promise<void> {
    await sleep(afterMs);
    end();
  }

  #write(bytes: Buffer): void {
    this.#passedBytes += bytes.length;
    if (!this.#to.destroyed && bytes.length > 0) this.#to.write(bytes);
  }

  #close(): void {
    this.#to.end();
    this.#from.destroy();
  }

  #reset(): void {
    for (const socket of [this.#from, this.#to]) if (!socket.destroyed) socket.resetAndDestroy();
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

class LinkServer {
  readonly toxics: Named[] = [];
  readonly server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  constructor(upstream: { host: string; port: number }) {
    this.server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const target = net.connect({ ...upstream, allowHalfOpen: true, noDelay: true });
      for (const [socket, other] of [
        [client, target],
        [target, client],
      ] as const) {
        this.#sockets.add(socket);
        // A reset is passed on as one; `close` alone must end the other side too.
        socket.once('error', () => other.resetAndDestroy());
        socket.once('close', () => {
          this.#sockets.delete(socket);
          other.end();
        });
      }
      new Pipe(client, target, () => this.#of('upstream'));
      new Pipe(target, client, () => this.#of('downstream'));
    });
  }

  #of(stream: Stream): readonly Toxic[] {
    return this.toxics.filter((each) => each.stream === stream).map((each) => each.toxic);
  }

  /** Connections that are there feel a new reset at once, as with toxiproxy. */
  resetOpen(): void {
    for (const socket of this.#sockets) if (!socket.destroyed) socket.resetAndDestroy();
  }
}

type Links = Map<string, LinkServer>;

async function handle(links: Links, request: IncomingMessage): Promise<{ status: number; body: string }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const [, first, name = '', third, toxicName] = (request.url ?? '/').split('/');
  const route = `${request.method} ${first}${third === undefined ? '' : `/${third}`}`;
  if (route === 'GET version') return { status: 200, body: '{"version":"own"}' };
  if (route === 'POST reset') {
    for (const link of links.values()) link.toxics.length = 0;
    return { status: 204, body: '' };
  }
  if (route === 'POST proxies') {
    const wanted = linkSchema.parse(JSON.parse(text));
    const link = new LinkServer(wanted.upstream);
    await new Promise<void>((resolve, reject) => {
      link.server.once('error', reject);
      link.server.listen(wanted.listen.port, wanted.listen.host, resolve);
    });
    links.set(wanted.name, link);
    return { status: 201, body: '{}' };
  }
  const link = links.get(name);
  if (link === undefined) return { status: 404, body: `no proxy ${name}` };
  if (route === 'POST proxies/toxics') {
    const { name: as, stream, type, attributes } = toxicSchema.parse(JSON.parse(text));
    link.toxics.push({ name: as, stream, toxic: { type, attributes } as unknown as Toxic });
    if (type === 'reset_peer' && attributes.timeout === 0) link.resetOpen();
    return { status: 200, body: '{}' };
  }
  if (route === 'DELETE proxies/toxics') {
    const index = link.toxics.findIndex((each) => each.name === toxicName);
    if (index < 0) return { status: 404, body: `no toxic ${toxicName}` };
    link.toxics.splice(index, 1);
    return { status: 204, body: '' };
  }
  return { status: 404, body: `no such endpoint: ${route}` };
}

/** Serves the control API; links listen on ports of their own. */
export function startOwnProxy(port: number): Promise<net.Server> {
  const links: Links = new Map();
  const server = createHttpServer((request: IncomingMessage, response: ServerResponse) => {
    handle(links, request)
      .catch((error: unknown) => ({ status: 400, body: String(error) }))
      .then(({ status, body }) => response.writeHead(status).end(body));
  });
  server.on('close', () => {
    for (const link of links.values()) {
      link.server.close();
      link.resetOpen();
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  startOwnProxy(Number(process.argv[2])).then(
    () => process.stdout.write('{"ready":true}\n'),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
}
