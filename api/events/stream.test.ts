import { once } from 'node:events';
import { connect } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../test/support/harness.ts';
import { startTestApi, type TestApi } from '../test-support/harness.ts';
import { eventInsert, insertEvent, randomPaymentId } from '../test-support/rows.ts';
import { MAX_STREAMS_PER_KEY } from './stream.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

interface Message {
  readonly id: string;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever members an event should have.
  readonly data: any;
}

interface Stream {
  readonly status: number;
  readonly headers: Headers;
  readonly messages: Message[];
  /** Settled once the server has ended it; `leave` ends it from here. */
  readonly ended: Promise<void>;
  leave(): void;
}

interface Opening {
  readonly of?: TestApi;
  readonly key?: string;
  readonly query?: string;
  readonly lastEventId?: string;
}

/** An EventSource, as far as these tests need one. */
async function open({ of = api, key = of.keys.a, query = '', lastEventId }: Opening = {}): Promise<Stream> {
  const leaving = new AbortController();
  const response = await fetch(`${of.url}/v1/events/stream${query}`, {
    signal: leaving.signal,
    headers: {
      authorization: `Bearer ${key}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
  });
  const messages: Message[] = [];
  const read = async () => {
    let buffer = '';
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      const parts = (buffer + Buffer.from(chunk).toString('utf8')).split('\n\n');
      buffer = parts.pop() ?? '';
      messages.push(...parts.flatMap(parse));
    }
  };
  const ended = read().catch(() => undefined);
  return {
    status: response.status,
    headers: response.headers,
    messages,
    ended,
    leave: () => leaving.abort(),
  };
}

function parse(text: string): Message[] {
  const fields = Object.fromEntries(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  return fields.data === undefined
    ? []
    : [{ id: fields.id ?? '', event: fields.event ?? '', data: JSON.parse(fields.data) }];
}

const idsOf = ({ messages }: Stream) => messages.map(({ id }) => id);
const has = (stream: Stream, count: number) =>
  waitFor(() => stream.messages.length >= count, { what: `${count} events on the stream` });

describe('a stream', () => {
  it('tells of events as they happen, in the same words as the API', async () => {
    await insertEvent(api, randomPaymentId());
    const stream = await open();
    expect([stream.status, stream.headers.get('content-type'), stream.headers.get('cache-control')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      'no-store',
    ]);
    const id = await insertEvent(api, randomPaymentId(), { type: 'payment.captured' });
    // The one from before may be told too, if an older transaction on this server kept it back until now.
    await waitFor(() => idsOf(stream).includes(id), { what: 'the event' });
    const response = await fetch(`${api.url}/v1/events/${id}`, {
      headers: { authorization: `Bearer ${api.keys.a}` },
    });
    const told = stream.messages.find((each) => each.id === id);
    expect(told).toEqual({ id, event: 'payment.captured', data: await response.json() });
    stream.leave();
  });

  it('goes on after the event that its reader had last, or is told to begin after', async () => {
    const payment = randomPaymentId();
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push(await insertEvent(api, payment));
    const byQuery = await open({ query: `?starting_after=${ids[0]}` });
    // A browser repeats its query when it reconnects; what it has heard since counts for more.
    const byHeader = await open({ query: `?starting_after=${ids[0]}`, lastEventId: ids[2] ?? '' });
    await Promise.all([has(byQuery, 4), has(byHeader, 2)]);
    expect(idsOf(byQuery)).toEqual(ids.slice(1));
    expect(idsOf(byHeader)).toEqual(ids.slice(3));
    byQuery.leave();
    byHeader.leave();
  });

  it('begins after no event that is not there', async () => {
    for (const opening of [{ query: '?starting_after=evt_none' }, { lastEventId: 'evt_none' }]) {
      const stream = await open(opening);
      expect(stream.status).toBe(400);
      expect(stream.headers.get('content-type')).toContain('application/json');
    }
  });

  it('is one merchant’s and one mode’s', async () => {
    const mark = await insertEvent(api, randomPaymentId());
    const mine = await open({ query: `?starting_after=${mark}` });
    await insertEvent(api, randomPaymentId(), { merchantId: 'mer_b' });
    await insertEvent(api, randomPaymentId(), { mode: 'live' });
    const last = await insertEvent(api, randomPaymentId());
    await waitFor(() => idsOf(mine).includes(last), { what: 'the last one' });
    expect(idsOf(mine)).toEqual([last]);
    mine.leave();
  });

  it('answers HEAD without going on for ever', async () => {
    const response = await fetch(`${api.url}/v1/events/stream`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${api.keys.a}` },
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
    expect(await response.text()).toBe('');
  });

  it('is one of a bounded number for each key', async () => {
    const key = api.keys.aLive;
    const streams = await Promise.all(Array.from({ length: MAX_STREAMS_PER_KEY + 3 }, () => open({ key })));
    const statuses = streams.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([...Array(MAX_STREAMS_PER_KEY).fill(200), 429, 429, 429]);
    // Each key has its own.
    const other = await open();
    expect(other.status).toBe(200);
    other.leave();
    streams.find(({ status }) => status === 200)?.leave();
    const next = await waitFor(
      async () => {
        const stream = await open({ key });
        return stream.status === 200 ? stream : undefined;
      },
      { what: 'the place that was left' },
    );
    for (const stream of [...streams, next]) stream.leave();
  });

  it('ends when its key is revoked', async () => {
    const stream = await open({ key: api.keys.b });
    expect(stream.status).toBe(200);
    await api.sql.query(`UPDATE api_key SET revoked_at = now() WHERE merchant_id = 'mer_b'`);
    const revokedAt = Date.now();
    await stream.ended;
    expect(Date.now() - revokedAt).toBeLessThan(4_000);
  });

  it('ends when the process stops, which waits for none', async () => {
    const other = await startTestApi();
    const streams = await Promise.all([open({ of: other }), open({ of: other })]);
    // Browsers open connections ahead of need; one on which nothing is said holds nobody up either.
    const silent = connect(Number(new URL(other.url).port));
    await once(silent, 'connect');
    const began = Date.now();
    await other.close();
    await Promise.all(streams.map(({ ended }) => ended));
    expect(Date.now() - began).toBeLessThan(5_000);
  });
});

describe('streams under load', () => {
  const WRITERS = 6;
  const EVENTS = 40;

  /** Transactions that overlap, commit in another order than they began, and some of which come to nothing. */
  async function write(seed: number): Promise<string[]> {
    const client = new pg.Client({ connectionString: api.ownerUrl });
    await client.connect();
    const ids: string[] = [];
    const payment = randomPaymentId();
    for (let n = 0; n < EVENTS; n += 1) {
      await client.query('BEGIN');
      const [text, values] = eventInsert(payment);
      const { rows } = await client.query(text, values);
      for (let turn = 0; turn < (n * seed) % 5; turn += 1) await client.query('SELECT 1');
      const kept = (n + seed) % 7 !== 0;
      await client.query(kept ? 'COMMIT' : 'ROLLBACK');
      if (kept) ids.push(rows[0].id);
    }
    await client.end();
    return ids;
  }

  it('tell every event once and in its payment’s order, also to a reader that keeps losing its connection', async () => {
    const mark = await insertEvent(api, randomPaymentId());
    const steady = await open({ query: `?starting_after=${mark}` });
    const writing = Promise.all(Array.from({ length: WRITERS }, (_, n) => write(n + 1)));
    const heard: string[] = [];
    let connections = 0;
    let complete = false;
    const flaky = (async () => {
      while (!complete) {
        const stream = await open({ lastEventId: heard.at(-1) ?? mark });
        connections += 1;
        await waitFor(() => stream.messages.length > 0 || complete, { what: 'some' });
        stream.leave();
        await stream.ended;
        heard.push(...idsOf(stream));
      }
    })();
    const written = await writing;
    const all = written.flat();
    await has(steady, all.length);
    await waitFor(() => heard.length >= all.length, { what: 'the flaky reader to hear it all' });
    complete = true;
    await flaky;
    expect(connections).toBeGreaterThan(1);
    for (const ids of [idsOf(steady), heard]) {
      expect(ids.toSorted()).toEqual(all.toSorted());
      for (const own of written) expect(ids.filter((id) => own.includes(id))).toEqual(own);
    }
    expect(steady.messages.map(({ data }) => data.sequence)).toContain(2);
    steady.leave();
  });
});
