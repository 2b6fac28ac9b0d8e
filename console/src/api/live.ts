import { useQueryClient } from '@tanstack/react-query';
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

/**
 * Opened by the shell while somebody is signed in; the browser reconnects by itself, with the last id it heard. `onRefused`: it
 * was told not to, most likely because the session is over.
 */
export function openStream(onRefused: () => void): () => void {
  const opened = new EventSource(STREAM);
  source = opened;
  become('connecting');
  opened.onopen = () => become('live');
  opened.onerror = () => {
    const isRefused = opened.readyState === EventSource.CLOSED;
    become(isRefused ? 'off' : 'connecting');
    if (isRefused) onRefused();
  };
  const hear = ({ data }: MessageEvent<string>) => {
    const change = parsed(data);
    if (change !== undefined) for (const listener of listeners) listener(change);
  };
  opened.addEventListener('message', hear);
  opened.addEventListener('change', hear);
  return () => {
    opened.close();
    if (source === opened) become('off');
  };
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
      timer = undefined;
      for (const path of latest.current.paths) void client.invalidateQueries({ queryKey: [path] });
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
