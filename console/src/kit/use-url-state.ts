import { useCallback, useMemo, useRef } from 'react';
import { useSearchParams } from 'wouter';

const ONE_STEP_MS = 2_000;

/**
 * A page's filters, kept in its address: a link to the page is a link to what is seen. `defaults` names the parameters
 * and what each is when the address doesn't say; a value that equals its default leaves the address. Declare
 * `defaults` at module scope. Parameters of others (the merchant) stay as they are. Back goes to what was seen before; changes of
 * the same filter that follow each other at once (a name being typed, a slider) are one step.
 */
export function useUrlState<T extends Readonly<Record<string, string>>>(
  defaults: T,
): readonly [{ readonly [K in keyof T]: string }, (change: { readonly [K in keyof T]?: string }) => void] {
  const [search, setSearch] = useSearchParams();
  const state = useMemo(
    () =>
      Object.fromEntries(
        Object.entries(defaults).map(([name, value]) => [name, search.get(name) ?? value]),
      ) as {
        [K in keyof T]: string;
      },
    [defaults, search],
  );
  const last = useRef({ names: '', atMs: 0 });
  const change = useCallback(
    (changed: { readonly [K in keyof T]?: string }) => {
      const step = { names: Object.keys(changed).join(' '), atMs: Date.now() };
      const isSameStep = step.names === last.current.names && step.atMs - last.current.atMs < ONE_STEP_MS;
      last.current = step;
      setSearch(
        (before) => {
          const next = new URLSearchParams(before);
          for (const [name, value] of Object.entries(changed) as [string, string | undefined][]) {
            if (value === undefined || value === defaults[name]) next.delete(name);
            else next.set(name, value);
          }
          return next;
        },
        { replace: isSameStep },
      );
    },
    [defaults, setSearch],
  );
  return [state, change];
}

/** What isn't empty: filters of an address as the API's parameters. */
export function given<T extends Readonly<Record<string, string>>>(
  filters: T,
): { [K in keyof T]?: Exclude<T[K], ''> } {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== '')) as {
    [K in keyof T]?: Exclude<T[K], ''>;
  };
}
