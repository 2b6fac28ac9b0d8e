import type { Comparison } from '../../comparison.ts';
import type { MismatchType } from '../../names.ts';
import type { AutoAction, Ending } from '../../terms.ts';

/** Of a type: what shows it, and the nearest things that do not. */
export interface Plants {
  readonly positive: readonly Planted[];
  readonly negative: readonly Near[];
}

export interface Planted {
  readonly what: string;
  readonly comparison: Comparison;
  readonly action: AutoAction | null;
  readonly ending: Ending;
  readonly stops: boolean;
}

export interface Near {
  readonly what: string;
  readonly comparison: Comparison;
  readonly verdict: MismatchType | 'clean';
}

export function shows(
  what: string,
  comparison: Comparison,
  action: AutoAction | null,
  ending: Ending,
  stops?: 'stops',
): Planted {
  return { what, comparison, action, ending, stops: stops !== undefined };
}

export function near(what: string, comparison: Comparison, verdict: MismatchType | 'clean'): Near {
  return { what, comparison, verdict };
}
