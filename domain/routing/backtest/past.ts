import type { RoutingInputs } from '../decision.ts';

/** One payment of the past as a back-test sees it: what it was decided with, and what its first attempt came to. */
export interface PastPayment {
  readonly id: string;
  /** Absent in rows of before decisions were kept with their inputs. */
  readonly inputs?: RoutingInputs;
  /** Where it was sent first; absent where it never was. */
  readonly accountId?: string;
  readonly outcome: 'approved' | 'declined' | 'open';
}

/** Why a payment says nothing about the draft. */
export type SkipReason =
  /** Decided before the inputs were kept: nothing to evaluate. */
  | 'old_form'
  /** No attempt was made: canceled, or waiting for its confirmation. */
  | 'never_sent'
  /** Its first attempt is neither approved nor declined (yet). */
  | 'undecided'
  /** The catalogue that it names, or the account it went to, is not known any more. */
  | 'unknown_account';

export const SKIP_REASONS: readonly SkipReason[] = ['old_form', 'never_sent', 'undecided', 'unknown_account'];
