import {
  decideAuthorizationExpiry,
  decideCaptureCommand,
  decideConfirmCommand,
  decideUnsent,
  decideVoidCommand,
  expiryTimerMs,
  judgeCommand,
  routed,
} from '../../domain/payment/commands.ts';
import { decideExternalRefund, decideOutcome } from '../../domain/payment/decide.ts';
import { operationNamed } from '../../domain/payment/named.ts';
import { isUnderWay, saysNothingNew } from '../../domain/payment/nothing-new.ts';
import {
  countNotFound,
  decidePark,
  decideVoidByReference,
  isProvenAbsent,
  nextTickMs,
  questions,
  sentAt,
} from '../../domain/payment/resolver.ts';
import { decideScheduledRetry } from '../../domain/payment/retry.ts';
import { transitionOf } from '../../domain/payment/transition.ts';
import {
  decideRefundCancel,
  decideRefundPark,
  judgeRefundCancel,
  judgeRefundOrder,
} from '../../domain/refund/commands.ts';
import { decideRefundOutcome } from '../../domain/refund/decide.ts';
import { refundSaysNothingNew } from '../../domain/refund/nothing-new.ts';
import {
  decideRefundResolution,
  decideRefundRetryNow,
  judgeRefundTestimony,
} from '../../domain/refund/operate.ts';
import { refundTransitionOf } from '../../domain/refund/transition.ts';
import { claimFirstSend, claimResend } from './permits.ts';
import type { Reservation } from './shared-rows.ts';

/** The pure code under test, in one place, so that a deliberately broken part can be put in its stead. */
export const REAL_RULES = {
  routed,
  decideOutcome,
  decideUnsent,
  decideScheduledRetry,
  decideCaptureCommand,
  decideVoidCommand,
  decideConfirmCommand,
  decideAuthorizationExpiry,
  judgeCommand,
  expiryTimerMs,
  transitionOf,
  saysNothingNew,
  isUnderWay,
  questions,
  nextTickMs,
  sentAt,
  countNotFound,
  isProvenAbsent,
  decideVoidByReference,
  decidePark,
  operationNamed,
  decideExternalRefund,
  judgeRefundOrder,
  judgeRefundCancel,
  judgeRefundTestimony,
  decideRefundOutcome,
  decideRefundCancel,
  decideRefundPark,
  decideRefundRetryNow,
  decideRefundResolution,
  refundSaysNothingNew,
  refundTransitionOf,
  claimFirstSend,
  claimResend,
  releaseOnce,
};

/** `released_at IS NULL`: what a release gives back. */
function releaseOnce(reservation: Reservation): number {
  if (reservation.released) return 0;
  reservation.released = true;
  return reservation.amountMinor;
}

export type Rules = typeof REAL_RULES;
