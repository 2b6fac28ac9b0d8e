/**
 * Remembers for a moment what was found, so that a busy key or account costs the database one question, and
 * a change takes hold within that moment. What was not found is not remembered: guesses cost the guesser a
 * look-up each and cannot fill the memory.
 */
export function createShortCache<T>(
  load: (key: string) => Promise<T | undefined>,
  options: { readonly ttlMs: number; readonly max: number },
): (key: string) => Promise<T | undefined> {
  const cached = new Map<string, { readonly value: Promise<T | undefined>; readonly untilMs: number }>();
  return (key) => {
    const hit = cached.get(key);
    if (hit !== undefined && hit.untilMs > performance.now()) return hit.value;
    const forget = () => cached.delete(key);
    const value = load(key);
    value.then((found) => (found === undefined ? forget() : found), forget);
    if (cached.size >= options.max) cached.clear();
    cached.set(key, { value, untilMs: performance.now() + options.ttlMs });
    return value;
  };
}
