import { useEffect, useRef } from 'react';

/**
 * `j` and `k` go down and up what is listed (rows of a table, entries of the timeline); Enter follows the link that has the
 * focus. Put the ref on what is around the list.
 */
export function useListKeys<E extends HTMLElement>(
  items = 'tbody tr',
  more: (key: string) => boolean = nothing,
) {
  const around = useRef<E>(null);
  const latest = useRef(more);
  latest.current = more;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const isForUs = !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
      if (!isForUs || around.current === null || document.querySelector('dialog[open]') !== null) return;
      const all = [...around.current.querySelectorAll<HTMLElement>(items)];
      const at = all.findIndex((each) => each.contains(document.activeElement));
      if (event.key === 'j') focusOn(all[Math.min(all.length - 1, at + 1)]);
      else if (event.key === 'k') focusOn(all[Math.max(0, at - 1)]);
      else if (!latest.current(event.key)) return;
      event.preventDefault();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, [items]);
  return around;
}

function nothing(): boolean {
  return false;
}

function focusOn(item: HTMLElement | undefined): void {
  const target = item?.matches('[tabindex], summary, a')
    ? item
    : item?.querySelector<HTMLElement>('summary, a, button');
  target?.focus();
  item?.scrollIntoView({ block: 'nearest' });
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'))
  );
}
