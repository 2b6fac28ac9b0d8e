import type { EventCursor, EventReader, Owner, StoredEvent } from '../../db/read/index.ts';
import type { ApiKeyOwner } from '../../db/settings/index.ts';
import { problem } from '../problems.ts';
import type { StreamReply } from '../route.ts';
import { createEventFeed, type FeedOptions } from './feed.ts';
import { renderEvent } from './render.ts';

/** Server-sent events (HTML Living Standard 9.2), of which a browser's EventSource and curl are readers alike. */
export interface EventStreams {
  /** Throws the problem where the key holds as many streams as it may. Counted from here to the signal's abort. */
  open(caller: ApiKeyOwner, after: EventCursor): StreamReply;
}

/** As many as one key may hold open in one process. */
export const MAX_STREAMS_PER_KEY = 10;
export const RECONNECT_AFTER_MS = 1_000;

export const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // Proxies that collect answers would collect this one for ever.
  'X-Accel-Buffering': 'no',
} as const;

export function createEventStreams(reader: EventReader, options: FeedOptions): EventStreams {
  const feed = createEventFeed(reader, options);
  const places = createPlaces(MAX_STREAMS_PER_KEY);
  // Streams of one merchant get the same objects from the feed: each is rendered once.
  const frames = new WeakMap<StoredEvent, string>();
  const frameOf = (event: StoredEvent): string => {
    const known = frames.get(event) ?? frame(event);
    frames.set(event, known);
    return known;
  };

  async function* chunks(owner: Owner, after: EventCursor, signal: AbortSignal): AsyncGenerator<string> {
    yield `retry: ${RECONNECT_AFTER_MS}\n\n`;
    for await (const events of feed.follow(owner, after, signal)) {
      // A comment: it keeps proxies from closing what looks idle, and finds out that a caller has gone.
      yield events.length === 0 ? ': nothing new\n\n' : events.map(frameOf).join('');
    }
  }

  return {
    open({ keyId, merchantId, mode }, after) {
      const leave = places.take(keyId);
      return {
        status: 200,
        headers: STREAM_HEADERS,
        stream(signal) {
          signal.addEventListener('abort', leave, { once: true });
          return chunks({ merchantId, mode }, after, signal);
        },
      };
    },
  };
}

/** Counts who holds how many streams open in this process. */
export function createPlaces(most: number) {
  const held = new Map<string, number>();
  return {
    /** Throws the problem where all are taken; else answers how to give the place back. */
    take(holder: string): () => void {
      const open = (held.get(holder) ?? 0) + 1;
      if (open > most) throw problem('too_many_streams');
      held.set(holder, open);
      return () => {
        const left = (held.get(holder) ?? 1) - 1;
        if (left > 0) held.set(holder, left);
        else held.delete(holder);
      };
    },
  };
}

function frame(event: StoredEvent): string {
  return `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(renderEvent(event))}\n\n`;
}
