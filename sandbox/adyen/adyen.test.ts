import { existsSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import {
  ADYEN_ACCOUNT,
  admin,
  adyenBody,
  adyenPayment,
  adyenRequest,
  effectsOf,
  journalOf,
  type RawAnswer,
  type Receiver,
  raw,
  receiver,
  simulator,
} from '../testing.ts';

type Sim = Awaited<ReturnType<typeof simulator>>;

const SPEC = new URL('../../../shared/specs/adyen-CheckoutService-v72.json', import.meta.url);
const EUR = (value: number) => ({ value, currency: 'EUR' });

function items(endpoint: Receiver) {
  return endpoint.deliveries.map(({ body }) => JSON.parse(body).notificationItems[0].NotificationRequestItem);
}

function outcomes(endpoint: Receiver): string[] {
  return items(endpoint).map((item) => `${item.eventCode} ${item.success}`);
}

async function authorised(sim: Sim, reference: string, holderName?: string): Promise<string> {
  const answer = JSON.parse((await adyenPayment(sim, reference, holderName)).body);
  expect(answer.resultCode).toBe('Authorised');
  return answer.pspReference;
}

function modify(sim: Sim, psp: string, verb: string, amount?: object, key?: string) {
  const body = {
    merchantAccount: ADYEN_ACCOUNT,
    reference: `${verb}-1`,
    ...(amount === undefined ? {} : { amount }),
  };
  return adyenRequest(sim, `/payments/${psp}/${verb}`, body, key);
}

test('captures are received at once and settled by webhook, several in part, never more than authorised', async () => {
  const endpoint = await receiver();
  const sim = await simulator('adyen', { webhookUrl: endpoint.url });
  const psp = await authorised(sim, 'r1');
  const first = await modify(sim, psp, 'captures', EUR(600), 'c1');
  expect(first.status).toBe(201);
  expect(JSON.parse(first.body)).toMatchObject({
    status: 'received',
    paymentPspReference: psp,
    amount: EUR(600),
  });
  await modify(sim, psp, 'captures', EUR(400), 'c2');
  await modify(sim, psp, 'captures', EUR(1), 'c3');
  await expect.poll(() => outcomes(endpoint)).toHaveLength(4);
  expect(outcomes(endpoint).sort()).toEqual([
    'AUTHORISATION true',
    'CAPTURE false',
    'CAPTURE true',
    'CAPTURE true',
  ]);
  const failed = items(endpoint).find((item) => item.success === 'false');
  expect(failed).toMatchObject({
    originalReference: psp,
    merchantReference: 'r1',
    reason: 'Insufficient balance on payment',
  });
  const captured = (await journalOf(sim, 'r1')).filter((line) => line.effect === 'captured');
  expect(
    captured.map(({ amountMinor, idempotencyKey, parentReference }) => [
      amountMinor,
      idempotencyKey,
      parentReference,
    ]),
  ).toEqual([
    [600, 'c1', psp],
    [400, 'c2', psp],
  ]);
});

test('refunds never exceed what was captured, however many arrive at once', async () => {
  const endpoint = await receiver();
  const sim = await simulator('adyen', { webhookUrl: endpoint.url });
  const psp = await authorised(sim, 'r1');
  await modify(sim, psp, 'captures', EUR(1000));
  await expect.poll(() => effectsOf(sim, 'r1')).toContain('captured');
  await Promise.all(
    Array.from({ length: 8 }, (_, index) => modify(sim, psp, 'refunds', EUR(250), `r${index}`)),
  );
  await expect
    .poll(() => outcomes(endpoint).filter((outcome) => outcome.startsWith('REFUND')))
    .toHaveLength(8);
  expect(outcomes(endpoint).filter((outcome) => outcome === 'REFUND true')).toHaveLength(4);
  expect((await effectsOf(sim, 'r1')).filter((effect) => effect === 'refunded')).toHaveLength(4);
});

test('a cancel releases an authorisation, and fails by webhook once it is captured', async () => {
  const endpoint = await receiver();
  const sim = await simulator('adyen', { webhookUrl: endpoint.url });
  await modify(sim, await authorised(sim, 'r1'), 'cancels');
  await expect.poll(() => effectsOf(sim, 'r1')).toEqual(['authorized', 'voided']);
  const captured = await authorised(sim, 'r2');
  await modify(sim, captured, 'captures', EUR(1000));
  await modify(sim, captured, 'cancels');
  await expect.poll(() => outcomes(endpoint)).toContain('CANCELLATION false');
  expect(await effectsOf(sim, 'r2')).toEqual(['authorized', 'captured']);
  await modify(sim, captured, 'reversals');
  await expect.poll(() => outcomes(endpoint)).toContain('CANCEL_OR_REFUND true');
  expect(await effectsOf(sim, 'r2')).toEqual(['authorized', 'captured', 'refunded']);
});

test('a cancel by own reference is received whether or not anything matches; the webhook tells which', async () => {
  const endpoint = await receiver();
  const sim = await simulator('adyen', { webhookUrl: endpoint.url });
  const cancel = (paymentReference: string) =>
    adyenRequest(sim, '/cancels', {
      merchantAccount: ADYEN_ACCOUNT,
      paymentReference,
      reference: `void-${paymentReference}`,
    });
  const psp = await authorised(sim, 'r1');
  for (const reference of ['r1', 'nobody']) {
    const answer = await cancel(reference);
    expect(answer.status).toBe(201);
    expect(JSON.parse(answer.body)).toMatchObject({ status: 'received', paymentReference: reference });
  }
  const cancels = () => items(endpoint).filter((item) => item.eventCode === 'TECHNICAL_CANCEL');
  await expect.poll(cancels).toHaveLength(2);
  const byReference = new Map(cancels().map((item) => [item.merchantReference, item]));
  expect(byReference.get('r1')).toMatchObject({ success: 'true', originalReference: psp });
  expect(byReference.get('nobody')).toMatchObject({ success: 'false', reason: 'Transaction not found' });
  expect(await effectsOf(sim, 'r1')).toEqual(['authorized', 'voided']);
});

const REFUSALS = [
  ['DECLINED', 'Refused', 'Refused', '2'],
  ['REFERRAL', 'Refused', 'Referral', '3'],
  ['ERROR', 'Error', 'Acquirer Error', '4'],
  ['BLOCK_CARD', 'Refused', 'Blocked Card', '5'],
  ['CARD_EXPIRED', 'Refused', 'Expired Card', '6'],
  ['INVALID_AMOUNT', 'Refused', 'Invalid Amount', '7'],
  ['ISSUER_UNAVAILABLE', 'Refused', 'Issuer Unavailable', '9'],
  ['NOT_3D_AUTHENTICATED', 'Refused', '3D Not Authenticated', '11'],
  ['NOT_ENOUGH_BALANCE', 'Refused', 'Not enough balance', '12'],
  ['ACQUIRER_FRAUD', 'Refused', 'Acquirer Fraud', '14'],
  ['DECLINED : 06 : ERROR', 'Refused', 'Refused', '2'],
  ['DECLINED : 51 : Insufficient funds', 'Refused', 'Not enough balance', '12'],
] as const;

test.each(REFUSALS)(
  'holder name %s gives %s: %s (%s) with HTTP 200',
  async (name, resultCode, reason, code) => {
    const endpoint = await receiver();
    const sim = await simulator('adyen', { webhookUrl: endpoint.url });
    const answer = await adyenPayment(sim, 'r1', name);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({
      resultCode,
      refusalReason: reason,
      refusalReasonCode: code,
    });
    await expect.poll(() => outcomes(endpoint)).toEqual(['AUTHORISATION false']);
    expect(await effectsOf(sim, 'r1')).toEqual(['declined']);
  },
);

test('PENDING is received first and authorised by webhook', async () => {
  const endpoint = await receiver();
  const sim = await simulator('adyen', { webhookUrl: endpoint.url });
  expect(JSON.parse((await adyenPayment(sim, 'r1', 'PENDING')).body).resultCode).toBe('Received');
  await expect.poll(() => outcomes(endpoint)).toEqual(['AUTHORISATION true']);
  expect(await effectsOf(sim, 'r1')).toEqual(['pending', 'authorized']);
});

test('3DS2: fingerprint, challenge and their results decide the payment', async () => {
  const sim = await simulator('adyen');
  const method = (number: string) => ({ paymentMethod: { ...adyenBody('').paymentMethod, number } });
  const browserInfo = { userAgent: 'test', acceptHeader: '*/*' };
  const start = async (reference: string, number: string, more: object = {}) =>
    JSON.parse(
      (await adyenRequest(sim, '/payments', adyenBody(reference, { ...method(number), ...more }))).body,
    );
  const details = async (action: { paymentData: string }, transStatus: string) => {
    const threeDSResult = Buffer.from(JSON.stringify({ transStatus })).toString('base64');
    const body = { paymentData: action.paymentData, details: { threeDSResult } };
    return JSON.parse((await adyenRequest(sim, '/payments/details', body)).body);
  };
  const frictionless = await start('smooth', '5201281505129736', { browserInfo });
  expect(frictionless).toMatchObject({ resultCode: 'IdentifyShopper', action: { type: 'threeDS2' } });
  expect((await details(frictionless.action, 'Y')).resultCode).toBe('Authorised');

  const identified = await start('rough', '4212345678910006', { browserInfo });
  expect(identified.resultCode).toBe('IdentifyShopper');
  const challenged = await details(identified.action, 'Y');
  expect(challenged.resultCode).toBe('ChallengeShopper');
  expect(await details(challenged.action, 'N')).toMatchObject({
    resultCode: 'Refused',
    refusalReasonCode: '11',
  });
  expect(await effectsOf(sim, 'rough')).toEqual(['requires_action', 'declined']);

  expect((await start('direct', '4212345678910006')).resultCode).toBe('ChallengeShopper');
  await admin(sim, 'POST', '/payments/direct/authenticate', { outcome: 'succeeded' });
  expect(await effectsOf(sim, 'direct')).toEqual(['requires_action', 'authorized']);

  const redirect = { authenticationData: { threeDSRequestData: { nativeThreeDS: 'disabled' } } };
  const redirected = await start('away', '4212345678910006', redirect);
  expect(redirected.resultCode).toBe('RedirectShopper');
  const back = await raw(redirected.action.url, { method: 'POST', body: 'outcome=approve' });
  const redirectResult = new URL(String(back.headers.location)).searchParams.get('redirectResult');
  const done = await adyenRequest(sim, '/payments/details', { details: { redirectResult } });
  expect(JSON.parse(done.body).resultCode).toBe('Authorised');
});

test('an authorisation left alone expires, and a failed capture or refund is taken back by webhook', async () => {
  const endpoint = await receiver();
  // 28 days, scaled to 242 ms.
  const sim = await simulator('adyen', { webhookUrl: endpoint.url, timeScale: 1e-7 });
  await authorised(sim, 'r1');
  await expect.poll(() => effectsOf(sim, 'r1')).toEqual(['authorized', 'expired']);
  await expect.poll(() => outcomes(endpoint)).toContain('EXPIRE true');
  const psp = await authorised(sim, 'r2', 'SANDBOX capture_failed');
  await modify(sim, psp, 'captures', EUR(1000));
  // What could not be captured is an authorisation again, and expires in its turn.
  await expect
    .poll(async () => (await effectsOf(sim, 'r2')).slice(0, 3))
    .toEqual(['authorized', 'captured', 'capture_failed']);
  await expect.poll(() => outcomes(endpoint)).toContain('CAPTURE_FAILED true');
});

test('bad requests get the documented code, and journal no effect', async () => {
  const sim = await simulator('adyen');
  const method = adyenBody('').paymentMethod;
  const cases: [object, number, string][] = [
    [{ merchantAccount: 'Somebody' }, 403, '901'],
    [{ amount: undefined }, 422, '100'],
    [{ amount: EUR(-1) }, 422, '137'],
    [{ amount: EUR(1.5) }, 422, '137'],
    [{ amount: { value: 1, currency: 'ZZZ' } }, 422, '138'],
    [{ amount: { value: '10', currency: 'EUR' } }, 400, '702'],
    [{ reference: undefined }, 422, '130'],
    [{ returnUrl: undefined }, 422, '14_030'],
    [{ paymentMethod: { ...method, number: '4111111111111112' } }, 422, '101'],
    [{ paymentMethod: { ...method, cvc: '12' } }, 422, '103'],
    [{ colour: 'red' }, 400, '702'],
  ];
  for (const [change, status, errorCode] of cases) {
    const answer = await adyenRequest(sim, '/payments', adyenBody('bad', change as Record<string, unknown>));
    expect([answer.status, JSON.parse(answer.body).errorCode]).toEqual([status, errorCode]);
  }
  const unknown = await modify(sim, 'NOSUCHPSP1234567', 'captures', EUR(1));
  expect([unknown.status, JSON.parse(unknown.body).errorCode]).toEqual([422, '167']);
  const unauthorised = await raw(`${sim.apiUrl}/v72/payments`, {
    body: '{}',
    headers: { 'X-API-Key': 'wrong' },
  });
  expect(unauthorised.status).toBe(401);
  expect((await journalOf(sim)).filter((line) => line.kind === 'effect')).toEqual([]);
});

test('amounts follow Adyen’s own table where it differs from ISO 4217', async () => {
  const sim = await simulator('adyen');
  const cases = [
    ['JPY', 700, 700],
    ['KWD', 1234, 1234],
    ['CLP', 500_00, 500],
    ['ISK', 500, 5],
    ['CVE', 5, 500],
    ['IDR', 5, 500],
  ] as const;
  for (const [currency, value, amountMinor] of cases) {
    await adyenRequest(sim, '/payments', adyenBody(currency, { amount: { value, currency } }));
    expect((await journalOf(sim, currency)).filter((line) => line.kind === 'effect')).toMatchObject([
      { amountMinor, currency },
    ]);
  }
});

test.skipIf(!existsSync(SPEC))('answers are valid against Adyen’s OpenAPI document', async () => {
  const spec = JSON.parse(readFileSync(SPEC, 'utf8'));
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema({ $id: 'adyen', ...spec });
  const check = (schema: string, answer: RawAnswer) => {
    const validate = ajv.getSchema(`adyen#/components/schemas/${schema}`);
    if (validate === undefined) throw new Error(`no schema ${schema}`);
    expect(validate(JSON.parse(answer.body)), `${schema}: ${JSON.stringify(validate.errors)}`).toBe(true);
  };
  const sim = await simulator('adyen');
  const challenge = { ...adyenBody('').paymentMethod, number: '4212345678910006' };
  const paid = await adyenPayment(sim, 'r1');
  const psp = JSON.parse(paid.body).pspReference;
  check('PaymentResponse', paid);
  check('PaymentResponse', await adyenPayment(sim, 'r2', 'DECLINED'));
  check('PaymentResponse', await adyenPayment(sim, 'r3', 'PENDING'));
  const challenged = await adyenRequest(sim, '/payments', adyenBody('r4', { paymentMethod: challenge }));
  check('PaymentResponse', challenged);
  const { paymentData } = JSON.parse(challenged.body).action;
  const threeDSResult = Buffer.from('{"transStatus":"Y"}').toString('base64');
  check(
    'PaymentDetailsResponse',
    await adyenRequest(sim, '/payments/details', { paymentData, details: { threeDSResult } }),
  );
  check('PaymentCaptureResponse', await modify(sim, psp, 'captures', EUR(1000)));
  check('PaymentRefundResponse', await modify(sim, psp, 'refunds', EUR(1000)));
  check('PaymentCancelResponse', await modify(sim, psp, 'cancels'));
  check('PaymentReversalResponse', await modify(sim, psp, 'reversals'));
  const cancel = { merchantAccount: ADYEN_ACCOUNT, paymentReference: 'r1' };
  check('StandalonePaymentCancelResponse', await adyenRequest(sim, '/cancels', cancel));
  const methods = await adyenRequest(sim, '/paymentMethods', { merchantAccount: ADYEN_ACCOUNT });
  check('PaymentMethodsResponse', methods);
  check('ServiceError', await adyenRequest(sim, '/payments', adyenBody('r5', { amount: EUR(-1) })));
});
