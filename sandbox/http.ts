// Sockets: a listener that can refuse connections for real and come back on the same port, and answers
// that can be cut, reset or never sent.
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

const BODY_LIMIT_BYTES = 1_048_576;
// Longer than a client's pool keeps an idle socket, so that only commanded faults reset connections.
const KEEP_ALIVE_MS = 120_000;
const REOPEN_TRIES = 50;
const REOPEN_PAUSE_MS = 100;

export class BodyTooLarge extends Error {}

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > BODY_LIMIT_BYTES) throw new BodyTooLarge();
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export interface WireAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export function send(response: ServerResponse, answer: WireAnswer): void {
  const length = String(Buffer.byteLength(answer.body));
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': length }).end(answer.body);
}

/** Promises the whole body, sends half of it, and closes. */
export function sendTruncated(response: ServerResponse, answer: WireAnswer): void {
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': String(body.length) });
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.socket?.destroySoon());
}

/** TCP RST, as a crashed peer or a middlebox would send. */
export function reset(request: IncomingMessage): void {
  request.socket.resetAndDestroy();
}

export class Listener {
  readonly #handler: RequestListener;
  readonly #host: string;
  #port: number;
  #server: Server | undefined;

  constructor(handler: RequestListener, host: string, port: number) {
    this.#handler = handler;
    this.#host = host;
    this.#port = port;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://${this.#host}:${this.#port}`;
  }

  async open(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, this.#handler);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, this.#host, resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** After a refusal somebody may hold the port for a moment; it is ours again when they let go. */
  async reopen(): Promise<void> {
    for (let tried = 1; ; tried += 1) {
      try {
        return await this.open();
      } catch (error) {
        if (tried === REOPEN_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, REOPEN_PAUSE_MS));
      }
    }
  }

  /** Stops listening and drops every connection, so that the next connect is refused by the kernel. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }
}
