import type Stripe from 'stripe';
import type { ListedRefund } from '../provider.ts';
import { fromStripeAmount } from './amounts.ts';
import { REFERENCE_KEY, type Refund, refundSchema } from './mapping.ts';

const REFUND_PAGES = 10;

/** Refunds are listed by intent, newest first, read-after-write. Undefined: there are too many to read. */
export async function listRefunds(client: Stripe, intentId: string): Promise<readonly Refund[] | undefined> {
  const refunds: Refund[] = [];
  for (let page = 0; page < REFUND_PAGES; page += 1) {
    const after = refunds.at(-1)?.id;
    const list = await client.refunds.list({
      payment_intent: intentId,
      limit: 100,
      ...(after === undefined ? {} : { starting_after: after }),
    });
    refunds.push(...list.data.map((item) => refundSchema.parse(item)));
    if (!list.has_more || list.data.length === 0) return refunds;
  }
  return undefined;
}

/** An amount that isn't exact in minor units was not made by us, and cannot be booked: it is left to the total. */
export function listed({ id, amount, currency, metadata, status }: Refund): ListedRefund[] {
  const amountMinor = fromStripeAmount(amount, currency.toUpperCase());
  const reference = metadata[REFERENCE_KEY];
  if (amountMinor === undefined) return [];
  return [
    {
      providerReference: id,
      ...(typeof reference === 'string' ? { reference } : {}),
      amountMinor,
      currency: currency.toUpperCase(),
      made: status === 'succeeded',
    },
  ];
}
