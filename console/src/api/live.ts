import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import type { ReadPath } from './query.ts';

/** What the stream tells: that something changed, never what it is now. Pages read again what they show. */
export interface Change {
  readonly type: string;
  readonly payment?: string;
  readonly [name: string]: unknown;
}

export type LiveState = 'connecting' | 'live' | 'off';

const STREAM = '/v1/operator/stream';
/** However much happens, a page reads again at most this often. */
const REFRESH_MS = 1_000;

/** One connection a tab, whoever listens: browsers allow few to a host. */
const listeners = new Set<(change: Change) => void>();
const watchers = new Set<() => void>();
let source: EventSource | undefined;
let state: LiveState = 'off';

function become(next: LiveState): void {
  state = next;
  for (const watcher of watchers) watcher();
}

export interface StreamNews {
  /** It was closed for good, most likely because the session is over. It is tried again all the same. */
  refused(): void;
  /** It is open again: what happened meanwhile was not heard. */
  reopened(): void;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Opened by the shell while somebody is signed in. The browser reconnects by itself only after a broken connection; after a refusal
 * (the API restarting behind a proxy, too many streams) it gives up, and the stream is opened anew here, after a pause that doubles.
 * A tab that nobody looks at holds none: over HTTP/1.1 six tabs would hold all the connections that a browser has for a host.
 */
export function openStream(news: StreamNews): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let refusals = 0;
  let wasOpen = false;
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
    become('off');
  };
  const open = () => {
    close();
    const opened = new EventSource(STREAM);
    source = opened;
    become('connecting');
    opened.onopen = () => {
      refusals = 0;
      become('live');
      if (wasOpen) news.reopened();
      wasOpen = true;
    };
    opened.onerror = () => {
      if (opened.readyState !== EventSource.CLOSED) return become('connecting');
      become('off');
      const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** refusals);
      refusals += 1;
      // Spread, so that not every tab comes back in the same moment.
      timer = setTimeout(open, waitMs * (0.75 + Math.random() / 2));
      news.refused();
    };
    opened.addEventListener('message', hear);
    opened.addEventListener('change', hear);
  };
  const look = () => {
    if (document.hidden) close();
    else if (source === undefined) open();
  };
  look();
  document.addEventListener('visibilitychange', look);
  return () => {
    document.removeEventListener('visibilitychange', look);
    close();
  };
}

function hear({ data }: MessageEvent<string>): void {
  const change = parsed(data);
  if (change !== undefined) for (const listener of listeners) listener(change);
}

function parsed(text: string): Change | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'type' in value ? (value as Change) : undefined;
  } catch {
    return undefined;
  }
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => state,
  );
}

/**
 * Has these paths read again, unless one of them is being read: that read would be ended by the new one, and where news come faster
 * than answers, no answer would ever come.
 */
export function isRefreshed(client: QueryClient, paths: readonly ReadPath[]): boolean {
  if (paths.some((path) => client.isFetching({ queryKey: [path] }) > 0)) return false;
  for (const path of paths) void client.invalidateQueries({ queryKey: [path] });
  return true;
}

/**
 * Reads these paths again when something has changed: `useLive(['/v1/operator/payments'])`. `filter` leaves out what the page
 * doesn't show, e.g. other payments.
 */
export function useLive(paths: readonly ReadPath[], filter: (change: Change) => boolean = () => true): void {
  const client = useQueryClient();
  const latest = useRef({ paths, filter });
  latest.current = { paths, filter };
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refresh = () => {
      timer = isRefreshed(client, latest.current.paths) ? undefined : setTimeout(refresh, REFRESH_MS);
    };
    const listener = (change: Change) => {
      if (timer === undefined && latest.current.filter(change)) timer = setTimeout(refresh, REFRESH_MS);
    };
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      clearTimeout(timer);
    };
  }, [client]);
}
