import type { JournalLine, Row, StormEvidence, TableName } from '../evidence-types.ts';
import type { FindingKind } from './finding.ts';
import type { Fate } from './model.ts';

/** One way to break a sound run's evidence, with the fate that it needs and what must be flagged for it. */
export interface Mutation {
  readonly name: string;
  readonly needs: Fate;
  readonly flags: FindingKind;
  readonly apply: (evidence: Loose) => void;
}

/** The evidence with everything writable: a copy, to be broken. */
export type Loose = {
  journals: Record<'stripe' | 'adyen', Loosened<JournalLine>[]>;
  tables: Record<TableName, Record<string, unknown>[]>;
} & { -readonly [K in Exclude<keyof StormEvidence, 'journals' | 'tables'>]: StormEvidence[K] };
type Loosened<T> = { -readonly [K in keyof T]: T[K] };

export function loosened(evidence: StormEvidence): Loose {
  return structuredClone(evidence) as unknown as Loose;
}

export function first<T>(items: readonly T[], which: (item: T) => boolean): T {
  const found = items.find(which);
  if (found === undefined) throw new Error('the run has nothing that this mutation could break');
  return found;
}

export const effect = (evidence: Loose, name: string, provider: 'stripe' | 'adyen' = 'stripe') =>
  first(evidence.journals[provider], (line) => line.effect === name);
export const operation = (evidence: Loose, kind: string) =>
  first(evidence.tables.operation, (row) => row.kind === kind);
export const later = (at: unknown, ms: number) => new Date((at as Date).getTime() + ms);
export const again = (evidence: Loose, line: JournalLine, change: Partial<JournalLine> = {}) => {
  const journal = evidence.journals[line.provider as 'stripe' | 'adyen'];
  journal.push({ ...line, seq: journal.length + 1, ...change });
};
export const arrival = (evidence: Loose, name = 'authorize') =>
  first(evidence.journals.stripe, (line) => line.kind === 'arrival' && line.operation === name);
export const told = (evidence: Loose, change: (body: Record<string, unknown>) => void) => {
  const line = first(evidence.merchant, ({ kind }) => kind === 'answer');
  change((line as unknown as { body: Record<string, unknown> }).body);
};
export const lastAudit = (evidence: Loose) => evidence.tables.audit.at(-1) as Row & Record<string, unknown>;
