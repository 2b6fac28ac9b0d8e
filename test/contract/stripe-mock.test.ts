// Stripe's adapter against stripe-mock, which checks each request against Stripe's own OpenAPI document and
// answers anything else with 400. It is stateless: what is proven here is the shape of requests, no behaviour.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProviderConnection } from '../../providers/provider.ts';
import { stripe } from '../../providers/stripe/index.ts';
import { openCall } from '../../providers/transport/index.ts';
import { type Exchange, type ForwardingProxy, forwardingProxy } from './forwarding-proxy.ts';
import { TestPayment } from './rig.ts';
import { stripeSubject } from './subjects.ts';

function findStripeMock(): string | undefined {
  const directories = (process.env.PATH ?? '').split(delimiter);
  try {
    directories.push(join(execFileSync('go', ['env', 'GOPATH'], { encoding: 'utf8' }).trim(), 'bin'));
  } catch {
    // Without Go only PATH is searched.
  }
  return directories
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, 'stripe-mock'))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

const binary = findStripeMock();
if (binary === undefined) {
  console.warn('skipped: stripe-mock is not installed (go install github.com/stripe/stripe-mock@latest)');
}

/**
 * The document leaves inline cards out of `payment_method_data` (the API takes them from accounts that may
 * send raw numbers), and `mit_exemption` (which Stripe enables by account). Everything else is checked as it is
 * sent; the card becomes a published test method.
 */
function asDocumented(body: string): string {
  const form = new URLSearchParams(body);
  form.delete('payment_method_options[card][mit_exemption][network_transaction_id]');
  if (![...form.keys()].some((key) => key.startsWith('payment_method_data['))) return form.toString();
  for (const key of [...form.keys()]) if (key.startsWith('payment_method_data[')) form.delete(key);
  form.set('payment_method', 'pm_card_visa');
  return form.toString();
}

describe.skipIf(binary === undefined)("Stripe's own document accepts", () => {
  const exchanges: Exchange[] = [];
  let proxy: ForwardingProxy;
  let connection: ProviderConnection;
  let stop: () => void;

  beforeAll(async () => {
    const child = spawn(binary ?? '', ['-http-addr', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'] });
    stop = () => child.kill('SIGKILL');
    const port = await new Promise<string>((resolve, reject) => {
      let printed = '';
      const read = (chunk: Buffer) => {
        printed += chunk.toString();
        const found = /(?:127\.0\.0\.1|\[::\]|localhost):(\d+)/.exec(printed)?.[1];
        if (found !== undefined && found !== '0') resolve(found);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      void once(child, 'exit').then(() => reject(new Error(`stripe-mock ended: ${printed}`)));
    });
    proxy = await forwardingProxy(
      `http://127.0.0.1:${port}`,
      (exchange) => exchanges.push(exchange),
      asDocumented,
    );
    connection = stripe.connect({
      id: 'mock',
      baseUrl: proxy.url,
      settings: {},
      secrets: { apiKey: 'sk_test_123' },
    });
  }, 60_000);
  afterAll(async () => {
    stop();
    await proxy.close();
  });

  const payment = new TestPayment();
  const money = { amountMinor: 4_200, currency: 'EUR' };
  const providerReference = 'pi_123';
  const asked = { reference: payment.reference, authorizationReference: payment.reference, ...money };
  const requests: readonly [string, string, (connection: ProviderConnection) => Promise<unknown>][] = [
    [
      'an authorization with everything in it',
      '/v1/payment_intents',
      (to) =>
        to.authorize(
          payment.authorization(stripeSubject.approved, {
            multipleCaptures: true,
            description: 'Order 17',
            statementDescriptor: 'ORDER 17',
            returnUrl: 'https://merchant.example/return',
          }),
        ),
    ],
    [
      'an authorization with 3DS that saves the card',
      '/v1/payment_intents',
      (to) =>
        to.authorize(
          payment.authorization(stripeSubject.approved, {
            returnUrl: 'https://merchant.example/return',
            authentication: { request: 'challenge' },
            storedCredential: { initiator: 'cardholder', usage: 'recurring' },
          }),
        ),
    ],
    [
      'a payment that the merchant initiates',
      '/v1/payment_intents',
      (to) =>
        to.authorize(
          payment.authorization(stripeSubject.approved, {
            storedCredential: {
              initiator: 'merchant',
              usage: 'unscheduled',
              networkTransactionId: '705462025680611',
            },
          }),
        ),
    ],
    [
      'a sale',
      '/v1/payment_intents',
      (to) => to.authorize(payment.authorization(stripeSubject.approved, { captureMethod: 'automatic' })),
    ],
    [
      'a final capture',
      '/v1/payment_intents/pi_123/capture',
      (to) =>
        to.capture({ ...payment.operation('capture'), ...money, providerReference, finalCapture: true }),
    ],
    [
      'a capture that is not the last',
      '/v1/payment_intents/pi_123/capture',
      (to) =>
        to.capture({ ...payment.operation('capture'), ...money, providerReference, finalCapture: false }),
    ],
    [
      'a void',
      '/v1/payment_intents/pi_123/cancel',
      (to) => to.void({ ...payment.operation('void'), providerReference }),
    ],
    [
      'a refund',
      '/v1/refunds',
      async (to) => await to.refund?.({ ...payment.operation('refund'), ...money, providerReference }),
    ],
    [
      'a look-up by our reference',
      '/v1/payment_intents/search',
      async (to) => await to.lookup?.({ kind: 'authorize', ...asked }),
    ],
    [
      "a look-up by Stripe's reference",
      '/v1/payment_intents/pi_123',
      async (to) => await to.lookup?.({ kind: 'capture', ...asked, providerReference }),
    ],
    [
      'a look-up of a refund',
      '/v1/refunds',
      async (to) => await to.lookup?.({ kind: 'refund', ...asked, providerReference }),
    ],
  ];

  it.each(requests)('%s', async (_name, path, send) => {
    const before = exchanges.length;
    const call = openCall({ totalDeadlineMs: 10_000 });
    call.permitClaimed(performance.now());
    await call.run(() => send(connection)).finally(() => call.close());
    const [exchange, ...others] = exchanges.slice(before);
    expect(others).toEqual([]);
    expect(exchange?.path.split('?')[0]).toBe(path);
    expect(exchange, exchange?.responseBody.slice(0, 500)).toMatchObject({ status: 200 });
  });

  it("a published test card as one of Stripe's own test methods, and no other card", async () => {
    const account = { id: 'mock', baseUrl: proxy.url, settings: { cards: 'test_tokens' } };
    const tokens = stripe.connect({ ...account, secrets: { apiKey: 'sk_test_123' } });
    const before = exchanges.length;
    for (const number of ['4000000000009995', '4012888888881881']) {
      const call = openCall({ totalDeadlineMs: 10_000 });
      call.permitClaimed(performance.now());
      const request = payment.authorization({ ...stripeSubject.approved, number });
      const outcome = await call.run(() => tokens.authorize(request)).finally(() => call.close());
      if (number === '4012888888881881')
        expect(outcome).toMatchObject({ type: 'rejected', code: 'not_a_test_card' });
    }
    const [exchange, ...others] = exchanges.slice(before);
    expect(others).toEqual([]);
    expect(exchange).toMatchObject({ status: 200 });
    expect(exchange?.requestBody).toContain('payment_method=pm_card_visa_chargeDeclinedInsufficientFunds');
    expect(() => stripe.connect({ ...account, secrets: { apiKey: 'sk_live_1' } })).toThrow(/test key/);
  });

  it('and refuses what it does not know, so that the above means something', async () => {
    const answer = await fetch(`${proxy.url}/v1/refunds`, {
      method: 'POST',
      headers: { Authorization: 'Bearer sk_test_123' },
      body: new URLSearchParams({ payment_intent: providerReference, interlock: 'x' }),
    });
    expect(answer.status).toBe(400);
  });
});
