import type Stripe from 'stripe';
import { stripeClient } from '../../../providers/stripe/client.ts';
import { stripeConfig } from '../../../providers/stripe/config.ts';
import { REFERENCE_KEY } from '../../../providers/stripe/mapping.ts';
import { openCall } from '../../../providers/transport/index.ts';
import { BENCH_CARD } from '../card.ts';
import type { BaselineCharge, BaselineOrder } from './workflow.ts';

const CALL_DEADLINE_MS = 20_000;

/**
 * The adapter's own request, parameter for parameter, through the adapter's own SDK options and HTTP agent.
 * The agent lets nothing out without a permit, so one is granted here without asking a database: opening the
 * vault, claiming the permit and judging the answer are what the bare activity does without.
 */
export function createBaselineActivities(account: { readonly baseUrl: string; readonly apiKey: string }) {
  const { baseUrl, apiKey } = account;
  const client = stripeClient(stripeConfig({ id: 'bench', baseUrl, settings: {}, secrets: { apiKey } }));
  return {
    async chargeAtStripe(order: BaselineOrder & { readonly key: string }): Promise<BaselineCharge> {
      const { number, exp_month, exp_year } = BENCH_CARD;
      const parameters = {
        amount: order.amountMinor,
        currency: order.currency.toLowerCase(),
        capture_method: 'automatic',
        confirm: true,
        payment_method_types: ['card'],
        payment_method_data: { type: 'card', card: { number, exp_month, exp_year } },
        metadata: { [REFERENCE_KEY]: order.key },
        expand: ['latest_charge'],
      };
      const call = openCall({ totalDeadlineMs: CALL_DEADLINE_MS });
      try {
        call.permitClaimed(performance.now());
        const { id, status } = await call.run(() =>
          client.paymentIntents.create(parameters as unknown as Stripe.PaymentIntentCreateParams, {
            idempotencyKey: order.key,
          }),
        );
        return { id, status };
      } finally {
        call.close();
      }
    },
  };
}

export type BaselineActivities = ReturnType<typeof createBaselineActivities>;
