// The same adapters against the providers' real test platforms, where the environment holds a test key.
// Only what a test account can always do: approve, capture, void, refund, decline, replay a key.
import { afterAll, describe, expect, it } from 'vitest';
import { adyen } from '../../providers/adyen/index.ts';
import { checkout } from '../../providers/checkout/index.ts';
import type { Provider, ProviderAccount } from '../../providers/provider.ts';
import { stripe } from '../../providers/stripe/index.ts';
import type { ContractSubject } from './parts.ts';
import { perform, type Rig, referenceFrom, TestPayment } from './rig.ts';
import { adyenSubject, card, checkoutSubject, stripeSubject } from './subjects.ts';

const { STRIPE_TEST_KEY, ADYEN_TEST_KEY, ADYEN_MERCHANT_ACCOUNT, ADYEN_TEST_URL } = process.env;
const { CHECKOUT_TEST_KEY, CHECKOUT_TEST_URL, CHECKOUT_PROCESSING_CHANNEL } = process.env;

interface Live {
  readonly name: string;
  readonly provider: Provider;
  readonly subject: ContractSubject;
  readonly account: ProviderAccount | undefined;
  readonly needs: string;
}

const LIVE: readonly Live[] = [
  {
    name: 'Stripe',
    provider: stripe,
    subject: stripeSubject,
    needs: 'STRIPE_TEST_KEY',
    account:
      STRIPE_TEST_KEY === undefined || !/^[rs]k_test_/.test(STRIPE_TEST_KEY)
        ? undefined
        : {
            id: 'live',
            baseUrl: 'https://api.stripe.com',
            settings: {},
            secrets: { apiKey: STRIPE_TEST_KEY },
          },
  },
  {
    name: 'Adyen',
    provider: adyen,
    subject: adyenSubject,
    needs: 'ADYEN_TEST_KEY and ADYEN_MERCHANT_ACCOUNT',
    account:
      ADYEN_TEST_KEY === undefined || ADYEN_MERCHANT_ACCOUNT === undefined
        ? undefined
        : {
            id: 'live',
            baseUrl: ADYEN_TEST_URL ?? 'https://checkout-test.adyen.com',
            settings: { merchantAccount: ADYEN_MERCHANT_ACCOUNT },
            secrets: { apiKey: ADYEN_TEST_KEY },
          },
  },
  {
    name: 'Checkout.com',
    provider: checkout,
    // The sandbox's own card of the kit means nothing there; this one is published as challenged.
    subject: { ...checkoutSubject, challenged: card('4010061700000021') },
    needs: 'CHECKOUT_TEST_KEY (sk_sbox_…)',
    account:
      CHECKOUT_TEST_KEY === undefined || !CHECKOUT_TEST_KEY.startsWith('sk_sbox_')
        ? undefined
        : {
            id: 'live',
            baseUrl: CHECKOUT_TEST_URL ?? 'https://api.sandbox.checkout.com',
            settings:
              CHECKOUT_PROCESSING_CHANNEL === undefined
                ? {}
                : { processingChannelId: CHECKOUT_PROCESSING_CHANNEL },
            secrets: { apiKey: CHECKOUT_TEST_KEY },
          },
  },
];

for (const { name, account, needs } of LIVE) {
  if (account === undefined) console.warn(`skipped: ${name}'s real test platform needs ${needs}`);
}

describe.each(LIVE)("$name's real test platform", ({ provider, subject, account }) => {
  const live = it.skipIf(account === undefined);
  const rig = () => {
    if (account === undefined) return expect.fail('skipped without an account');
    const parts = { provider, account, connection: provider.connect(account), outcomes };
    return parts as unknown as Rig;
  };
  const outcomes: unknown[] = [];
  const approve = async (payment: TestPayment) => {
    const request = payment.authorization(subject.approved);
    const { outcome } = await perform(rig(), (to) => to.authorize(request), { totalDeadlineMs: 30_000 });
    return { request, outcome, providerReference: referenceFrom(outcome) };
  };
  const money = { amountMinor: 4_200, currency: 'EUR' };
  afterAll(() => {
    expect(JSON.stringify(outcomes)).not.toContain(subject.approved.number);
  });

  live('authorizes, captures and refunds', { timeout: 90_000 }, async () => {
    const payment = new TestPayment();
    const { providerReference } = await approve(payment);
    const capture = { ...payment.operation('capture'), ...money, providerReference, finalCapture: true };
    const { outcome } = await perform(rig(), (to) => to.capture(capture), { totalDeadlineMs: 30_000 });
    expect(['captured', 'pending']).toContain(outcome.type);
    if (outcome.type === 'pending') return;
    const refund = { ...payment.operation('refund'), ...money, providerReference };
    const refunded = await perform(rig(), (to) => to.refund?.(refund) ?? expect.fail('no refunds'), {
      totalDeadlineMs: 30_000,
    });
    expect(['refunded', 'pending']).toContain(refunded.outcome.type);
  });

  live('voids', { timeout: 60_000 }, async () => {
    const payment = new TestPayment();
    const { providerReference } = await approve(payment);
    const request = { ...payment.operation('void'), providerReference };
    const { outcome } = await perform(rig(), (to) => to.void(request), { totalDeadlineMs: 30_000 });
    expect(['voided', 'pending']).toContain(outcome.type);
  });

  live('sends the payer of a challenge to a page, and can void from there', { timeout: 60_000 }, async () => {
    const payment = new TestPayment();
    const request = payment.authorization(subject.challenged, {
      returnUrl: 'https://merchant.example/return',
      authentication: { request: 'challenge' },
    });
    const { outcome } = await perform(rig(), (to) => to.authorize(request), { totalDeadlineMs: 30_000 });
    expect(outcome).toMatchObject({ type: 'requires_action', nextAction: { type: 'redirect_to_url' } });
    if (outcome.type !== 'requires_action' || outcome.providerReference === undefined) return;
    const ending = { ...payment.operation('void'), providerReference: outcome.providerReference };
    const ended = await perform(rig(), (to) => to.void(ending), { totalDeadlineMs: 30_000 });
    expect(['voided', 'pending']).toContain(ended.outcome.type);
  });

  live('replays the first outcome under the same key', { timeout: 60_000 }, async () => {
    const payment = new TestPayment();
    const { request, outcome } = await approve(payment);
    const again = await perform(rig(), (to) => to.authorize({ ...request, resend: true }), {
      totalDeadlineMs: 30_000,
    });
    expect(again.outcome).toEqual(outcome);
  });

  live.each(subject.declines.slice(0, 3))(
    'declines with $reason',
    { timeout: 60_000 },
    async ({ card, reason }) => {
      const request = new TestPayment().authorization(card);
      const { outcome } = await perform(rig(), (to) => to.authorize(request), { totalDeadlineMs: 30_000 });
      expect(outcome).toMatchObject({ type: 'declined', decline: { reason } });
    },
  );
});
