import { type Comparison, subjectOf } from './comparison.ts';
import type { AutoRule, Entry } from './entry.ts';
import type { MismatchType } from './names.ts';
import { type Parts, partsOf } from './parts.ts';
import { type Stake, stakeOf } from './stake.ts';
import { ENTRIES, kindOf, TABLE } from './table.ts';
import type { AutoAction, Disposition, Ending, Severity, Team } from './terms.ts';
import type { Policy } from './tolerance.ts';

/** What a comparison is: `clean`, or exactly one type with what follows from it. The same question has one answer. */
export type Classified = Clean | Break;

export interface Clean {
  readonly verdict: 'clean';
  readonly parts: Parts;
}

export interface Break extends Resolution {
  readonly verdict: MismatchType;
  /** Other types that fit too, for whoever looks. */
  readonly also: readonly MismatchType[];
  readonly subject: string;
  /** By which many cases are disposed of at once: they have this in common. */
  readonly cause: string;
  /** Absent where there is no amount: a file without lines. */
  readonly stake: Stake | undefined;
  readonly parts: Parts;
}

export interface Resolution {
  readonly action: AutoAction | null;
  readonly ending: Ending;
  /** Nothing of the whole file may be posted. */
  readonly stops: boolean;
  readonly proposed: Disposition;
  readonly allowed: readonly Disposition[];
  readonly slaHours: number;
  readonly severity: Severity;
  readonly team: Team;
}

interface Finding {
  readonly type: MismatchType;
  readonly entry: Entry;
  readonly rule: AutoRule | undefined;
}

const CLEAN = { verdict: 'clean', action: null } as const;

export function classify(comparison: Comparison, policy: Policy): Classified {
  const findings = ENTRIES.filter(([, entry]) => entry.compares.includes(comparison.compares))
    .filter(([, entry]) => entry.detect(comparison, policy))
    .map(([type, entry]): Finding => ({ type, entry, rule: ruleOf(entry, comparison, policy) }))
    .toSorted((one, other) => rank(one) - rank(other));
  const [first, ...others] = findings;
  if (first === undefined) return { verdict: 'clean', parts: partsOf(comparison, CLEAN, policy) };
  const resolution = resolutionOf(first.type, comparison, policy);
  const judged = { verdict: first.type, action: resolution.action };
  const parts = partsOf(comparison, judged, policy);
  return {
    verdict: first.type,
    also: others.map(({ type }) => type),
    subject: subjectOf(comparison),
    cause: causeOf(first.type, comparison),
    ...resolution,
    stake: stakeOf(comparison, judged, parts, policy),
    parts,
  };
}

/** What follows once a type is known: what was done by itself, or what people are offered. */
export function resolutionOf(type: MismatchType, comparison: Comparison, policy: Policy): Resolution {
  const entry = TABLE[type];
  const rule = ruleOf(entry, comparison, policy);
  const { proposed, allowed, slaHours, severity, team } = entry;
  return {
    action: rule?.action ?? null,
    ending: rule?.ending ?? 'by_people',
    stops: entry.stops?.applies(comparison, policy) === true,
    proposed,
    allowed,
    slaHours,
    severity,
    team,
  };
}

function ruleOf(entry: Entry, comparison: Comparison, policy: Policy): AutoRule | undefined {
  return entry.auto.find((rule) => rule.applies(comparison, policy));
}

const TIER = 100;

function rank({ entry, rule }: Finding): number {
  const explained = rule?.ending === 'at_once' || rule?.ending === 'nothing';
  const tier = Math.floor(entry.priority / TIER);
  return tier * 2 * TIER + (explained ? TIER : 0) + (entry.priority % TIER);
}

function causeOf(type: MismatchType, comparison: Comparison): string {
  return [kindOf(type), ...commonOf(comparison)].join('/');
}

function commonOf(comparison: Comparison): readonly string[] {
  switch (comparison.compares) {
    case 'line': {
      const { account, line } = comparison;
      const currencies =
        line.currency === line.settlementCurrency
          ? line.currency
          : `${line.currency}-${line.settlementCurrency}`;
      return [account.accountId, line.providerType, currencies];
    }
    case 'booking':
      return [comparison.account.accountId, comparison.booking.kind, comparison.booking.currency];
    case 'file':
      return [comparison.account.accountId];
    case 'payout':
      return [comparison.account.accountId, comparison.payout.currency];
    case 'bank':
      return [comparison.bank.bankAccount, comparison.bank.currency];
  }
}
