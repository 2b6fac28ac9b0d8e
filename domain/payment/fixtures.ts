import { routed } from './commands.ts';
import type { Payment, RouteStep } from './payment.ts';
import { transitionOf } from './transition.ts';

/** Payments to decide about in tests: plain values, with everything that a plan would have written. */
export function stepAt(provider: 'stripe' | 'adyen', changes: Partial<RouteStep> = {}): RouteStep {
  const sale = provider === 'stripe';
  return {
    accountId: `pa_${provider}`,
    provider,
    connectorVersion: '1',
    automaticCapture: sale ? 'sale' : 'authorize_then_capture',
    multipleCaptures: !sale,
    authorizationLifetimeMs: 7 * 24 * 3_600_000,
    replaysByKey: true,
    keyWindowMs: 24 * 3_600_000,
    visibilityHorizonMs: 60_000,
    canLookup: sale,
    canVoidByReference: !sale,
    canRefund: true,
    ...changes,
  };
}

export const NOW = 1_800_000_000_000;

export function draft(changes: Partial<Payment> = {}): Payment {
  return {
    id: `pay_${'a'.repeat(26)}`,
    merchantId: 'mer_1',
    mode: 'test',
    generation: 1,
    sequence: 0,
    status: 'processing',
    amountMinor: 1_000,
    currency: 'EUR',
    captureMethod: 'automatic',
    paymentMethodId: 'pm_1',
    amountAuthorizedMinor: 0,
    amountCapturedMinor: 0,
    amountRefundedMinor: 0,
    route: [stepAt('stripe'), stepAt('adyen')],
    attempts: [],
    completeByMs: NOW + 120_000,
    createdAtMs: NOW,
    metadata: {},
    ...changes,
  };
}

/** A payment whose first attempt has been written and waits to be sent. */
export function planned(changes: Partial<Payment> = {}): Payment {
  const before = draft(changes);
  return transitionOf(before, routed(before, 'first'), { type: 'created', actor: 'test' }, NOW).payment;
}
