/**
 * Where two people are wanted, what counts is who stands behind whoever acts. An actor is a person (`operator:<id>`, one row
 * and so one name for their password and their own key) or a merchant's key (`key:<id>`), and a key that somebody made is its
 * maker. A key of no known maker, from the terminal or from before makers were kept, stands for itself.
 */

/** By whom each actor was made, as far as anybody made it. */
export type Makers = ReadonlyMap<string, string>;

/** Follows makers up to one that nobody made. */
export function standsBehind(actor: string, makers: Makers): string {
  const seen = new Set<string>();
  let behind = actor;
  for (;;) {
    const maker = makers.get(behind);
    // Rows that went round in a circle would name nobody; they must not hold up whoever asks.
    if (maker === undefined || seen.has(maker)) return behind;
    seen.add(maker);
    behind = maker;
  }
}

/** Whether `actor` is a second person beside all of these. */
export function isSecondPerson(actor: string, others: readonly string[], makers: Makers): boolean {
  const own = standsBehind(actor, makers);
  return others.every((other) => standsBehind(other, makers) !== own);
}
