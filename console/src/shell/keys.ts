import { useEffect, useRef } from 'react';

interface Shortcuts {
  search(): void;
  help(): void;
  /** The key that followed `g`. */
  go(key: string): void;
}

/** So long after `g` may the second key come. */
const CHORD_MS = 1_200;

/** The console's keys: `/` and Ctrl-K search, `?` help, `g` and a letter goes to a page. Silent while somebody types. */
export function useShortcuts(isOn: boolean, shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    if (!isOn) return;
    let gAt = Number.NEGATIVE_INFINITY;
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        latest.current.search();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const isChord = event.timeStamp - gAt < CHORD_MS;
      gAt = event.key === 'g' ? event.timeStamp : Number.NEGATIVE_INFINITY;
      if (event.key === '/') {
        // Else the slash would be the first letter of what is searched for.
        event.preventDefault();
        latest.current.search();
      } else if (event.key === '?') latest.current.help();
      else if (isChord) latest.current.go(event.key);
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [isOn]);
}

/** In a field a letter is a letter; above an open dialog nothing else opens. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest('input, textarea, select, dialog') !== null;
}
