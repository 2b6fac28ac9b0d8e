import type { Entry } from '../reconciliation/entry.ts';
import { MISMATCH_TYPES, type MismatchType } from '../reconciliation/names.ts';
import { TABLE } from '../reconciliation/table.ts';
import type { Disposition, Severity, Team } from '../reconciliation/terms.ts';
import { OLDER_KINDS, type OlderKind } from './older-kinds.ts';

/** Every kind of exception there is: a mismatch's in lower case, a payment's or refund's, and what others open. */
export type CaseKind = Lowercase<MismatchType> | OlderKind;

/** Where a case's money waits in the ledger while nobody has decided. */
export type Holds =
  | 'nothing'
  /** What the payment's late success or excess left in the merchant's suspense. */
  | 'suspense_of_payment'
  /** What the break was opened with: a line's, once it is posted, or what is owed. */
  | 'what_was_recorded';

export interface CaseKindEntry {
  readonly title: string;
  /** What its owner does about it. */
  readonly advice: string;
  readonly team: Team;
  readonly severity: Severity;
  /** From its opening until somebody should have ended it. */
  readonly slaHours: number;
  /** Whether money hangs on it: then an amount above the limit needs a second person, and so does one nobody knows. */
  readonly money: boolean;
  /** What a person is shown first. */
  readonly proposed?: Disposition;
  /** None: it ends with its payment or refund only. */
  readonly dispositions: readonly Disposition[];
  readonly holds: Holds;
  /** The payment itself gives it back, so nothing may be accepted while it is still suspended. */
  readonly goesBack?: boolean;
}

const ofMismatch = (entry: Entry): CaseKindEntry => ({
  title: entry.title,
  advice: entry.explanation,
  team: entry.team,
  severity: entry.severity,
  slaHours: entry.slaHours,
  money: true,
  proposed: entry.proposed,
  dispositions: entry.allowed,
  holds: 'what_was_recorded',
});

const lower = (type: MismatchType) => type.toLowerCase() as Lowercase<MismatchType>;

/** One table for all of them; the mismatches' part is read from theirs, so nothing is said twice. */
export const CASE_KINDS = {
  ...OLDER_KINDS,
  ...Object.fromEntries(MISMATCH_TYPES.map((type) => [lower(type), ofMismatch(TABLE[type])])),
} as { readonly [Kind in CaseKind]: CaseKindEntry };

/** A kind that a newer release opened: a person of operations looks, and another one approves. */
const UNKNOWN_KIND: CaseKindEntry = {
  title: 'An exception of a kind that this release does not know',
  advice: 'see what opened it',
  team: 'operations',
  severity: 'high',
  slaHours: 24,
  money: true,
  dispositions: ['accept', 'ignore'],
  holds: 'nothing',
};

export function kindEntry(kind: string): CaseKindEntry {
  return Object.hasOwn(CASE_KINDS, kind) ? CASE_KINDS[kind as CaseKind] : UNKNOWN_KIND;
}
