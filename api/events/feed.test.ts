import { describe, expect, it } from 'vitest';
import type { EventCursor, EventReader, StoredEvent } from '../../db/read/index.ts';
import { waitFor } from '../../test/support/harness.ts';
import { createEventFeed, type EventFeed, isBefore } from './feed.ts';
import { createEventStreams } from './stream.ts';

/** The feed by itself, over rows that the test holds. That streams lose nothing over a real Postgres is stream.test's. */
const owner = { merchantId: 'mer_a', mode: 'test' } as const;
const START: EventCursor = { transactionId: 0n, position: 0n };
const options = { pollMs: 2, heartbeatMs: 60_000, keep: 4, pollFailed: () => undefined };

function rowsOf() {
  const rows: StoredEvent[] = [];
  const reads = { count: 0, fail: 0 };
  const write = (count = 1): void => {
    for (let n = 0; n < count; n += 1) {
      const position = BigInt(rows.length + 1);
      rows.push({
        id: `evt_${position}`,
        mode: 'test',
        paymentId: 'pay_1',
        ownerId: 'ref_1',
        eventSequence: rows.length + 1,
        type: 'refund.created',
        payload: { createdAtMs: 0, metadata: {}, allowed: [] },
        createdAtMs: 0,
        cursor: { transactionId: position, position },
      });
    }
  };
  const reader: EventReader = {
    find: async () => undefined,
    list: async () => ({ type: 'unknown_cursor' }),
    cursorOf: async () => undefined,
    end: async () => rows.at(-1)?.cursor ?? START,
    async after(_owner, cursor, limit) {
      reads.count += 1;
      if (reads.fail > 0) {
        reads.fail -= 1;
        throw new Error('away');
      }
      return rows.filter((row) => isBefore(cursor, row.cursor)).slice(0, limit);
    },
  };
  return { rows, reads, write, reader };
}

/** Reads until it has so many, as fast as the test lets it. */
function reading(feed: EventFeed, after: EventCursor, wait = async () => {}) {
  const leave = new AbortController();
  const ids: string[] = [];
  const done = (async () => {
    for await (const batch of feed.follow(owner, after, leave.signal)) {
      ids.push(...batch.map(({ id }) => id));
      await wait();
    }
  })();
  return {
    ids,
    async leave() {
      leave.abort();
      await done;
    },
  };
}

const upTo = (last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, n) => `evt_${first + n}`);

describe('a follower', () => {
  it('gets what was there, many pages of it, and then what comes, each once and in order', async () => {
    const { write, reader } = rowsOf();
    write(11);
    const feed = createEventFeed(reader, options);
    const follower = reading(feed, START);
    await waitFor(() => follower.ids.length === 11, { what: 'the past' });
    for (let n = 12; n <= 30; n += 1) {
      write();
      await waitFor(() => follower.ids.length === n, { what: `event ${n}` });
    }
    await follower.leave();
    expect(follower.ids).toEqual(upTo(30));
  });

  it('that is slow falls behind what is kept, and still misses nothing', async () => {
    const { write, reader } = rowsOf();
    const feed = createEventFeed(reader, options);
    let release = () => {};
    let gate = Promise.resolve();
    const slow = reading(feed, START, () => gate);
    const fast = reading(feed, START);
    write();
    await waitFor(() => slow.ids.length === 1 && fast.ids.length === 1, { what: 'the first' });
    gate = new Promise((resolve) => {
      release = resolve;
    });
    write();
    await waitFor(() => slow.ids.length === 2, { what: 'the second' });
    for (let n = 0; n < 10; n += 1) {
      write(2);
      await waitFor(() => fast.ids.length === 4 + 2 * n, { what: 'the fast one' });
    }
    expect(slow.ids).toEqual(upTo(2));
    release();
    await waitFor(() => slow.ids.length === 22, { what: 'the slow one' });
    expect([slow.ids, fast.ids]).toEqual([upTo(22), upTo(22)]);
    await Promise.all([slow.leave(), fast.leave()]);
  });

  it('that begins where nothing is hears only of what comes', async () => {
    const { write, reader } = rowsOf();
    write(3);
    const feed = createEventFeed(reader, options);
    const follower = reading(feed, await reader.end());
    write(2);
    await waitFor(() => follower.ids.length === 2, { what: 'the news' });
    expect(follower.ids).toEqual(upTo(5, 4));
    await follower.leave();
  });
});

describe('the poller', () => {
  it('is one for all followers of a merchant, and ends with the last of them', async () => {
    const { reads, write, reader } = rowsOf();
    const feed = createEventFeed(reader, options);
    const followers = Array.from({ length: 20 }, () => reading(feed, START));
    write(3);
    await waitFor(() => followers.every(({ ids }) => ids.length === 3), { what: 'all' });
    expect(feed.polled()).toBe(1);
    await Promise.all(followers.map((each) => each.leave()));
    expect(feed.polled()).toBe(0);
    // The poll that was under way is the last one.
    const { count } = reads;
    const again = reading(feed, START);
    await waitFor(() => again.ids.length === 3, { what: 'a new one' });
    expect(reads.count).toBeGreaterThan(count);
    await again.leave();
  });

  it('asks again when the database was away, and says so', async () => {
    const { reads, write, reader } = rowsOf();
    const told: unknown[] = [];
    const feed = createEventFeed(reader, { ...options, pollFailed: (error) => told.push(error) });
    const follower = reading(feed, START);
    await waitFor(() => reads.count > 0, { what: 'a first look' });
    reads.fail = 3;
    await waitFor(() => told.length === 3, { what: 'the failures' });
    write();
    await waitFor(() => follower.ids.length === 1, { what: 'the event' });
    await follower.leave();
  });
});

describe('a stream', () => {
  it('says that it is alive while nothing happens', async () => {
    const { reader } = rowsOf();
    const streams = createEventStreams(reader, { ...options, heartbeatMs: 5 });
    const leave = new AbortController();
    const { stream } = streams.open({ keyId: 'key', ...owner }, START);
    const chunks: string[] = [];
    for await (const chunk of stream(leave.signal)) {
      chunks.push(chunk);
      if (chunks.length === 3) leave.abort();
    }
    expect(chunks).toEqual(['retry: 1000\n\n', ': nothing new\n\n', ': nothing new\n\n']);
  });
});
