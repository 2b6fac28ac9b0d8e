import type { Change, ChangeReader, EventCursor } from '../../db/read/index.ts';
import { createEventFeed, type FeedOptions } from '../events/feed.ts';
import { createPlaces, MAX_STREAMS_PER_KEY, RECONNECT_AFTER_MS, STREAM_HEADERS } from '../events/stream.ts';
import type { StreamReply } from '../route.ts';

/**
 * What the console listens to: that something happened to a payment, of whichever merchant. One poller for all tabs of this
 * process; whoever hears of it reads again what he shows, so a busy second needs no more than one word a payment.
 */
export interface ChangeStreams {
  /** Throws the problem where the operator holds as many streams as one may. */
  open(operatorId: string, after: EventCursor | undefined): Promise<StreamReply>;
}

/** One channel for everybody: the feed knows its channels by an owner. */
const EVERYBODY = { merchantId: '*', mode: 'live' } as const;
/** More payments than these in one batch are told of as many, by one word. */
const MOST_NAMED = 50;

export function createChangeStreams(
  deps: { readonly stories: { readonly changes: ChangeReader } },
  options: FeedOptions,
): ChangeStreams {
  const feed = createEventFeed<Change>(
    {
      after: (_everybody, cursor, limit) => deps.stories.changes.after(cursor, limit),
      end: () => deps.stories.changes.end(),
    },
    options,
  );
  const places = createPlaces(MAX_STREAMS_PER_KEY);

  async function* chunks(after: EventCursor, signal: AbortSignal): AsyncGenerator<string> {
    yield `retry: ${RECONNECT_AFTER_MS}\n\n`;
    for await (const changes of feed.follow(EVERYBODY, after, signal)) {
      yield changes.length === 0 ? ': nothing new\n\n' : framesOf(changes);
    }
  }

  return {
    async open(operatorId, after) {
      const from = after ?? (await deps.stories.changes.end());
      const leave = places.take(operatorId);
      return {
        status: 200,
        headers: STREAM_HEADERS,
        stream(signal) {
          signal.addEventListener('abort', leave, { once: true });
          return chunks(from, signal);
        },
      };
    },
  };
}

/** Of each payment the last word of the batch; the ids stay in order, so that a reader who comes back misses nothing. */
function framesOf(changes: readonly Change[]): string {
  const last = new Map(changes.map((change) => [change.paymentId, change] as const));
  const named = changes.filter((change) => last.get(change.paymentId) === change);
  const end = named.at(-1);
  if (named.length > MOST_NAMED && end !== undefined) return frame(end.id, { type: 'many' });
  return named
    .map(({ id, paymentId, merchantId, mode, type }) =>
      frame(id, { type, payment: paymentId, merchant: merchantId, mode }),
    )
    .join('');
}

function frame(id: string, data: object): string {
  return `id: ${id}\nevent: change\ndata: ${JSON.stringify(data)}\n\n`;
}
