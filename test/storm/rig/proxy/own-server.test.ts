import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../../cli/stack/ports.ts';
import { startOwnProxy } from './own-server.ts';
import { ProxyClient } from './toxics.ts';

/** A server that answers each line with itself, behind the proxy. */
let echo: net.Server;
let proxy: net.Server;
let client: ProxyClient;
let port: number;
const sockets = new Set<net.Socket>();

beforeEach(async () => {
  echo = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const controlPort = await freePort();
  port = await freePort();
  proxy = await startOwnProxy(controlPort);
  client = new ProxyClient(`http://127.0.0.1:${controlPort}`);
  const upstreamPort = (echo.address() as AddressInfo).port;
  await client.addLink({ name: 'link', listenPort: port, upstreamPort });
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  proxy.close();
  echo.close();
});

async function connected(): Promise<net.Socket> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  sockets.add(socket);
  await once(socket, 'connect');
  return socket;
}

async function said(socket: net.Socket, text: string): Promise<string> {
  socket.write(text);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return chunk.toString();
}

/** How a connection ends: all that came, and the error if there was one. */
function ending(socket: net.Socket): Promise<{ received: string; error?: string }> {
  let received = '';
  let error: string | undefined;
  socket.on('data', (chunk) => (received += chunk));
  socket.once('error', ({ code }: NodeJS.ErrnoException) => (error = code));
  return new Promise((resolve) =>
    socket.once('close', () => resolve({ received, ...(error === undefined ? {} : { error }) })),
  );
}

describe("the storm's own proxy", () => {
  it('passes everything on, in order, while it has no toxic', async () => {
    const socket = await connected();
    expect(await said(socket, 'one')).toBe('one');
    const large = 'x'.repeat(1_000_000);
    const ended = ending(socket);
    socket.end(large);
    expect(await ended).toEqual({ received: large });
  });

  it('delays, until the toxic goes', async () => {
    const socket = await connected();
    await client.addToxic('link', 'downstream', { type: 'latency', attributes: { latency: 300, jitter: 0 } });
    const startedMs = performance.now();
    expect(await said(socket, 'slow')).toBe('slow');
    expect(performance.now() - startedMs).toBeGreaterThan(250);
    await client.removeToxic('link', 'downstream', 'latency');
    const againMs = performance.now();
    expect(await said(socket, 'fast')).toBe('fast');
    expect(performance.now() - againMs).toBeLessThan(250);
  });

  it('cuts an answer in two', async () => {
    await client.addToxic('link', 'downstream', { type: 'limit_data', attributes: { bytes: 5 } });
    const socket = await connected();
    const ended = ending(socket);
    socket.write('0123456789');
    expect((await ended).received).toBe('01234');
  });

  it('resets what is open, and what comes', async () => {
    const open = await connected();
    const ended = ending(open);
    await client.addToxic('link', 'upstream', { type: 'reset_peer', attributes: { timeout: 0 } });
    expect((await ended).error).toBe('ECONNRESET');
    const next = await connected();
    const nextEnded = ending(next);
    next.write('hello');
    expect(await nextEnded).toEqual({ received: '', error: 'ECONNRESET' });
  });

  it('swallows, and closes when the time is up', async () => {
    await client.addToxic('link', 'upstream', { type: 'timeout', attributes: { timeout: 100 } });
    const socket = await connected();
    const ended = ending(socket);
    socket.write('lost');
    expect((await ended).received).toBe('');
    await client.reset();
    expect(await said(await connected(), 'found')).toBe('found');
  });

  it('refuses what it does not know', async () => {
    await expect(
      client.addToxic('nowhere', 'upstream', { type: 'timeout', attributes: { timeout: 1 } }),
    ).rejects.toThrow('404');
    await expect(client.removeToxic('link', 'upstream', 'latency')).rejects.toThrow('404');
  });
});
