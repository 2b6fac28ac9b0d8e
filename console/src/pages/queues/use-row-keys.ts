import { useEffect, useRef } from 'react';

/**
 * Keys for a list that is worked off: `j` and `k` go to the next and the last row, `x` chooses it, Enter opens it (the focus is on
 * the row's own link, so that is the browser's). Put the ref on what is around the table.
 */
export function useRowKeys<E extends HTMLElement>() {
  const around = useRef<E>(null);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const isForUs = !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
      if (!isForUs || around.current === null || document.querySelector('dialog[open]') !== null) return;
      const rows = [...around.current.querySelectorAll<HTMLElement>('tbody tr')];
      const at = rows.findIndex((row) => row.contains(document.activeElement));
      if (event.key === 'j') focusOn(rows[Math.min(rows.length - 1, at + 1)]);
      else if (event.key === 'k') focusOn(rows[Math.max(0, at - 1)]);
      else if (event.key === 'x') rows[at]?.querySelector<HTMLInputElement>('td.pick input')?.click();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, []);
  return around;
}

/** A row's link, or what else of it can have the focus. */
function focusOn(row: HTMLElement | undefined): void {
  const target = row?.querySelector<HTMLElement>('a') ?? row?.querySelector<HTMLElement>('input, button');
  target?.focus();
  row?.scrollIntoView({ block: 'nearest' });
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const isBox = target instanceof HTMLInputElement && target.type === 'checkbox';
  return !isBox && (target.isContentEditable || target.matches('input, textarea, select'));
}
