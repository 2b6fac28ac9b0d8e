import type http from 'node:http';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { type Call, CallFault, type Cuttable, callInScope } from './call.ts';

/** An answer of a payment API is a few kilobytes. More than this is not one, and is not read. */
export const MAX_RESPONSE_BYTES = 1_048_576;

interface Lease {
  readonly call: Call;
  readonly request: http.ClientRequest;
}

/**
 * One connection of an agent. It writes only under a lease, that is for a request of an open call that
 * admits the write in that very tick; between requests it has none, and refuses.
 */
class Connection implements Cuttable {
  /** Carries HTTP: the TCP socket itself, or TLS over it. */
  readonly stream: net.Socket;
  readonly #tcp: net.Socket;
  #lease: Lease | undefined;

  constructor(stream: net.Socket, tcp: net.Socket) {
    this.stream = stream;
    this.#tcp = tcp;
    this.#guardWrites();
    stream.once('close', () => {
      this.#lease?.call.release(this);
    });
  }

  lend(lease: Lease): void {
    this.#lease = lease;
    lease.call.opened();
    lease.call.hold(this);
  }

  takeBack(): void {
    this.#lease?.call.release(this);
    this.#lease = undefined;
  }

  /** Resets rather than closes: bytes still queued in the kernel are dropped, not delivered later. */
  cut(fault: CallFault): void {
    if (!this.#tcp.destroyed) this.#tcp.resetAndDestroy();
    if (this.stream !== this.#tcp) this.stream.destroy(fault);
  }

  #guardWrites(): void {
    const { stream } = this;
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    const guarded = (...args: unknown[]): boolean => {
      const lease = this.#lease;
      const [chunk, encoding] = args;
      const refused =
        lease === undefined ? 'no_call' : lease.call.admitWrite(lease.request, lengthOf(chunk, encoding));
      if (refused === undefined) return write(...args);
      this.cut(new CallFault('refused', `the request was not written: ${refused}`));
      if (!stream.destroyed) stream.destroy();
      return false;
    };
    Object.defineProperty(stream, 'write', { value: guarded, configurable: true, writable: true });
  }
}

function lengthOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string') {
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  }
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}

/** A connection that is being made can be cut too: a SYN into a black hole holds nothing up. */
class Connecting implements Cuttable {
  readonly #sockets: net.Socket[] = [];

  add(socket: net.Socket): void {
    this.#sockets.push(socket);
  }

  cut(fault: CallFault): void {
    for (const socket of this.#sockets) if (!socket.destroyed) socket.destroy(fault);
  }
}

export type Created = (error: Error | null, stream: Duplex) => void;
export type SecureLayer = (tcp: net.Socket) => net.Socket;

/** Sockets of our agents. Shared by both, so that TLS and plain connections obey the same rules. */
export class Connections {
  readonly #byStream = new WeakMap<Duplex, Connection>();

  /**
   * Makes a connection for the call in scope and hands it over only once it is established, TLS
   * included: the request's bytes are never buffered in front of a handshake.
   */
  open(options: net.NetConnectOpts, secure: SecureLayer | undefined, created: Created): void {
    const call = callInScope();
    const fail = (error: Error) => created(error, undefined as unknown as Duplex);
    if (call === undefined || call.closed) {
      fail(new CallFault('refused', 'a request outside of an open call'));
      return;
    }
    const connecting = new Connecting();
    call.hold(connecting);
    const tcp = net.connect({ ...options, noDelay: true });
    connecting.add(tcp);
    let settled = false;
    const settle = (error: Error | undefined, stream: net.Socket) => {
      if (settled) return;
      settled = true;
      call.release(connecting);
      if (error !== undefined) {
        tcp.destroy();
        return fail(error);
      }
      const connection = new Connection(stream, tcp);
      this.#byStream.set(stream, connection);
      created(null, stream);
    };
    const watch = (socket: net.Socket) => {
      socket.on('error', (error) => settle(error, socket));
      socket.once('close', () => settle(new CallFault('connection_lost', 'closed while connecting'), socket));
    };
    watch(tcp);
    tcp.once('connect', () => {
      if (secure === undefined) return settle(undefined, tcp);
      const stream = secure(tcp);
      connecting.add(stream);
      watch(stream);
      stream.once('secureConnect', () => settle(undefined, stream));
    });
  }

  /** Ties a request to the call in whose scope it was made, from the moment it has a socket. */
  attach(request: http.ClientRequest): void {
    const call = callInScope();
    // Without a call no lease is made, and the connection refuses the write.
    if (call === undefined) return;
    const refused = call.admitRequest(request);
    request.once('socket', (socket) => {
      const connection = this.#byStream.get(socket);
      if (refused === undefined) connection?.lend({ call, request });
    });
    if (refused === undefined) watchRequest(call, request);
  }

  release(stream: Duplex): void {
    this.#byStream.get(stream)?.takeBack();
  }
}

/** Ends the call when its request dies unanswered, at once: an SDK may first wait, or try again. */
function watchRequest(call: Call, request: http.ClientRequest): void {
  let answered = false;
  request.once('response', (response) => {
    answered = true;
    call.answered(response.statusCode);
    watchResponse(call, response);
  });
  request.once('error', (error: NodeJS.ErrnoException) => {
    const kind = error.code?.startsWith('HPE_') === true ? 'unreadable_answer' : 'connection_lost';
    call.fail(new CallFault(kind, 'the request failed', error.code));
  });
  request.once('close', () => {
    if (!answered) call.fail(new CallFault('connection_lost', 'closed without an answer'));
  });
}

/** Ends the call when an answer is cut short (SDKs may wait for its end for ever) or grows too large. */
function watchResponse(call: Call, response: http.IncomingMessage): void {
  const tooLarge = () => call.fail(new CallFault('unreadable_answer', 'the answer is too large'));
  if (Number(response.headers['content-length'] ?? 0) > MAX_RESPONSE_BYTES) {
    tooLarge();
    return;
  }
  let received = 0;
  // The parser pushes what it reads. A `data` listener would start the flow before the SDK listens.
  const push = response.push.bind(response);
  response.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    received += lengthOf(chunk, encoding);
    if (received > MAX_RESPONSE_BYTES) tooLarge();
    return push(chunk, encoding);
  };
  response.once('close', () => {
    if (!response.complete) call.fail(new CallFault('connection_lost', 'the answer was cut short'));
  });
}
