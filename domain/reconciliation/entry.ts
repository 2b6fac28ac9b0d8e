import type { Comparison, LineComparison } from './comparison.ts';
import type { AutoAction, Compared, Disposition, Ending, Severity, Team } from './terms.ts';
import type { Policy } from './tolerance.ts';

/** One type of mismatch: all that is to be known of it. A new one is an entry in types/ and its name in names.ts. */
export interface Entry {
  /** In the public list of types. */
  readonly number: number;
  readonly compares: readonly Compared[];
  readonly title: string;
  /** For people: what was seen, and what it may mean. */
  readonly explanation: string;
  readonly detect: Detector;
  /**
   * The lower wins where several types fit. Hundreds are tiers: what a row *is* before what it is worth. Within a tier
   * a type that stays open wins over one that is explained, so that no tolerance hides a finding.
   */
  readonly priority: number;
  /** What is done without a person; the first that applies. */
  readonly auto: readonly AutoRule[];
  /** What people are offered where nothing applies, and what they may decide. */
  readonly proposed: Disposition;
  readonly allowed: readonly Disposition[];
  readonly slaHours: number;
  readonly severity: Severity;
  readonly team: Team;
  /** Whether nothing of the whole file may be posted while it is open. */
  readonly stops?: { readonly when: string; readonly applies: Detector };
}

export interface AutoRule {
  readonly action: AutoAction;
  /** For people: under which condition, as words that follow "when". */
  readonly when: string;
  readonly applies: Detector;
  readonly ending: Ending;
}

export type Detector = (comparison: Comparison, policy: Policy) => boolean;

export const always: Detector = () => true;

/** Of one kind of comparison; false for every other. */
export function on<Kind extends Compared>(
  kind: Kind,
  detect: (comparison: Extract<Comparison, { compares: Kind }>, policy: Policy) => boolean,
): Detector {
  return (comparison, policy) =>
    comparison.compares === kind && detect(comparison as Extract<Comparison, { compares: Kind }>, policy);
}

export function onLine(detect: (comparison: LineComparison, policy: Policy) => boolean): Detector {
  return on('line', detect);
}
