import { declineFor } from '../declines.ts';
import type { WebhookEvidence } from '../provider.ts';
import { fromStripeAmount } from './amounts.ts';

/**
 * What a Stripe event claims of an operation (docs.stripe.com/api/events/types). Its events are hints: a
 * claim is never believed, it only tells whether the event can be news. An event that isn't in the table
 * has no claim, so it wakes the payment and makes it ask.
 */
type Claim = (
  amounts: Readonly<Record<string, unknown>>,
) => Pick<WebhookEvidence, 'kind' | 'outcome' | 'amountMinor'> | undefined;

/** No identifier of the provider's is taken over from a claim. */
const providerReference = '';

const nothing: Claim = () => ({ kind: 'authorize', outcome: { type: 'pending', providerReference } });
const declined: Claim = () => ({
  kind: 'authorize',
  outcome: { type: 'declined', decline: declineFor('generic_decline', { providerCode: 'event' }) },
});

const CLAIMS: Readonly<Record<string, Claim>> = {
  'payment_intent.created': nothing,
  'payment_intent.processing': nothing,
  'charge.succeeded': nothing,
  'charge.pending': nothing,
  'charge.captured': nothing,
  'charge.updated': nothing,
  'charge.failed': declined,
  'payment_intent.payment_failed': declined,
  'payment_intent.requires_action': () => ({
    kind: 'authorize',
    outcome: { type: 'requires_action', action: 'event' },
  }),
  'payment_intent.canceled': () => ({ kind: 'authorize', outcome: { type: 'voided' } }),
  'payment_intent.amount_capturable_updated': (object) =>
    money('authorized', object, object.amount_capturable),
  'payment_intent.succeeded': (object) => money('captured', object, object.amount_received),
  'refund.created': refund,
  'refund.updated': refund,
  'charge.refund.updated': refund,
  'refund.failed': refund,
  // Of the charge as a whole, whoever refunded it: more than what is known means that somebody else did.
  'charge.refunded': (object) => {
    const amountMinor = minorOf(object, object.amount_refunded);
    if (amountMinor === undefined) return undefined;
    return { kind: 'refund', amountMinor, outcome: { type: 'refunded', providerReference, amountMinor } };
  },
};

/** A refund by its own state; only the failed and the canceled are taken back or never made. */
function refund(object: Readonly<Record<string, unknown>>): ReturnType<Claim> {
  const amountMinor = minorOf(object, object.amount);
  const own = typeof object.id === 'string' ? object.id : '';
  if (amountMinor === undefined) return undefined;
  switch (object.status) {
    case 'succeeded':
      return {
        kind: 'refund',
        amountMinor,
        outcome: { type: 'refunded', providerReference: own, amountMinor },
      };
    case 'failed':
    case 'canceled': {
      const decline = declineFor('processing_error', { providerCode: 'event' });
      return { kind: 'refund', amountMinor, outcome: { type: 'declined', decline } };
    }
    default:
      return { kind: 'refund', amountMinor, outcome: { type: 'pending', providerReference: own } };
  }
}

function minorOf(object: Readonly<Record<string, unknown>>, amount: unknown): number | undefined {
  const currency = typeof object.currency === 'string' ? object.currency.toUpperCase() : '';
  return typeof amount === 'number' ? fromStripeAmount(amount, currency) : undefined;
}

function money(
  type: 'authorized' | 'captured',
  object: Readonly<Record<string, unknown>>,
  amount: unknown,
): ReturnType<Claim> {
  const currency = typeof object.currency === 'string' ? object.currency.toUpperCase() : '';
  const amountMinor = minorOf(object, amount);
  if (amountMinor === undefined) return undefined;
  return { kind: 'authorize', outcome: { type, providerReference, amountMinor, currency } };
}

export function claimOf(
  eventType: string,
  object: Readonly<Record<string, unknown>>,
  reference: string,
): WebhookEvidence | undefined {
  const claim = Object.hasOwn(CLAIMS, eventType) ? CLAIMS[eventType]?.(object) : undefined;
  return claim === undefined ? undefined : { ...claim, reference };
}
