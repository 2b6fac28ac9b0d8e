import type { EventCursor, Owner, StoredEvent } from '../../db/read/index.ts';

/**
 * Follows merchants' events for as long as somebody listens: one poller for each merchant and mode of this process,
 * however many streams there are. It keeps the last few hundred events, from which those who are up to date are
 * served; whoever is behind reads pages of his own until he has caught up.
 */
export interface EventFeed<Event = StoredEvent> {
  /** Batches after the cursor, in order and without a gap; an empty one when nothing came for a heartbeat's time. */
  follow(owner: Owner, after: EventCursor, signal: AbortSignal): AsyncGenerator<readonly Event[]>;
  /** How many merchants and modes are being polled for. */
  polled(): number;
}

/** Where the events come from; all that the feed needs to know of one is where it stands. */
export interface FeedSource<Event> {
  after(owner: Owner, cursor: EventCursor, limit: number): Promise<readonly Event[]>;
  end(): Promise<EventCursor>;
}

interface Placed {
  readonly cursor: EventCursor;
}

export interface FeedOptions {
  readonly pollMs: number;
  readonly heartbeatMs: number;
  /** Events kept of each merchant and mode, and the length of a page. */
  readonly keep: number;
  pollFailed(error: unknown): void;
}

/** Of one merchant and mode, while somebody listens. */
interface Channel<Event> {
  listeners: number;
  /** In order; all that there is after `base`, as of the last poll. */
  recent: Event[];
  base: EventCursor;
  /** Rejects where the end of the events could not be read; each listener hears of it. */
  readonly ready: Promise<void>;
  readonly ended: AbortController;
  readonly waiting: Set<() => void>;
}

export function createEventFeed<Event extends Placed>(
  reader: FeedSource<Event>,
  options: FeedOptions,
): EventFeed<Event> {
  const channels = new Map<string, Channel<Event>>();

  const open = (key: string, owner: Owner): Channel<Event> => {
    const channel: Channel<Event> = {
      listeners: 0,
      recent: [],
      base: { transactionId: 0n, position: 0n },
      ready: reader.end().then((end) => {
        channel.base = end;
        void poll(channel, owner);
      }),
      ended: new AbortController(),
      waiting: new Set(),
    };
    channels.set(key, channel);
    return channel;
  };

  // Counted before anything is awaited, so that nobody's leaving ends a channel that another is about to enter.
  const join = (key: string, owner: Owner): Channel<Event> => {
    const channel = channels.get(key) ?? open(key, owner);
    channel.listeners += 1;
    return channel;
  };

  const leave = (key: string, channel: Channel<Event>): void => {
    channel.listeners -= 1;
    if (channel.listeners > 0) return;
    channel.ended.abort();
    channels.delete(key);
  };

  async function poll(channel: Channel<Event>, owner: Owner): Promise<void> {
    const { signal } = channel.ended;
    while (!signal.aborted) {
      const tail = channel.recent.at(-1)?.cursor ?? channel.base;
      const page = await reader.after(owner, tail, options.keep).catch((error: unknown) => {
        options.pollFailed(error);
        return [];
      });
      if (page.length > 0) append(channel, page, options.keep);
      // A full page may not have been the last one.
      if (page.length < options.keep) await pause(options.pollMs, signal);
    }
  }

  return {
    async *follow(owner, after, signal) {
      const key = `${owner.mode}/${owner.merchantId}`;
      const channel = join(key, owner);
      let cursor = after;
      try {
        await channel.ready;
        while (!signal.aborted) {
          const { base } = channel;
          if (isBefore(cursor, base)) {
            const page = await reader.after(owner, cursor, options.keep);
            const last = page.at(-1)?.cursor ?? cursor;
            // A short page held all that there was, so nothing is left between it and what the channel keeps.
            cursor = page.length < options.keep && isBefore(last, base) ? base : last;
            if (page.length > 0) yield page;
            continue;
          }
          const news = channel.recent.filter((event) => isBefore(cursor, event.cursor));
          cursor = news.at(-1)?.cursor ?? cursor;
          if (news.length > 0) yield news;
          else if (!(await isWoken(channel, options.heartbeatMs, signal))) yield [];
        }
      } finally {
        leave(key, channel);
      }
    },
    polled: () => channels.size,
  };
}

function append<Event extends Placed>(channel: Channel<Event>, page: readonly Event[], keep: number): void {
  channel.recent.push(...page);
  const dropped = channel.recent.splice(0, Math.max(0, channel.recent.length - keep));
  channel.base = dropped.at(-1)?.cursor ?? channel.base;
  for (const wake of channel.waiting) wake();
}

export function isBefore(a: EventCursor, b: EventCursor): boolean {
  return a.transactionId === b.transactionId ? a.position < b.position : a.transactionId < b.transactionId;
}

/** Whether news came before the time was up. */
function isWoken(
  { waiting }: Pick<Channel<unknown>, 'waiting'>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (woken: boolean) => {
      clearTimeout(timer);
      waiting.delete(wake);
      signal.removeEventListener('abort', wake);
      resolve(woken);
    };
    const wake = () => finish(true);
    const timer = setTimeout(finish, timeoutMs, false);
    waiting.add(wake);
    signal.addEventListener('abort', wake);
    if (signal.aborted) wake();
  });
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, durationMs);
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
  });
}
