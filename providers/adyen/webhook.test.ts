import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { attemptIdFor, operationIdFor, paymentIdFor } from '../../domain/ids.ts';
import type { WebhookVerdict } from '../provider.ts';
import { adyenWebhook, signedString } from './webhook.ts';

/** The test vector of docs.adyen.com/development-resources/webhooks/verify-hmac-signatures. */
const KEY = '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056';
const VECTOR = {
  pspReference: '7914073381342284',
  originalReference: '',
  merchantAccountCode: 'TestMerchant',
  merchantReference: 'TestPayment-1407325143704',
  amount: { value: 1130, currency: 'EUR' },
  eventCode: 'AUTHORISATION',
  success: 'true',
  additionalData: { hmacSignature: 'coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0=' },
};

type Item = Omit<typeof VECTOR, 'additionalData'> & {
  reason?: string;
  additionalData?: Record<string, string>;
};

function verify(
  items: readonly object[],
  secrets: Record<string, string> = { webhookSecret: KEY },
): WebhookVerdict {
  const body = { live: 'false', notificationItems: items.map((item) => ({ NotificationRequestItem: item })) };
  return adyenWebhook.verify({ rawBody: Buffer.from(JSON.stringify(body)), headers: {}, secrets, nowMs: 0 });
}

function signed(item: Item): object {
  const text = signedString({ ...item, success: item.success === 'true' });
  const hmacSignature = createHmac('sha256', Buffer.from(KEY, 'hex')).update(text).digest('base64');
  return { ...item, additionalData: { ...item.additionalData, hmacSignature } };
}

const paymentId = paymentIdFor('mer_1', 'test', 'webhook');
const attempt = attemptIdFor(paymentId, 1);
const modification = operationIdFor(paymentId, 1, 'capture', 1);

function event(change: Partial<Item>) {
  const item = {
    ...VECTOR,
    pspReference: 'MODIFY0000000001',
    originalReference: 'PAYMENT000000001',
    merchantReference: attempt,
  };
  const verdict = verify([signed({ ...item, additionalData: {}, ...change })]);
  if (verdict.type !== 'verified') return expect.fail(JSON.stringify(verdict));
  return verdict.events[0] ?? expect.fail('no event');
}

describe('the signature', () => {
  it("accepts Adyen's own example, and any case of the key's digits", () => {
    expect(verify([VECTOR]).type).toBe('verified');
    expect(verify([VECTOR], { webhookSecret: KEY.toLowerCase() }).type).toBe('verified');
  });

  it("agrees with Adyen's own library", () => {
    const library = createRequire(import.meta.url)('@adyen/api-library/lib/src/utils/hmacValidator.js') as {
      default: new () => { calculateHmac(item: object, key: string): string };
    };
    const validator = new library.default();
    const item = { ...VECTOR, merchantReference: attempt, originalReference: 'PAYMENT000000001' };
    const hmacSignature = validator.calculateHmac(item, KEY);
    expect(verify([{ ...item, additionalData: { hmacSignature } }]).type).toBe('verified');
  });

  it('covers each of the eight fields', () => {
    const altered = [
      { pspReference: '7914073381342285' },
      { originalReference: 'X' },
      { merchantAccountCode: 'Other' },
      { merchantReference: 'Other' },
      { amount: { value: 1131, currency: 'EUR' } },
      { amount: { value: 1130, currency: 'USD' } },
      { eventCode: 'REFUND' },
      { success: 'false' },
    ];
    for (const change of altered) {
      expect(verify([{ ...VECTOR, ...change }])).toEqual({ type: 'refused', reason: 'bad_signature' });
    }
  });

  it('escapes colons, so that moving one between fields is not the same item', () => {
    const item = { ...VECTOR, merchantAccountCode: 'A', merchantReference: 'B:C' };
    expect(signedString({ ...item, success: true })).not.toBe(
      signedString({ ...item, success: true, merchantAccountCode: 'A:B', merchantReference: 'C' }),
    );
    expect(verify([signed(item)]).type).toBe('verified');
  });

  it('refuses the whole when one of several items is forged, unsigned or unreadable', () => {
    expect(verify([VECTOR, signed({ ...VECTOR, success: 'false' })]).type).toBe('verified');
    expect(verify([VECTOR, { ...VECTOR, success: 'false' }]).type).toBe('refused');
    expect(verify([VECTOR, { ...VECTOR, additionalData: {} }]).type).toBe('refused');
    expect(verify([VECTOR, { ...VECTOR, additionalData: { hmacSignature: 'coq' } }]).type).toBe('refused');
    expect(verify([VECTOR, {}])).toEqual({ type: 'refused', reason: 'malformed' });
  });

  it('fails closed on a key that is missing, short, or not hexadecimal', () => {
    for (const webhookSecret of ['', 'xyz', KEY.slice(0, 30), `${KEY}0`]) {
      expect(verify([VECTOR], { webhookSecret })).toEqual({ type: 'refused', reason: 'bad_signature' });
    }
    expect(verify([VECTOR], {}).type).toBe('refused');
  });
});

describe('the event', () => {
  const money = { amountMinor: 1130, currency: 'EUR' };
  const table = [
    [
      'AUTHORISATION',
      'true',
      'authorize',
      { type: 'authorized', providerReference: 'MODIFY0000000001', ...money },
    ],
    ['AUTHORISATION', 'false', 'authorize', { type: 'declined', decline: { reason: 'generic_decline' } }],
    ['CAPTURE', 'true', 'capture', { type: 'captured', ...money }],
    ['CAPTURE', 'false', 'capture', { type: 'rejected', code: 'capture_refused' }],
    ['CAPTURE_FAILED', 'true', 'capture', { type: 'declined', decline: { providerCode: 'CAPTURE_FAILED' } }],
    ['CANCELLATION', 'true', 'void', { type: 'voided', providerReference: 'PAYMENT000000001' }],
    ['CANCELLATION', 'false', 'void', { type: 'rejected', code: 'void_refused' }],
    ['TECHNICAL_CANCEL', 'true', 'void', { type: 'voided' }],
    ['TECHNICAL_CANCEL', 'false', 'void', { type: 'rejected', code: 'void_refused' }],
    ['REFUND', 'true', 'refund', { type: 'refunded', amountMinor: 1130 }],
    ['REFUND', 'false', 'refund', { type: 'rejected', code: 'refund_refused' }],
    ['REFUND_FAILED', 'true', 'refund', { type: 'declined', decline: { providerCode: 'REFUND_FAILED' } }],
    ['EXPIRE', 'true', 'authorize', { type: 'voided', providerReference: 'PAYMENT000000001' }],
  ] as const;

  it.each(table)(
    '%s success=%s is evidence about an operation of kind %s',
    (eventCode, success, kind, outcome) => {
      const { evidence, providerEventId, eventType } = event({ eventCode, success });
      expect(evidence).toMatchObject({ kind, reference: attempt, outcome });
      expect(providerEventId).toBe(`MODIFY0000000001:${eventCode}:${success}`);
      expect(eventType).toBe(eventCode);
    },
  );

  it('proves absence by a cancel only where Adyen says that it found nothing', () => {
    const { evidence } = event({
      eventCode: 'TECHNICAL_CANCEL',
      success: 'false',
      reason: 'Transaction not found',
    });
    expect(evidence?.outcome).toMatchObject({ type: 'rejected', code: 'nothing_to_void' });
  });

  it("reads a refusal's reason from its text, and the network's codes", () => {
    const additionalData = {
      refusalReasonRaw: '51 : Insufficient funds',
      merchantAdviceCode: '24 : Retry after 1 hour',
    };
    const { evidence } = event({ success: 'false', reason: 'Not enough balance', additionalData });
    expect(evidence?.outcome).toMatchObject({
      type: 'declined',
      decline: { reason: 'insufficient_funds', providerCode: '12', networkCode: '51', adviceCode: '24' },
    });
  });

  it("names the modification's own reference, if it belongs to the payment that is signed for", () => {
    const own = { additionalData: { modificationMerchantReferences: modification }, eventCode: 'CAPTURE' };
    expect(event(own)).toMatchObject({ reference: modification, evidence: { reference: modification } });
    const foreign = operationIdFor(paymentIdFor('mer_1', 'test', 'other'), 1, 'capture', 1);
    for (const modificationMerchantReferences of [foreign, 'nonsense', '']) {
      const spoofed = event({ eventCode: 'CAPTURE', additionalData: { modificationMerchantReferences } });
      expect(spoofed.reference).toBe(attempt);
    }
  });

  it('turns amounts into ISO minor units, and gives no amount for what is not about one', () => {
    const kept = { value: 50_000, currency: 'ISK' };
    expect(event({ eventCode: 'CAPTURE', amount: kept }).evidence).toMatchObject({
      amountMinor: 500,
      currency: 'ISK',
    });
    expect(event({ eventCode: 'CANCELLATION' }).evidence?.amountMinor).toBeUndefined();
    expect(
      event({ eventCode: 'CAPTURE', amount: { value: 50_001, currency: 'ISK' } }).evidence,
    ).toBeUndefined();
  });

  it("keeps an event that it doesn't know, without evidence, and no personal data of any", () => {
    const additionalData = {
      cardHolderName: 'Ada Lovelace',
      cardSummary: '1111',
      expiryDate: '03/2030',
      shopperEmail: 'a@b.c',
    };
    const other = event({
      eventCode: 'MANUAL_REVIEW_ACCEPT',
      merchantReference: '4111111111111111',
      additionalData,
    });
    expect(other.evidence).toBeUndefined();
    expect(JSON.stringify(other.summary)).not.toMatch(/Ada|1111|2030|a@b/);
  });

  it('of a report that is ready is nobody’s letter', () => {
    const report = { ...VECTOR, eventCode: 'REPORT_AVAILABLE', additionalData: {} };
    expect(verify([signed(report)])).toEqual({ type: 'verified', events: [] });
  });
});
