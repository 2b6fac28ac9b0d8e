/** How a merchant's endpoint takes what comes. The receiver's process and those who drive it agree on this. */
import type { EndpointName } from '../../evidence-types.ts';

export const MODES = [
  /** Answers 200. */
  'well',
  /** Down for half of the time: refuses, cuts, fails, redirects. */
  'flapping',
  /** Takes its time, and for half of the time for ever. */
  'slow',
  /** Takes it, and the answer is lost. */
  'lost',
  /** Takes nothing and says nothing. */
  'hanging',
  /** Fails every other one. */
  'alternating',
] as const;
export type Mode = (typeof MODES)[number];

/** A status, no answer, or a cut connection; after a while, or at once. */
export interface Answer {
  readonly what: number | 'hang' | 'cut';
  readonly afterMs: number;
}

/** Long against a request, short against the waits of the ladder. */
const SPELL_MS = 900;
const FAILURES = [503, 'cut', 500, 302, 'cut', 429] as const;
const SLOW_MS = [80, 250, 600, 1_100] as const;

const at = <T>(list: readonly T[], index: number) => list[index % list.length] as T;

/** What the `count`-th request is answered at this time. */
export function answerTo(mode: Mode, count: number, nowMs: number): Answer {
  const isBadSpell = Math.floor(nowMs / SPELL_MS) % 2 === 1;
  switch (mode) {
    case 'well':
      return { what: 200, afterMs: 0 };
    case 'flapping':
      return { what: isBadSpell ? at(FAILURES, count) : 200, afterMs: 0 };
    case 'slow':
      return isBadSpell ? { what: 'hang', afterMs: 0 } : { what: 200, afterMs: at(SLOW_MS, count) };
    case 'lost':
      return { what: 'cut', afterMs: 0 };
    case 'hanging':
      return { what: 'hang', afterMs: 0 };
    case 'alternating':
      return { what: count % 2 === 0 ? 503 : 200, afterMs: 0 };
  }
}

/** What the receiver reads, again and again: the rig writes it, and it outlives the receiver. */
export interface ReceiverFile {
  readonly endpoints: Readonly<
    Partial<Record<EndpointName, { readonly secret: string; readonly mode: Mode }>>
  >;
}
