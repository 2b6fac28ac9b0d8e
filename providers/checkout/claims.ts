import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import { declineFor } from '../declines.ts';
import type { WebhookEvidence } from '../provider.ts';
import { fromCheckoutAmount } from './amounts.ts';

/** What an event is about. */
export interface EventData {
  readonly paymentId: string;
  readonly actionId: string | undefined;
  readonly amount: number | undefined;
  readonly currency: string;
}

/**
 * What an event claims of an operation. Checkout.com's events are hints: a claim is never believed, it only tells whether the
 * event can be news. An event that isn't in the table has no claim, so it wakes the payment and makes it ask.
 */
type Claim = (
  event: EventData & { readonly amountMinor: number },
) => Pick<WebhookEvidence, 'kind' | 'outcome' | 'amountMinor'>;

// What was accepted and not carried out (payment_capture_declined and the like) is asked about: it has a code.
const declined: Claim = () => ({
  kind: 'authorize',
  outcome: { type: 'declined', decline: declineFor('generic_decline', { providerCode: 'event' }) },
});

const ended: Claim = () => ({ kind: 'authorize', outcome: { type: 'voided' } });

const CLAIMS: Readonly<Record<string, Claim>> = {
  payment_pending: () => ({ kind: 'authorize', outcome: { type: 'requires_action', action: 'event' } }),
  payment_approved: ({ amountMinor, currency, paymentId: providerReference }) => ({
    kind: 'authorize',
    outcome: { type: 'authorized', providerReference, amountMinor, currency },
  }),
  payment_declined: declined,
  payment_authentication_failed: declined,
  payment_canceled: ended,
  payment_expired: ended,
  payment_captured: (event) => moved('capture', event, (money) => ({ type: 'captured', ...money })),
  payment_voided: () => ({ kind: 'void', outcome: { type: 'voided' } }),
  payment_refunded: (event) => moved('refund', event, (money) => ({ type: 'refunded', ...money })),
};

function moved(
  kind: 'capture' | 'refund',
  { amountMinor, currency, actionId: providerReference = '' }: Parameters<Claim>[0],
  outcome: (money: {
    readonly providerReference: string;
    readonly amountMinor: number;
    readonly currency: string;
  }) => OperationOutcome,
): ReturnType<Claim> {
  return { kind, amountMinor, outcome: outcome({ providerReference, amountMinor, currency }) };
}

export function claimOf(eventType: string, event: EventData, reference: string): WebhookEvidence | undefined {
  const claim = Object.hasOwn(CLAIMS, eventType) ? CLAIMS[eventType] : undefined;
  const { amount, currency } = event;
  const amountMinor = amount === undefined ? undefined : fromCheckoutAmount(amount, currency);
  if (claim === undefined || amountMinor === undefined) return undefined;
  return { ...claim({ ...event, amountMinor }), reference };
}
