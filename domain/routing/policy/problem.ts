/** What is wrong with a policy, said so that its author can mend it: where, what, and what to do about it. */
export interface PolicyProblem {
  /** 1 is the first; 0 where the document has no text (a stored one). */
  readonly line: number;
  readonly column: number;
  /** The key's way from the top: `rules.2.when`. */
  readonly path: string;
  readonly message: string;
  readonly hint: string;
}

/** A problem before it has a place in a text. */
export interface Finding {
  readonly path: DocumentPath;
  readonly message: string;
  readonly hint: string;
  /** Characters into the value at `path`, where a part of it is meant. */
  readonly offset?: number;
  /** The key at `path` is meant, and not its value. */
  readonly isKey?: true;
}

export type DocumentPath = readonly (string | number)[];

/** The name that was probably meant: at most a third of its letters are wrong. */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const each of known) {
    const distance = editDistance(name.toLowerCase(), each.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = each;
      bestDistance = distance;
    }
  }
  return best;
}

/** `Did you mean ...?`, or what there is to choose from. */
export function suggestion(name: string, known: readonly string[], what: string): string {
  const meant = didYouMean(name, known);
  if (meant !== undefined) return `Did you mean ${quoted(meant)}?`;
  return known.length === 0 ? `There are no ${what}.` : `Known ${what}: ${listed(known)}.`;
}

export function quoted(name: string): string {
  return `\`${name}\``;
}

const LISTED = 12;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, LISTED).join(', ');
  return names.length > LISTED ? `${shown} and ${names.length - LISTED} more` : shown;
}

/** Levenshtein's distance, given up at `limit`: only near names matter. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substituted, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? limit;
}
