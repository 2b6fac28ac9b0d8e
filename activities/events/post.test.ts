import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../test/support/harness.ts';
import { createPoster, guardedLookup, type Poster } from './post.ts';
import { createSigner } from './sign.ts';

/** What one attempt does on the wire: where it connects, how long it waits, and what it makes of an answer. */
const open: (Server | Poster)[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) {
    if ('closeAllConnections' in each) each.closeAllConnections();
    each.close();
  }
});

interface Local {
  readonly port: number;
  readonly connections: () => number;
  readonly requests: () => number;
}

async function local(handler: Parameters<typeof createServer>[1] = (_, response) => void response.end()) {
  let connections = 0;
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    handler?.(request, response as never);
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(server);
  const { port } = server.address() as AddressInfo;
  return { port, connections: () => connections, requests: () => requests } satisfies Local;
}

function poster(options: Parameters<typeof createPoster>[0]) {
  const made = createPoster(options);
  open.push(made);
  return (url: string, deadlineMs = 2_000) => made.post({ url, body: '{}', headers: {}, deadlineMs });
}
const inSandbox = () => poster({ privateTargets: true });

/** A name server that says what it is told. */
const resolving = (four: string[], six: string[] = []) =>
  guardedLookup({
    resolve4: ((_name: string, done: (error: null, found: string[]) => void) => done(null, four)) as never,
    resolve6: ((_name: string, done: (error: null, found: string[]) => void) => done(null, six)) as never,
  });

describe('the connection', () => {
  it('is not made to a private address in the URL', async () => {
    const { port, connections } = await local();
    const post = poster({ privateTargets: false });
    for (const host of ['127.0.0.1', 'localhost', '127.1', '2130706433', '[::1]', '[::ffff:127.0.0.1]'])
      expect(await post(`http://${host}:${port}/`), host).toMatchObject({ type: 'failed' });
    expect(connections()).toBe(0);
  });

  it.each([
    [['127.0.0.1'], []],
    [['10.0.0.1'], []],
    [['169.254.169.254'], []],
    [[], ['::1']],
    [[], ['fd00:ec2::254']],
    [['93.184.215.14', '127.0.0.1'], []],
    [['93.184.215.14'], ['::ffff:127.0.0.1']],
  ])('is not made where a name resolves to %j %j', async (four, six) => {
    const { port, connections } = await local();
    const post = poster({ privateTargets: false, lookup: resolving(four, six) });
    expect(await post(`http://merchant.example:${port}/`)).toEqual({
      type: 'failed',
      error: 'forbidden_target',
    });
    expect(connections()).toBe(0);
  });

  it('is not made by following a redirect', async () => {
    const inside = await local();
    const outside = await local((_request, response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${inside.port}/admin` }).end();
    });
    expect(await inSandbox()(`http://127.0.0.1:${outside.port}/`)).toEqual({
      type: 'answered',
      statusCode: 307,
    });
    expect(inside.connections()).toBe(0);
  });

  it('is kept for the next one', async () => {
    const { port, connections, requests } = await local((_request, response) => void response.end('ok'));
    const post = inSandbox();
    for (let count = 0; count < 5; count += 1) await post(`http://127.0.0.1:${port}/`);
    expect(requests()).toBe(5);
    expect(connections()).toBe(1);
  });
});

describe('an attempt', () => {
  it('ends at its deadline, whether nothing or only a part of the answer came', async () => {
    const silent = await local(() => undefined);
    const dripping = await local((_request, response) => {
      response.socket?.write('HTTP/1.1 200 OK\r\nx-a: ');
    });
    for (const { port } of [silent, dripping])
      expect(await inSandbox()(`http://127.0.0.1:${port}/`, 150)).toEqual({
        type: 'failed',
        error: 'timeout',
      });
  });

  it('waits for no other one to the same host, however many of those hang', async () => {
    const { port, requests } = await local((request, response) => {
      if (request.url === '/answers') response.end();
    });
    const post = inSandbox();
    const hanging = Array.from({ length: 64 }, () => post(`http://127.0.0.1:${port}/hangs`, 10_000));
    await waitFor(async () => requests() === hanging.length, { what: 'hanging posts' });
    expect(await post(`http://127.0.0.1:${port}/answers`)).toEqual({ type: 'answered', statusCode: 200 });
  });

  it('is answered by its status, however long the rest goes on', async () => {
    const { port } = await local((_request, response) => {
      response.writeHead(200);
      const pour = setInterval(() => response.write('x'.repeat(65_536)), 5);
      response.on('close', () => clearInterval(pour));
    });
    expect(await inSandbox()(`http://127.0.0.1:${port}/`)).toEqual({ type: 'answered', statusCode: 200 });
  });

  it.each([
    ['nobody listens', 'http://127.0.0.1:9999/', 'connection_failed'],
    ['the name means nothing', 'http://nobody.invalid/', 'name_not_resolved'],
  ])('fails where %s', async (_what, url, error) => {
    expect(await inSandbox()(url, 10_000)).toEqual({ type: 'failed', error });
  });

  it('fails where the connection is cut, or speaks no TLS', async () => {
    const { port } = await local((request) => void request.socket.destroy());
    expect(await inSandbox()(`http://127.0.0.1:${port}/`)).toEqual({
      type: 'failed',
      error: 'connection_failed',
    });
    expect(await inSandbox()(`https://127.0.0.1:${port}/`)).toMatchObject({ type: 'failed' });
  });
});

describe('a signature', () => {
  const [current, previous] = [
    'whsec_Y3VycmVudC1jdXJyZW50LWN1cnJlbnQ=',
    'whsec_cHJldmlvdXMtcHJldmlvdXMtcHJldg==',
  ];
  const now = Date.now();
  const headers = (untilMs: number) =>
    createSigner({ current, previous, previousUntilMs: untilMs }, now)('evt_1', '{"a":1}', new Date(now));
  const verifies = (secret: string, of: Readonly<Record<string, string>>) => {
    try {
      new Webhook(secret).verify('{"a":1}', of);
      return true;
    } catch {
      return false;
    }
  };

  it('is of both secrets while one is rotated, and of the new one alone afterwards', () => {
    const during = headers(now + 1_000);
    expect([verifies(current, during), verifies(previous, during)]).toEqual([true, true]);
    const after = headers(now);
    expect([verifies(current, after), verifies(previous, after)]).toEqual([true, false]);
  });

  it('holds for nothing else', () => {
    expect(verifies('whsec_b3RoZXItb3RoZXItb3RoZXItb3RoZXI=', headers(now))).toBe(false);
    expect(() => new Webhook(current).verify('{"a":2}', headers(now))).toThrow();
    expect(() =>
      new Webhook(current).verify('{"a":1}', { ...headers(now), 'webhook-id': 'evt_2' }),
    ).toThrow();
  });
});
