import type { ExceptionKind } from '../payment/edit.ts';
import type { MismatchType } from '../reconciliation/names.ts';
import type { CaseKindEntry } from './kinds.ts';

/** What the sweeper, the letter box and a day's run open beside payments and refunds. */
export type OtherKind =
  | 'workflow_stuck'
  | 'unmatched_webhook'
  | 'settlement_file_missing'
  | 'settlement_file_refused';

/** A refund made outside is told of by webhooks too; the mismatch's entry holds for both. */
export type OlderKind = Exclude<ExceptionKind, Lowercase<MismatchType>> | OtherKind;

/**
 * Exceptions that no settlement file tells of. Those without a disposition close with the step that ends the doubt,
 * and nobody may close them by decree: an operation that may have moved money stays somebody's.
 */
export const OLDER_KINDS: { readonly [Kind in OlderKind]: CaseKindEntry } = {
  unknown_outcome_parked: {
    title: 'Nobody can say what the provider did',
    advice: 'ask the provider, then `operator retry`, or `operator resolve` with evidence',
    team: 'operations',
    severity: 'high',
    slaHours: 24,
    money: true,
    dispositions: [],
    holds: 'nothing',
  },
  pending_overdue: {
    title: 'The provider accepted it and never said what became of it',
    advice: 'ask the provider, then `operator resolve` with evidence',
    team: 'operations',
    severity: 'high',
    slaHours: 48,
    money: true,
    dispositions: [],
    holds: 'nothing',
  },
  manual_refund: {
    title: 'A refund that the provider cannot make',
    advice:
      'refund the payer by hand, then `operator resolve` as succeeded, or as not executed to give it up',
    team: 'operations',
    severity: 'medium',
    slaHours: 48,
    money: true,
    dispositions: [],
    holds: 'nothing',
  },
  refund_reversed: {
    title: 'The provider took a refund back',
    advice: '`operator retry` sends it once more, or refund by hand and `operator resolve`',
    team: 'operations',
    severity: 'high',
    slaHours: 48,
    money: true,
    dispositions: [],
    holds: 'nothing',
  },
  late_success: {
    title: 'A success turned up after we had gone on without it',
    advice: 'it is being given back: accept it once that is done',
    team: 'operations',
    severity: 'medium',
    slaHours: 24,
    money: true,
    proposed: 'accept',
    dispositions: ['accept'],
    holds: 'suspense_of_payment',
    goesBack: true,
  },
  undo_failed: {
    title: 'A late success that the provider would not take back',
    advice: '`operator retry`, or refund the payer in another way and name how',
    team: 'operations',
    severity: 'critical',
    slaHours: 8,
    money: true,
    proposed: 'refund',
    dispositions: ['refund', 'accept'],
    holds: 'suspense_of_payment',
    goesBack: true,
  },
  refund_excess: {
    title: 'More was given back than was captured',
    advice: 'get it back from the payer or the provider, or write it off',
    team: 'treasury',
    severity: 'high',
    slaHours: 48,
    money: true,
    proposed: 'claim_from_provider',
    dispositions: ['accept', 'write_off', 'claim_from_provider'],
    holds: 'suspense_of_payment',
  },
  capture_failed: {
    title: 'The provider refused a capture',
    advice: 'the payment is capturable again: capture or void it',
    team: 'operations',
    severity: 'medium',
    slaHours: 24,
    money: false,
    proposed: 'accept',
    dispositions: ['accept', 'ignore'],
    holds: 'nothing',
  },
  void_failed: {
    title: 'The provider refused a void',
    advice: 'see at the provider whether the authorization is gone',
    team: 'operations',
    severity: 'medium',
    slaHours: 24,
    money: true,
    proposed: 'accept',
    dispositions: ['accept', 'ignore'],
    holds: 'nothing',
  },
  contradiction: {
    title: 'The provider says two things that cannot both be true',
    advice: "compare with the provider's dashboard",
    team: 'operations',
    severity: 'high',
    slaHours: 24,
    money: true,
    proposed: 'claim_from_provider',
    dispositions: ['accept', 'claim_from_provider', 'ignore'],
    holds: 'nothing',
  },
  workflow_stuck: {
    title: 'A workflow could not go on',
    advice: 'see its failed tasks in Temporal; it is replaced by its next generation',
    team: 'engineering',
    severity: 'critical',
    slaHours: 4,
    money: false,
    proposed: 'accept',
    dispositions: ['accept', 'ignore'],
    holds: 'nothing',
  },
  unmatched_webhook: {
    title: 'A verified webhook that matches nothing we did',
    advice: 'something was done at the provider by hand: link it to what it was about, or ignore it',
    team: 'operations',
    severity: 'low',
    slaHours: 72,
    money: false,
    proposed: 'ignore',
    dispositions: ['accept', 'link', 'ignore'],
    holds: 'nothing',
  },
  settlement_file_missing: {
    title: 'No settlement file came for a business day',
    advice: 'ask the provider, or upload it; a day without business is accepted',
    team: 'treasury',
    severity: 'high',
    slaHours: 24,
    money: false,
    proposed: 'claim_from_provider',
    dispositions: ['accept', 'claim_from_provider', 'ignore'],
    holds: 'nothing',
  },
  settlement_file_refused: {
    title: 'A settlement file that could not be read, or is not this account’s',
    advice: 'get a whole one from the provider and upload it',
    team: 'engineering',
    severity: 'high',
    slaHours: 24,
    money: false,
    proposed: 'claim_from_provider',
    dispositions: ['accept', 'claim_from_provider', 'ignore'],
    holds: 'nothing',
  },
};
