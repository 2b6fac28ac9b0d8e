import type { Entry } from './entry.ts';
import { MISMATCH_TYPES, type MismatchType } from './names.ts';
import { AMOUNTS } from './types/amounts.ts';
import { EXISTENCE } from './types/existence.ts';
import { OUTSIDE } from './types/outside.ts';
import { WHOLES } from './types/wholes.ts';

/**
 * The table of all types, exhaustive by type: a name without an entry does not compile. Cases, the report, the API
 * and docs/reconciliation.md read it; nothing else says what a type means.
 */
export const TABLE: Readonly<Record<MismatchType, Entry>> = {
  ...EXISTENCE,
  ...AMOUNTS,
  ...OUTSIDE,
  ...WHOLES,
};

/** In the list's order. */
export const ENTRIES: readonly (readonly [MismatchType, Entry])[] = MISMATCH_TYPES.map((type) => [
  type,
  TABLE[type],
]);

/** As exceptions spell it. */
export function kindOf(type: MismatchType): string {
  return type.toLowerCase();
}
