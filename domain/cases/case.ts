import type { Disposition, Severity, Team } from '../reconciliation/terms.ts';
import type { CaseStatus } from './states.ts';

/** An exception as its workflow, the API and the command line know it. Evidence stands in its row alone. */
export interface CaseFile {
  readonly id: string;
  readonly kind: string;
  readonly subjectId: string;
  readonly summary: string;
  /** Cases of one cause may be decided together. */
  readonly cause?: string;
  readonly paymentId?: string;
  readonly merchantId?: string;
  readonly accountId?: string;
  /** What is at stake, without sign; absent where nobody knows. */
  readonly amountMinor?: number;
  readonly currency?: string;
  readonly status: CaseStatus;
  readonly team: Team;
  readonly severity: Severity;
  /** An operator. */
  readonly owner?: string;
  readonly openedAtMs: number;
  /** How often it was opened. */
  readonly openedCount: number;
  /** Absent until its workflow has taken it. */
  readonly dueAtMs?: number;
  /** From its opening to `dueAtMs`, with the time scale in it. */
  readonly slaMs: number;
  readonly escalations: number;
  /** What is proposed, or was carried out. */
  readonly decision?: CaseDecision;
  readonly closedAtMs?: number;
  readonly resolution?: string;
}

export interface CaseDecision {
  readonly status: 'proposed' | 'carried_out';
  readonly type: Disposition;
  /** What the disposition needs to know, see dispositions.ts. */
  readonly target?: string;
  readonly reason: string;
  readonly proposedBy: string;
  readonly proposedAtMs: number;
  readonly approvedBy?: string;
  readonly approvedAtMs?: number;
  /** The posting that it led to, where money moved. */
  readonly ledgerTransactionId?: string;
}

/** What a person tells a case; `reason` stands in its entries. */
export type CaseCommand =
  | { readonly type: 'assign'; readonly owner?: string }
  | { readonly type: 'comment' }
  | DecisionCommand
  | { readonly type: 'approve' }
  | { readonly type: 'reject' };

/** `dispose` is a proposal that its own maker carries out, where the limits let one person decide. */
export interface DecisionCommand {
  readonly type: 'propose' | 'dispose';
  readonly disposition: Disposition;
  readonly target?: string;
}

export interface By {
  /** An operator's id. */
  readonly operator: string;
  readonly reason: string;
  readonly atMs: number;
}
