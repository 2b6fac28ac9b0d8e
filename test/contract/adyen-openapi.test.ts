// Every request of Adyen's adapter, and every answer of its simulator, against Adyen's own OpenAPI document.
// The document is not part of this repository; it is read from beside it, where it is there.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkAt } from '../../providers/check.ts';
import { type Exchange, type ForwardingProxy, forwardingProxy } from './forwarding-proxy.ts';
import { perform, type Rig, referenceFrom, startRig, TestPayment } from './rig.ts';
import { adyenRig, adyenSubject } from './subjects.ts';

const PATH = fileURLToPath(new URL('../../../shared/specs/adyen-CheckoutService-v72.json', import.meta.url));
const present = existsSync(PATH);
if (!present)
  console.warn(
    "skipped: Adyen's OpenAPI document (adyen-CheckoutService-v72.json) is not beside this repository",
  );

/** Request and answer schemas by the path's last word; a cancel by reference has a path of its own. */
const SCHEMAS = [
  { path: /^\/v72\/payments$/, request: 'PaymentRequest', answer: 'PaymentResponse' },
  {
    path: /^\/v72\/payments\/details$/,
    request: 'PaymentDetailsRequest',
    answer: 'PaymentDetailsResponse',
  },
  {
    path: /^\/v72\/payments\/[A-Z0-9]{16}\/captures$/,
    request: 'PaymentCaptureRequest',
    answer: 'PaymentCaptureResponse',
  },
  {
    path: /^\/v72\/payments\/[A-Z0-9]{16}\/cancels$/,
    request: 'PaymentCancelRequest',
    answer: 'PaymentCancelResponse',
  },
  {
    path: /^\/v72\/payments\/[A-Z0-9]{16}\/refunds$/,
    request: 'PaymentRefundRequest',
    answer: 'PaymentRefundResponse',
  },
  {
    path: /^\/v72\/paymentMethods$/,
    request: 'PaymentMethodsRequest',
    answer: 'PaymentMethodsResponse',
  },
  {
    path: /^\/v72\/cancels$/,
    request: 'StandalonePaymentCancelRequest',
    answer: 'StandalonePaymentCancelResponse',
  },
] as const;

describe.skipIf(!present)("Adyen's own document accepts", () => {
  const exchanges: Exchange[] = [];
  let rig: Rig;
  let proxy: ForwardingProxy;
  let validator: (schema: string) => ValidateFunction;

  beforeAll(async () => {
    const document = JSON.parse(readFileSync(PATH, 'utf8')) as object;
    const ajv = new Ajv2020({ strict: false, validateFormats: false, discriminator: false, logger: false });
    ajv.addSchema(document, 'adyen');
    validator = (schema) => ajv.compile({ $ref: `adyen#/components/schemas/${schema}` });
    rig = await startRig({
      ...adyenRig,
      proxy: async (apiUrl) => {
        proxy = await forwardingProxy(apiUrl, (exchange) => exchanges.push(exchange));
        return proxy.url;
      },
    });
  });
  afterAll(async () => {
    await proxy.close();
    await rig.close();
  });

  function check(count: number): void {
    const seen = exchanges.splice(0);
    expect(seen).toHaveLength(count);
    for (const { path, requestBody, status, responseBody } of seen) {
      const schemas =
        SCHEMAS.find((candidate) => candidate.path.test(path)) ?? expect.fail(`unexpected ${path}`);
      const request = validator(schemas.request);
      expect(request(JSON.parse(requestBody)), JSON.stringify(request.errors)).toBe(true);
      const answer = validator(status < 300 ? schemas.answer : 'ServiceError');
      expect(answer(JSON.parse(responseBody)), JSON.stringify(answer.errors)).toBe(true);
    }
  }

  it('an authorization, its capture and its refund', async () => {
    const payment = new TestPayment();
    const full = { statementDescriptor: 'ORDER 17', returnUrl: 'https://merchant.example/return' };
    const request = payment.authorization(adyenSubject.approved, full);
    const { outcome } = await perform(rig, (to) => to.authorize(request));
    const providerReference = referenceFrom(outcome);
    const money = { providerReference, amountMinor: 4_200, currency: 'EUR' };
    await perform(rig, (to) => to.capture({ ...payment.operation('capture'), ...money, finalCapture: true }));
    await perform(
      rig,
      (to) => to.refund?.({ ...payment.operation('refund'), ...money }) ?? expect.fail('no refunds'),
    );
    check(3);
  });

  it("a void by Adyen's reference and one by ours", async () => {
    const payment = new TestPayment();
    const { outcome } = await perform(rig, (to) =>
      to.authorize(payment.authorization(adyenSubject.approved)),
    );
    const providerReference = referenceFrom(outcome);
    await perform(rig, (to) => to.void({ ...payment.operation('void'), providerReference }));
    const byReference = { ...payment.operation('void'), authorizationReference: payment.reference };
    await perform(rig, (to) => to.voidByReference?.(byReference) ?? expect.fail('no void by reference'));
    check(3);
  });

  it('the question whether it takes the account’s secrets', async () => {
    expect((await checkAt(rig.provider, rig.account, 10_000)).result).toBe('accepted');
    const elsewhere = { ...rig.account, settings: { merchantAccount: 'Somebody' } };
    expect((await checkAt(rig.provider, elsewhere, 10_000)).result).toBe('refused');
    check(2);
  });

  it('a challenge by redirect, and what the browser brought back from it', async () => {
    const payment = new TestPayment();
    const asking = {
      returnUrl: 'https://merchant.example/return',
      authentication: { request: 'challenge' },
      storedCredential: { initiator: 'cardholder', usage: 'recurring' },
    } as const;
    await perform(rig, (to) => to.authorize(payment.authorization(adyenSubject.challenged, asking)));
    const { reference } = payment;
    const [open] = (await rig.admin('GET', `/challenges?reference=${reference}`)) as [{ pageUrl: string }];
    const answer = { method: 'POST', body: 'outcome=cancel', redirect: 'manual' } as const;
    const back = (await fetch(open.pageUrl, answer)).headers.get('location') ?? expect.fail('no way back');
    const returned = Object.fromEntries(new URL(back).searchParams);
    const details = { ...payment.operation('authorize'), amountMinor: 4_200, currency: 'EUR', returned };
    const { outcome } = await perform(rig, (to) => to.completeAction?.(details) ?? expect.fail('no details'));
    expect(outcome).toMatchObject({ type: 'declined', authentication: { challengeCancel: '01' } });
    check(2);
  });

  it('an exemption, and a payment that the merchant initiates', async () => {
    const asking = { authentication: { request: 'automatic', exemption: 'secure_corporate' } } as const;
    const later = {
      storedCredential: {
        initiator: 'merchant',
        usage: 'unscheduled',
        networkTransactionId: '705462025680611',
      },
    } as const;
    for (const change of [asking, later])
      await perform(rig, (to) =>
        to.authorize(new TestPayment().authorization(adyenSubject.approved, change)),
      );
    check(2);
  });

  it.each([adyenSubject.challenged, ...adyenSubject.declines.map(({ card }) => card)])(
    '$number $holderName',
    async (card) => {
      await perform(rig, (to) => to.authorize(new TestPayment().authorization(card)));
      check(1);
    },
  );

  it('and refuses what it does not know, so that the above means something', () => {
    const validate = validator('PaymentCaptureRequest');
    const body = { merchantAccount: 'x', amount: { value: 1, currency: 'EUR' } };
    expect(validate(body)).toBe(true);
    expect(validate({ ...body, interlock: 'x' })).toBe(false);
    expect(validate({ ...body, amount: { value: '1', currency: 'EUR' } })).toBe(false);
  });
});
