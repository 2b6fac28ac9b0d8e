import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventCursor, StoredEvent } from '../../db/read/index.ts';
import { waitFor } from '../../test/support/harness.ts';
import { createApp } from '../app.ts';
import type { ApiDeps } from '../deps.ts';
import { MAX_STREAMS_PER_KEY } from './stream.ts';

/** Streams that go wrong: over real HTTP, with a reader of events that the test holds. */
const KEY = `sk_test_${'a'.repeat(20)}`;
const END: EventCursor = { transactionId: 1_000_000_000n, position: 0n };

let server: Server;
let stopping: AbortController;
let logs: string[];
let readPast: (cursor: EventCursor, limit: number) => Promise<StoredEvent[]>;

beforeEach(async () => {
  stopping = new AbortController();
  logs = [];
  readPast = async () => [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logs.push(chunk.toString('utf8'));
      done();
    },
  });
  const deps = {
    settings: { apiKeyOwner: async () => ({ keyId: 'key', merchantId: 'mer_a', mode: 'test' }) },
    vault: { keyedDigest: (text: string) => text },
    access: { settings: {}, publicUrl: 'http://127.0.0.1', trustedProxies: [] },
    cards: { isLuhnValid: () => false },
    events: {
      end: async () => END,
      cursorOf: async () => ({ transactionId: 0n, position: 0n }),
      after: async (_owner: unknown, cursor: EventCursor, limit: number) =>
        cursor === END ? [] : readPast(cursor, limit),
    },
    isUnavailable: () => false,
    isTooLong: () => false,
    logger: pino(sink),
    stopping: stopping.signal,
  } as unknown as ApiDeps;
  server = createServer(createApp(deps)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => server.close());

const portOf = () => (server.address() as AddressInfo).port;
const open = () =>
  fetch(`http://127.0.0.1:${portOf()}/v1/events/stream?starting_after=evt_1`, {
    headers: { authorization: `Bearer ${KEY}` },
  });

function pageAfter({ position }: EventCursor, limit: number): StoredEvent[] {
  return Array.from({ length: limit }, (_, n) => ({
    id: `evt_${position + BigInt(n + 1)}`,
    mode: 'test',
    paymentId: 'pay_1',
    ownerId: 'ref_1',
    eventSequence: 1,
    type: 'refund.created',
    payload: { createdAtMs: 0, metadata: { filler: 'x'.repeat(500) }, allowed: [] },
    createdAtMs: 0,
    cursor: { transactionId: 1n, position: position + BigInt(n + 1) },
  }));
}

describe('a stream whose events cannot be read', () => {
  it('is cut, so that its reader comes again; the log says why, and its place is free', async () => {
    readPast = async () => {
      throw new Error('the rows are gone');
    };
    for (let n = 0; n < MAX_STREAMS_PER_KEY * 2; n += 1) {
      const response = await open();
      expect(response.status).toBe(200);
      await expect(response.text()).rejects.toThrow();
    }
    const line = logs.map((text) => JSON.parse(text)).find(({ err }) => err !== undefined);
    expect(line).toMatchObject({ level: 50, err: { message: 'the rows are gone' } });
    expect((await fetch(`http://127.0.0.1:${portOf()}/healthz`)).status).toBe(200);
  });
});

describe('a reader that does not read', () => {
  let pages: number;
  let socket: Socket;

  beforeEach(async () => {
    pages = 0;
    readPast = async (cursor, limit) => {
      pages += 1;
      return pageAfter(cursor, limit);
    };
    socket = connect(portOf(), '127.0.0.1');
    socket.pause();
    socket.write(
      `GET /v1/events/stream?starting_after=evt_1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEY}\r\n\r\n`,
    );
    let before = -1;
    const holds = () => {
      const same = pages > 0 && pages === before;
      before = pages;
      return same;
    };
    await waitFor(holds, { what: 'the stream to wait for its reader', intervalMs: 250 });
  });
  afterEach(() => socket.destroy());

  it('is waited for: nothing more is read for it until it goes on', async () => {
    // What fits into the sockets' buffers, not the endless rest.
    expect(pages).toBeLessThan(200);
    const before = pages;
    socket.resume();
    await waitFor(() => pages > before + 20, { what: 'more pages' });
  });

  it('holds up no process that stops', async () => {
    socket.on('error', () => undefined);
    stopping.abort();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    socket.resume();
    await closed;
    expect(logs.map((text) => JSON.parse(text)).at(-1)).toMatchObject({ aborted: true, status: 200 });
  });
});
