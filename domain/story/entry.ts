import type { RowKind } from './rows.ts';

/** What an entry is about, for filters. */
export const ENTRY_TOPICS = [
  'request',
  'decision',
  'attempt',
  'authentication',
  'refund',
  'webhook_in',
  'webhook_out',
  'settlement',
  'ledger',
  'operator',
  'case',
  'status',
] as const;
export type EntryTopic = (typeof ENTRY_TOPICS)[number];

export type Severity = 'info' | 'good' | 'warning' | 'bad';

/** One thing that happened. Its texts may quote what merchants and providers wrote: whoever shows them escapes them. */
export interface StoryEntry {
  /** Unique in the story, and the same whenever it is told. */
  readonly id: string;
  readonly atMs: number;
  readonly topic: EntryTopic;
  readonly title: string;
  readonly severity: Severity;
  /** Of use to who looks into the machinery; the story can be followed without it. */
  readonly technical: boolean;
  /** Who or what did it, e.g. `merchant`, `operator:opr_x`, `timer`, `stripe`. */
  readonly actor: string;
  /** The row that tells of it, and which moment of that row's life. */
  readonly source: { readonly kind: RowKind; readonly id: string; readonly moment: string };
  /** The refund that it belongs to; absent: the payment itself. */
  readonly refundId?: string;
  readonly links: readonly StoryLink[];
  /** JSON in the API's words. */
  readonly details: Readonly<Record<string, unknown>>;
}

export interface StoryLink {
  readonly type: 'refund' | 'event' | 'endpoint' | 'case' | 'file' | 'account';
  readonly id: string;
}

/** What a teller says; the rest follows from the row. */
export interface Told {
  readonly moment?: string;
  readonly atMs: number;
  readonly topic: EntryTopic;
  readonly title: string;
  readonly severity?: Severity;
  readonly technical?: boolean;
  readonly actor: string;
  readonly refundId?: string;
  readonly links?: readonly StoryLink[];
  readonly details?: Readonly<Record<string, unknown>>;
}
