import Stripe from 'stripe';
import { describe, expect, it } from 'vitest';
import { attemptIdFor, paymentIdFor } from '../../domain/ids.ts';
import { stripeWebhook } from './webhook.ts';

const SECRET = 'whsec_test';
const NOW_MS = 1_800_000_000_000;
const NOW = NOW_MS / 1_000;
const REFERENCE = attemptIdFor(paymentIdFor('mer_1', 'test', 'webhook'), 1);

const body = JSON.stringify({
  id: 'evt_1',
  object: 'event',
  type: 'payment_intent.succeeded',
  livemode: false,
  data: {
    object: {
      object: 'payment_intent',
      id: 'pi_1',
      status: 'succeeded',
      amount: 4200,
      currency: 'eur',
      metadata: { interlock_reference: REFERENCE },
      receipt_email: 'ada@example.com',
      latest_charge: { payment_method_details: { card: { last4: '4242' } } },
    },
  },
});

/** Signed by Stripe's own library, as it does for tests of its own check. */
function header(payload = body, timestamp = NOW, secret = SECRET): string {
  return new Stripe('sk_test_x').webhooks.generateTestHeaderString({ payload, secret, timestamp });
}

function verify(
  signature: string | undefined,
  payload = body,
  secrets: Record<string, string> = { webhookSecret: SECRET },
) {
  const headers = { 'Stripe-Signature': signature };
  return stripeWebhook.verify({ rawBody: Buffer.from(payload), headers, secrets, nowMs: NOW_MS });
}

describe('the signature', () => {
  it("accepts what Stripe's own library signs, within five minutes", () => {
    for (const age of [0, 1, 299, 300, -299]) expect(verify(header(body, NOW - age)).type).toBe('verified');
  });

  it('refuses an old or future one as stale, so that a recorded webhook cannot be replayed later', () => {
    for (const age of [301, 86_400, -301]) {
      expect(verify(header(body, NOW - age))).toEqual({ type: 'refused', reason: 'stale' });
    }
  });

  it('accepts one good signature among several, as during a rotation', () => {
    const [timestamp = '', good = ''] = header().split(',');
    const bad = `v1=${'0'.repeat(64)}`;
    expect(verify([timestamp, bad, good].join(',')).type).toBe('verified');
    expect(verify([timestamp, good, bad, 'v0=abc'].join(',')).type).toBe('verified');
    expect(verify([timestamp, bad, bad].join(',')).type).toBe('refused');
    const secrets = { webhookSecret: 'whsec_new', webhookSecretPrevious: SECRET };
    expect(verify(header(), body, secrets).type).toBe('verified');
  });

  it('refuses another body, time, secret or scheme, and headers that are none', () => {
    const [timestamp = '', good = ''] = header().split(',');
    const refused = [
      verify(header(), body.replace('4200', '4201')),
      verify(header(), `${body} `),
      verify(`t=${NOW - 1},${good}`),
      verify(header(body, NOW, 'whsec_other')),
      verify(`${timestamp},${good.replace('v1', 'v0')}`),
      verify(`${timestamp},${good.slice(0, -1)}`),
      verify(`${timestamp},${good.toUpperCase()}`),
      verify(`${timestamp},t=${NOW},${good}`),
      ...['', ',', 't=', 'v1=', `t=${NOW}`, good, 't=NaN,v1=x', `t=-1,${good}`].map((text) => verify(text)),
      verify(undefined),
      verify(header(), body, {}),
      verify(header(), body, { webhookSecret: '' }),
    ];
    for (const verdict of refused) expect(verdict).toEqual({ type: 'refused', reason: 'bad_signature' });
  });

  it('refuses a signed body that is not an event', () => {
    for (const text of ['', '{}', 'null', '[]', '<html>', '{"id":"evt_1","object":"v2.core.event"}']) {
      expect(verify(header(text), text)).toEqual({ type: 'refused', reason: 'malformed' });
    }
  });
});

describe('the event', () => {
  it('is a hint: what it is about, and nothing of the person', () => {
    const verdict = verify(header());
    expect(verdict).toEqual({
      type: 'verified',
      events: [
        {
          providerEventId: 'evt_1',
          eventType: 'payment_intent.succeeded',
          reference: REFERENCE,
          providerReference: 'pi_1',
          summary: {
            object: 'payment_intent',
            id: 'pi_1',
            status: 'succeeded',
            currency: 'eur',
            amount: 4200,
            livemode: false,
          },
        },
      ],
    });
  });

  it.each([
    ['charge', { object: 'charge', id: 'ch_1', payment_intent: 'pi_1' }, 'pi_1'],
    ['dispute', { object: 'dispute', id: 'dp_1', payment_intent: 'pi_1' }, 'pi_1'],
    ['refund', { object: 'refund', id: 're_1', payment_intent: 'pi_1' }, 're_1'],
    [
      'strangers',
      { object: 'payment_intent', id: 'pi_1', metadata: { interlock_reference: '4242424242424242' } },
      'pi_1',
    ],
    ['payout', { object: 'payout', id: 'po_1' }, undefined],
  ])('of a %s names the operation that it concerns', (_name, object, expected) => {
    const text = JSON.stringify({ id: 'evt_2', object: 'event', type: 'x.y', data: { object } });
    const verdict = verify(header(text), text);
    if (verdict.type !== 'verified') return expect.fail(JSON.stringify(verdict));
    expect(verdict.events[0]?.providerReference).toBe(expected);
    expect(verdict.events[0]?.reference).toBeUndefined();
  });
});
