import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { Connections, type Created } from './connections.ts';

/**
 * Idle sockets die before the server's own idle timeout (5 s is a common one): a request written into a
 * connection that the server has just closed would be lost, and its outcome unknown.
 */
const IDLE_MS = 4_000;
/** How long a free socket may wait, given the server's `Keep-Alive: timeout=` hint in seconds. */
function idleMsFor(stream: Duplex): number {
  const message = (stream as { _httpMessage?: { res?: http.IncomingMessage } })._httpMessage;
  const hint = /timeout=(\d+)/.exec(String(message?.res?.headers['keep-alive'] ?? ''))?.[1];
  return hint === undefined ? IDLE_MS : Math.min(IDLE_MS, Number(hint) * 1_000 - 1_000);
}

/** Frees a socket for reuse; false where it would not outlive the server's patience. */
function keepIdle(connections: Connections, stream: Duplex): boolean {
  connections.release(stream);
  const idleMs = idleMsFor(stream);
  if (idleMs <= 0) return false;
  if (stream instanceof net.Socket) {
    stream.setTimeout(idleMs);
    stream.unref();
  }
  return true;
}

function wake(stream: Duplex): void {
  if (stream instanceof net.Socket) stream.setTimeout(0);
}

interface WithAddRequest {
  addRequest(request: http.ClientRequest, options: unknown): void;
}
const addHttpRequest = (http.Agent.prototype as unknown as WithAddRequest).addRequest;

class HttpAgent extends http.Agent {
  readonly #connections = new Connections();

  constructor() {
    super({ keepAlive: true });
  }

  override createConnection(options: http.ClientRequestArgs, created: Created): undefined {
    this.#connections.open(options as net.NetConnectOpts, undefined, created);
  }

  /** Where node:http hands every request to its agent, in the async scope of whoever made it. */
  addRequest(request: http.ClientRequest, options: unknown): void {
    this.#connections.attach(request);
    addHttpRequest.call(this, request, options);
  }

  override keepSocketAlive(stream: Duplex): boolean {
    return keepIdle(this.#connections, stream);
  }

  override reuseSocket(stream: Duplex, request: http.ClientRequest): void {
    super.reuseSocket(stream, request);
    wake(stream);
  }
}

class HttpsAgent extends https.Agent {
  readonly #connections = new Connections();

  constructor(ca: string | undefined) {
    super({ keepAlive: true, ...(ca === undefined ? {} : { ca }) });
  }

  override createConnection(options: https.RequestOptions, created: Created): undefined {
    // Node's own agent makes the TLS layer, so that sessions are resumed and certificates verified as usual.
    const secure = (tcp: net.Socket) =>
      super.createConnection({ ...options, socket: tcp } as never) as net.Socket;
    const { host, port, family, localAddress, lookup } = options as net.TcpNetConnectOpts;
    const tcpOptions = Object.entries({ host, port, family, localAddress, lookup }).filter(
      ([, value]) => value != null,
    );
    this.#connections.open(
      Object.fromEntries(tcpOptions) as unknown as net.TcpNetConnectOpts,
      secure,
      created,
    );
  }

  addRequest(request: http.ClientRequest, options: unknown): void {
    this.#connections.attach(request);
    addHttpRequest.call(this, request, options);
  }

  override keepSocketAlive(stream: Duplex): boolean {
    return keepIdle(this.#connections, stream);
  }

  override reuseSocket(stream: Duplex, request: http.ClientRequest): void {
    super.reuseSocket(stream, request);
    wake(stream);
  }
}

export interface TransportAgents {
  readonly http: http.Agent;
  readonly https: https.Agent;
}

/** Agents of their own, for a test or for an account behind a private certificate authority (PEM). */
export function createAgents(options: { readonly ca?: string } = {}): TransportAgents {
  return { http: new HttpAgent(), https: new HttpsAgent(options.ca) };
}

/** The process's agents: connections are kept per host, and accounts of one provider share them. */
export const transportAgents: TransportAgents = createAgents();

/** The agent for a base URL's protocol. */
export function agentFor(url: URL, agents: TransportAgents = transportAgents): http.Agent | https.Agent {
  return url.protocol === 'https:' ? agents.https : agents.http;
}
