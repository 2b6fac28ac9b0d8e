import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AssertionFailure } from '../../domain/machine.ts';
import { agentFor, createAgents, type TransportAgents } from './agent.ts';
import { exchange, openCall, type ProviderCall } from './call.ts';
import { detailOfFault, outcomeOfFault } from './outcome-of-fault.ts';

vi.setConfig({ testTimeout: 30_000 });

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** What an SDK does: node:http with an agent, and the body collected as text. */
function post(url: string, body: string, agents: TransportAgents): Promise<Answer> {
  const target = new URL(url);
  const { request } = target.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const req = request(target, { method: 'POST', agent: agentFor(target, agents) }, (res) => {
      let text = '';
      res.setEncoding('utf8');
      res.on('data', (chunk: string) => {
        text += chunk;
      });
      res.on('end', () => resolve({ status: res.statusCode ?? 0, body: text }));
    });
    req.on('error', reject);
    req.end(body);
  });
}

function send(
  call: ProviderCall,
  url: string,
  agents: TransportAgents,
  body = '{"amount":1}',
): Promise<Answer> {
  return call.run(() => exchange(() => post(url, body, agents)));
}

/** The fault of a send that must not succeed. */
async function faultOf(sending: Promise<Answer>): Promise<unknown> {
  return await sending.then(
    (answer) => expect.fail(`answered ${answer.status}`),
    (error: unknown) => error,
  );
}

function claimed(totalDeadlineMs = 5_000): ProviderCall {
  const call = openCall({ totalDeadlineMs });
  call.permitClaimed(performance.now());
  cleanups.push(() => call.close());
  return call;
}

interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly received: Buffer[];
  readonly sockets: Set<net.Socket>;
}

async function listen(server: net.Server, protocol = 'http'): Promise<TestServer> {
  const received: Buffer[] = [];
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as net.AddressInfo;
  return { url: `${protocol}://127.0.0.1:${port}/v1`, port, received, sockets };
}

/** A server that sees raw bytes and does what `react` says with the socket that sent them. */
async function rawServer(react: (socket: net.Socket, chunk: Buffer) => void): Promise<TestServer> {
  const server = net.createServer();
  const running = await listen(server);
  server.on('connection', (socket) => {
    socket.on('data', (chunk) => {
      running.received.push(chunk);
      react(socket, chunk);
    });
  });
  return running;
}

async function okServer(
  respond?: (req: http.IncomingMessage, res: http.ServerResponse, body: string) => void,
) {
  const bodies: string[] = [];
  const server = http.createServer((req, res) => {
    let body = '';
    req.on('data', (chunk) => {
      body += chunk;
    });
    req.on('end', () => {
      bodies.push(body);
      if (respond === undefined) res.end(body);
      else respond(req, res, body);
    });
  });
  return { ...(await listen(server)), bodies };
}

function agents(): TransportAgents {
  const made = createAgents();
  cleanups.push(() => {
    made.http.destroy();
    made.https.destroy();
  });
  return made;
}

async function closedPort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a call that goes well', () => {
  it('answers, with a trace of when the first byte left', async () => {
    const { url } = await okServer();
    const call = claimed();
    const before = performance.now();
    expect(await send(call, url, agents(), 'hello')).toEqual({ status: 200, body: 'hello' });
    expect(call.trace.connected).toBe(true);
    expect(call.trace.bytesWritten).toBeGreaterThan('hello'.length);
    expect(call.trace.firstByteAtMs).toBeGreaterThanOrEqual(before);
    expect(call.trace.refused).toBeUndefined();
    expect(call.trace.fault).toBeUndefined();
  });

  it("reuses an idle connection for the next call, under that call's own permit", async () => {
    const { url, sockets, bodies } = await okServer();
    const shared = agents();
    const first = claimed();
    await send(first, url, shared);
    first.close();
    expect((await send(claimed(), url, shared)).status).toBe(200);
    expect(sockets.size).toBe(1);

    const late = openCall({ totalDeadlineMs: 5_000 });
    late.permitClaimed(performance.now() - 3_000);
    const fault = await faultOf(send(late, url, shared));
    expect(outcomeOfFault(fault, late)).toEqual({ type: 'not_attempted', proof: 'no_byte_sent' });
    expect(bodies).toHaveLength(2);
  });

  it("gives an idle connection up before the server does, by the server's own hint", async () => {
    const { url, sockets } = await okServer((_req, res) => {
      res.setHeader('Keep-Alive', 'timeout=1');
      res.end('ok');
    });
    const shared = agents();
    await send(claimed(), url, shared);
    await send(claimed(), url, shared);
    expect(sockets.size).toBe(2);
  });

  it('keeps the traces of parallel calls apart', async () => {
    const refusedPort = await closedPort();
    const good = await okServer();
    const hanging = await rawServer(() => undefined);
    const shared = agents();
    const calls = { ok: claimed(), refused: claimed(), hung: claimed(300), other: claimed() };
    const [ok, refused, hung, other] = await Promise.allSettled([
      send(calls.ok, good.url, shared, 'one'),
      send(calls.refused, `http://127.0.0.1:${refusedPort}/`, shared),
      send(calls.hung, hanging.url, shared),
      send(calls.other, good.url, shared, 'two'),
    ]);
    expect(ok).toMatchObject({ status: 'fulfilled', value: { body: 'one' } });
    expect(other).toMatchObject({ status: 'fulfilled', value: { body: 'two' } });
    expect(refused.status).toBe('rejected');
    expect(hung.status).toBe('rejected');
    expect(calls.ok.trace.fault).toBeUndefined();
    expect(calls.refused.trace).toMatchObject({ connected: false, bytesWritten: 0 });
    expect(calls.hung.trace).toMatchObject({ connected: true, fault: 'deadline' });
    expect(calls.hung.trace.bytesWritten).toBeGreaterThan(0);
  });
});

describe('proven not attempted', () => {
  async function expectNotAttempted(call: ProviderCall, url: string, via = agents()) {
    const fault = await faultOf(send(call, url, via));
    expect(call.trace.bytesWritten).toBe(0);
    expect(outcomeOfFault(fault, call)).toEqual({ type: 'not_attempted', proof: 'no_byte_sent' });
  }

  it('a refused connection', async () => {
    const call = claimed();
    await expectNotAttempted(call, `http://127.0.0.1:${await closedPort()}/`);
    expect(call.trace).toMatchObject({
      connected: false,
      fault: 'connection_lost',
      faultCode: 'ECONNREFUSED',
    });
  });

  it('a host name that does not resolve', async () => {
    await expectNotAttempted(claimed(), 'http://interlock.invalid/');
  });

  it("a connection that is never accepted, at the permit's end and not at the deadline", async () => {
    const child = spawn(
      process.execPath,
      [
        '-e',
        "require('net').createServer().listen({port:0,host:'127.0.0.1',backlog:1},function(){console.log(this.address().port)})",
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    cleanups.push(() => child.kill('SIGKILL'));
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const port = Number(line.toString());
    child.kill('SIGSTOP');
    // Fill the queue of completed handshakes; from then on the kernel drops every SYN.
    for (;;) {
      const filler = net.connect(port, '127.0.0.1');
      filler.on('error', () => undefined);
      cleanups.push(() => filler.destroy());
      const connected = await Promise.race([
        once(filler, 'connect').then(() => true),
        new Promise<false>((resolve) => setTimeout(resolve, 400, false)),
      ]);
      if (!connected) break;
    }
    const startedAt = performance.now();
    const call = claimed(20_000);
    await expectNotAttempted(call, `http://127.0.0.1:${port}/`);
    expect(call.trace).toMatchObject({ connected: false, refused: 'permit_expired' });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('a TLS handshake that never ends', async () => {
    const { port, received, sockets } = await rawServer(() => undefined);
    const call = claimed(400);
    await expectNotAttempted(call, `https://127.0.0.1:${port}/`);
    expect(call.trace).toMatchObject({ connected: false, refused: 'deadline' });
    expect(Buffer.concat(received).includes('amount')).toBe(false);
    await Promise.all([...sockets].map((socket) => (socket.closed ? undefined : once(socket, 'close'))));
  });

  it('a TLS handshake that the server breaks off', async () => {
    const { port } = await rawServer((socket) => socket.resetAndDestroy());
    await expectNotAttempted(claimed(), `https://127.0.0.1:${port}/`);
  });

  it('a permit that is too old when the first byte is due: frozen between claim and write', async () => {
    const { url, bodies } = await okServer();
    const call = openCall({ totalDeadlineMs: 60_000 });
    call.permitClaimed(performance.now() - 3_000);
    await expectNotAttempted(call, url);
    expect(call.trace.refused).toBe('permit_expired');
    expect(bodies).toEqual([]);
  });

  it('a process frozen after it connected: the clock is read in the tick of the write', async () => {
    const { url, bodies } = await okServer();
    const call = claimed(60_000);
    const via = agents();
    const freezing = call.run(() =>
      exchange(() => {
        const target = new URL(url);
        return new Promise<Answer>((_resolve, reject) => {
          const req = http.request(target, { method: 'POST', agent: agentFor(target, via) });
          req.on('error', reject);
          req.on('socket', () => {
            // A busy event loop stands for a stopped process: no timer gets a chance to run first.
            const until = performance.now() + 2_100;
            while (performance.now() < until);
          });
          req.end('{"amount":1}');
        });
      }),
    );
    const fault = await faultOf(freezing);
    expect(call.trace).toMatchObject({ connected: true, bytesWritten: 0, refused: 'permit_expired' });
    expect(outcomeOfFault(fault, call)).toEqual({ type: 'not_attempted', proof: 'no_byte_sent' });
    expect(bodies).toEqual([]);
  });

  it('a call that moves money without a permit', async () => {
    const { url, bodies } = await okServer();
    const call = openCall({ totalDeadlineMs: 2_000 });
    await expectNotAttempted(call, url);
    expect(call.trace.refused).toBe('no_permit');
    expect(bodies).toEqual([]);
  });

  it('a call that was closed before it sent', async () => {
    const { url, bodies } = await okServer();
    const call = claimed();
    call.close();
    expect(await faultOf(send(call, url, agents()))).toBeInstanceOf(Error);
    expect(call.trace.bytesWritten).toBe(0);
    expect(bodies).toEqual([]);
  });

  it('but a broken assertion before the first byte is a bug, and is thrown', () => {
    const call = claimed();
    expect(() => outcomeOfFault(new AssertionFailure('impossible'), call)).toThrow(AssertionFailure);
  });
});

describe('unknown, because bytes may have arrived', () => {
  async function expectUnknown(call: ProviderCall, url: string, cause: string) {
    const fault = await faultOf(send(call, url, agents()));
    expect(call.trace.bytesWritten).toBeGreaterThan(0);
    expect(outcomeOfFault(fault, call)).toMatchObject({ type: 'unknown', cause });
    expect(detailOfFault(fault, call)).not.toContain('amount');
  }

  it('a reset after the request was read', async () => {
    const { url } = await rawServer((socket) => socket.resetAndDestroy());
    await expectUnknown(claimed(), url, 'connection_lost');
  });

  it('a close without an answer', async () => {
    const { url } = await rawServer((socket) => socket.end());
    await expectUnknown(claimed(), url, 'connection_lost');
  });

  it('a server that hangs: reset at the deadline, so that nothing arrives later', async () => {
    const { url, sockets } = await rawServer(() => undefined);
    const startedAt = performance.now();
    const call = claimed(300);
    const ended = new Promise<string>((resolve) => {
      const wait = () => {
        const [socket] = sockets;
        if (socket === undefined) return void setImmediate(wait);
        socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
        socket.once('end', () => resolve('end'));
      };
      wait();
    });
    await expectUnknown(call, url, 'timeout');
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(await ended).toBe('ECONNRESET');
  });

  it('an answer that stops half way, even if nobody listens for it', async () => {
    const { url } = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"id":');
      setImmediate(() => socket.resetAndDestroy());
    });
    await expectUnknown(claimed(), url, 'connection_lost');
  });

  it('an answer that is not HTTP', async () => {
    const { url } = await rawServer((socket) => socket.write('\u0000\u0001garbage\r\n\r\n'));
    await expectUnknown(claimed(), url, 'unmapped_response');
  });

  it.each(['Content-Length: 10485760', 'Transfer-Encoding: chunked'])(
    'an answer of 10 MB, with %s',
    async (header) => {
      let sent = 0;
      const { url } = await rawServer((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\n${header}\r\n\r\n`);
        const chunk = 'x'.repeat(0x10000);
        const more = () => {
          while (sent < 160 && !socket.destroyed) {
            sent += 1;
            if (!socket.write(header.startsWith('T') ? `10000\r\n${chunk}\r\n` : chunk))
              return void socket.once('drain', more);
          }
        };
        more();
      });
      const call = claimed();
      await expectUnknown(call, url, 'unmapped_response');
    },
  );
});

describe('one permit, one request', () => {
  it('an SDK that retries behind our back does not send twice', async () => {
    let connections = 0;
    const { url } = await rawServer((socket) => {
      connections += 1;
      socket.resetAndDestroy();
    });
    const call = claimed();
    const shared = agents();
    const retrying = call.run(async () => {
      const attempts = [];
      for (let attempt = 0; attempt < 3; attempt += 1) {
        attempts.push(await post(url, '{"amount":1}', shared).catch((error: unknown) => error));
      }
      return attempts;
    });
    const attempts = await retrying;
    expect(attempts.every((attempt) => attempt instanceof Error)).toBe(true);
    expect(connections).toBe(1);
    expect(outcomeOfFault(attempts[2], call)).toMatchObject({ type: 'unknown', cause: 'connection_lost' });
  });

  it('a second request of the same call is refused even after a good first answer', async () => {
    const { url, bodies } = await okServer();
    const call = claimed();
    const shared = agents();
    await send(call, url, shared, 'first');
    await faultOf(send(call, url, shared, 'second'));
    expect(bodies).toEqual(['first']);
  });

  it('a question needs no permit and may take several requests', async () => {
    const { url, bodies } = await okServer();
    const call = openCall({ totalDeadlineMs: 5_000, needsPermit: false });
    cleanups.push(() => call.close());
    const shared = agents();
    await send(call, url, shared, 'page 1');
    await send(call, url, shared, 'page 2');
    expect(bodies).toEqual(['page 1', 'page 2']);
  });

  it('a request outside of any call is refused', async () => {
    const { url, bodies } = await okServer();
    await expect(post(url, '{"amount":1}', agents())).rejects.toThrow();
    expect(bodies).toEqual([]);
  });
});

const openssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn('skipped: TLS tests need the openssl command to make a certificate');
    return false;
  }
})();

describe.skipIf(!openssl)('over TLS', () => {
  function certificate(): { key: string; cert: string } {
    const dir = mkdtempSync(join(tmpdir(), 'interlock-tls-'));
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    execFileSync(
      'openssl',
      [
        ...[
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-days',
          '2',
        ],
        ...[
          '-subj',
          '/CN=localhost',
          '-addext',
          'subjectAltName=IP:127.0.0.1,DNS:localhost',
          '-keyout',
          key,
          '-out',
          cert,
        ],
      ],
      { stdio: 'ignore' },
    );
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  }

  async function tlsServer(respond: http.RequestListener) {
    const made = certificate();
    const server = https.createServer(made, respond);
    return { ...(await listen(server, 'https')), ca: made.cert };
  }

  it('answers with a trusted certificate, and again on the same connection', async () => {
    let handshakes = 0;
    const { url, ca, sockets } = await tlsServer((req, res) => {
      handshakes += 1;
      req.resume().on('end', () => res.end('ok'));
    });
    const trusting = createAgents({ ca });
    cleanups.push(() => trusting.https.destroy());
    expect((await send(claimed(), url, trusting)).body).toBe('ok');
    expect((await send(claimed(), url, trusting)).body).toBe('ok');
    expect(handshakes).toBe(2);
    expect(sockets.size).toBe(1);
  });

  it('an untrusted certificate is proven not attempted', async () => {
    let requests = 0;
    const { url } = await tlsServer((_req, res) => {
      requests += 1;
      res.end();
    });
    const call = claimed();
    const fault = await faultOf(send(call, url, agents()));
    expect(outcomeOfFault(fault, call)).toEqual({ type: 'not_attempted', proof: 'no_byte_sent' });
    expect(requests).toBe(0);
  });

  it('a hanging server is reset at the deadline', async () => {
    const { url, ca, sockets } = await tlsServer(() => undefined);
    const trusting = createAgents({ ca });
    const call = claimed(500);
    const fault = await faultOf(send(call, url, trusting));
    expect(outcomeOfFault(fault, call)).toMatchObject({ type: 'unknown', cause: 'timeout' });
    await Promise.all([...sockets].map((socket) => (socket.closed ? undefined : once(socket, 'close'))));
  });
});
