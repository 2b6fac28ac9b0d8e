import { useSyncExternalStore } from 'react';

const TICK_MS = 60_000;
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: 'always', style: 'short' });
const NEARLY_NOW = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' });
const STEPS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [TICK_MS, 'minute'],
] as const;

/**
 * How far away a moment is, in whole steps: 47 hours ago is a day ago and never "yesterday", which would be a day of the calendar.
 * Nothing finer than what ticks: below a minute it is this minute.
 */
export function agoOf(differenceMs: number): string {
  const step = STEPS.find(([ms]) => Math.abs(differenceMs) >= ms);
  if (step === undefined) return NEARLY_NOW.format(0, 'minute');
  const [stepMs, unit] = step;
  return RELATIVE.format(Math.trunc(differenceMs / stepMs), unit);
}

/** One clock a tab, however many times are shown; it runs while any is. */
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let ticks = 0;

/** Hears of every minute that begins to pass, until what it returns is called. */
export function onMinute(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    ticks += 1;
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** What it is rendered in is rendered again each minute. */
export function useMinute(): void {
  useSyncExternalStore(onMinute, () => ticks);
}
