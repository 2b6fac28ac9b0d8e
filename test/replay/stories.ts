import {
  AUTHENTICATION_EDGES,
  AUTHENTICATION_STATUSES,
  isWaiting,
} from '../../domain/authentication/states.ts';
import { CASE_STATUSES } from '../../domain/cases/states.ts';
import { PAYMENT_STATUSES } from '../../domain/payment/states.ts';
import { REFUND_STATUSES } from '../../domain/refund/states.ts';
import type { Kind } from './histories.ts';

const WAITED_FOR = AUTHENTICATION_STATUSES.filter(isWaiting);

/**
 * What there must be a history of. `refused` is a refund that was never made, `unsettled` a challenge that nobody told how it ended. A challenge is there only
 * from when its payer is waited for.
 */
export const STATUSES: Readonly<Record<Kind, readonly string[]>> = {
  payment: PAYMENT_STATUSES,
  refund: [...REFUND_STATUSES, 'refused'],
  delivery: ['idle', 'retrying', 'dead_letters', 'disabled', 'gone', 'continued'],
  case: [...CASE_STATUSES, 'gone', 'continued'],
  reconciliation: ['closed', 'blocked', 'file', 'continued'],
  scheduledReconciliation: ['reconciled', 'under_way', 'day'],
  backtest: ['completed', 'ended', 'continued'],
  // Whatever the test's verdict is called, the workflow does the same.
  experiment: ['running', 'stopped', 'treatment_better', 'gone', 'continued'],
  rollup: ['resting', 'continued'],
  challenge: [...new Set(WAITED_FOR.flatMap((from) => AUTHENTICATION_EDGES[from])), 'unsettled'],
};

/** Statuses that nobody in the sandbox brings about: none of its issuers rejects a payer after a challenge. */
export const NOT_REACHED: Readonly<Record<Kind, readonly string[]>> = {
  payment: [],
  refund: [],
  delivery: [],
  challenge: ['rejected'],
  case: [],
  reconciliation: [],
  scheduledReconciliation: [],
  backtest: [],
  experiment: [],
  rollup: [],
};

/** Ways through a payment or refund that a status alone doesn't tell apart. */
export const STORIES: Readonly<Record<Kind, readonly string[]>> = {
  payment: [
    'succeeded-by-sale',
    'succeeded-by-authorize-then-capture',
    'succeeded-by-two-captures',
    'succeeded-after-failover',
    'succeeded-after-unknown-by-lookup',
    'succeeded-after-unknown-by-resend',
    'failed-by-decline',
    'failed-after-failover',
    'failed-authentication-required',
    'failed-late-success-undone-by-refund',
    'failed-late-success-undone-by-void',
    'canceled-by-void',
    'canceled-before-confirmation',
    'canceled-too-late-unsent',
    'waiting-processing-unknown',
    'waiting-processing-capture-pending',
    'succeeded-refunded-elsewhere',
    'succeeded-hurried-by-operator',
    'succeeded-moved-by-operator',
    'succeeded-resolved-by-operators',
    'canceled-by-operator',
    'canceled-voided-by-operator',
    'canceled-captured-elsewhere',
    'waiting-requires-review-by-policy',
    'succeeded-released-by-operator',
    'canceled-while-held-by-policy',
    'waiting-processing-retry-by-policy',
    'canceled-before-its-retry-by-policy',
    'succeeded-retried-at-once-by-operator',
    'succeeded-retried-in-a-later-generation-by-operator',
    'failed-retried-by-policy',
    'failed-budget-used-up-by-policy',
    ...atBoth(
      'waiting-requires-action-3ds',
      'succeeded-3ds-challenged',
      'succeeded-3ds-stepped-up',
      'succeeded-3ds-frictionless',
      'succeeded-3ds-exempted',
      'succeeded-3ds-not-performed',
      'succeeded-3ds-card-kept',
      'succeeded-3ds-off-session',
      'failed-3ds-failed',
      'failed-3ds-rejected',
      'failed-3ds-timed-out',
      'failed-3ds-abandoned',
      'canceled-3ds-given-up',
    ),
    'waiting-processing-3ds-returned-at-adyen',
    'waiting-requires-action-3ds-returned-at-stripe',
    'waiting-processing-3ds-being-canceled',
    'succeeded-3ds-completed-without-return',
    'succeeded-3ds-completed-while-being-canceled',
    'succeeded-3ds-in-a-later-generation',
    'succeeded-3ds-challenged-after-a-foreign-return',
    'failed-3ds-returned-while-being-canceled',
    'failed-3ds-off-session-wants-the-payer',
    'canceled-3ds-given-up-by-operator',
    'canceled-3ds-paid-otherwise',
  ],
  refund: [
    'succeeded-at-once',
    'succeeded-by-webhook',
    'succeeded-after-pending',
    'succeeded-after-unknown-by-lookup',
    'succeeded-after-unknown-by-resend',
    'succeeded-after-not-attempted',
    'succeeded-hurried-by-operator',
    'succeeded-resolved-by-operators',
    'failed-refused-by-provider',
    'failed-given-up-by-operators',
    'canceled-after-not-attempted',
    'canceled-by-operator',
    'canceled-manual',
    'refused-by-the-balance',
    'waiting-pending-received',
    'waiting-pending-unknown',
    'waiting-requires-review-manual',
    'waiting-requires-review-reversed',
    'waiting-requires-review-unknown',
  ],
  delivery: [
    'waiting-idle',
    'waiting-retrying',
    'waiting-dead-letters',
    'disabled-by-410',
    'disabled-by-its-merchant',
    'gone-deleted',
    'continued-as-new',
  ],
  case: [
    'waiting-open',
    'waiting-open-escalated',
    'waiting-proposed',
    'resolved-by-two',
    'resolved-by-one',
    'resolved-after-a-rejection',
    'resolved-by-others',
    'resolved-when-seen-again',
    'gone',
    'continued-as-new',
  ],
  reconciliation: [
    'closed-clean',
    'closed-with-news-taken-in',
    'closed-run-again',
    'closed-by-an-upload',
    'closed-by-an-upload-while-waiting',
    'closed-without-a-file',
    'closed-though-the-provider-was-away',
    'closed-with-the-provider-asked',
    'blocked-by-its-totals',
    'blocked-by-what-cannot-be-read',
    'waiting-file',
    'continued-as-new',
  ],
  scheduledReconciliation: ['reconciled', 'under-way', 'waiting-day'],
  backtest: ['completed-at-once', 'completed-in-parts', 'ended-when-canceled', 'continued-as-new'],
  experiment: ['waiting-running', 'stopped-by-a-person', 'treatment-better', 'gone', 'continued-as-new'],
  rollup: ['waiting-resting', 'continued-as-new'],
  challenge: [
    ...atBoth(
      'waiting-challenge-required',
      'waiting-returned',
      'challenged',
      'failed',
      'timed-out',
      'abandoned',
    ),
    ...atBoth('abandoned-given-up', 'challenged-after-step-up'),
    'waiting-unknown-being-canceled',
    'challenged-told-by-a-later-generation',
    'completed-without-return',
    'completed-without-return-late',
    'abandoned-though-returned',
    'unsettled-after-its-reminders',
  ],
};

/** Providers differ in how a challenge goes on: one by itself, the other once it is given what the browser brought. */
function atBoth(...stories: readonly string[]): readonly string[] {
  return stories.flatMap((story) => [`${story}-at-stripe`, `${story}-at-adyen`]);
}
