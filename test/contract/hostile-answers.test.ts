// Answers that no provider should give, and that each could. None may become a success or a decline, none may
// be sent twice, and nothing of them may be passed on: the answers quote the card.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import { adyen } from '../../providers/adyen/index.ts';
import { checkout } from '../../providers/checkout/index.ts';
import type { Provider, ProviderAccount, ProviderConnection } from '../../providers/provider.ts';
import { stripe } from '../../providers/stripe/index.ts';
import { openCall } from '../../providers/transport/index.ts';
import { TestPayment } from './rig.ts';
import { adyenSubject, checkoutSubject, stripeSubject } from './subjects.ts';

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

let respond: Respond;
let requests = 0;
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    requests += 1;
    respond(request, response);
  });
});
let baseUrl: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const PAN = '4111111111111111';

function json(status: number, body: unknown, headers: Record<string, string> = {}): Respond {
  return (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
}

function text(status: number, body: string): Respond {
  return (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'text/html' });
    response.end(body);
  };
}

async function outcomeOf(
  provider: Provider,
  answer: Respond,
  send: (connection: ProviderConnection, payment: TestPayment) => Promise<OperationOutcome>,
  payment = new TestPayment(),
): Promise<OperationOutcome> {
  respond = answer;
  requests = 0;
  const secrets = { apiKey: 'key', webhookSecret: 'x' };
  const account: ProviderAccount = { id: 'hostile', baseUrl, settings: { merchantAccount: 'M' }, secrets };
  const connection = provider.connect(account);
  const call = openCall({ totalDeadlineMs: 5_000 });
  try {
    call.permitClaimed(performance.now());
    return await call.run(() => send(connection, payment));
  } finally {
    call.close();
  }
}

const authorize = (connection: ProviderConnection, payment: TestPayment) =>
  connection.authorize(payment.authorization({ ...adyenSubject.approved, number: PAN }));

/** What makes an error Checkout.com's own. */
const ofCheckout = { request_id: 'req_1', error_type: 'request_invalid' };

/** Its 429 may also mean that the key's first request is still running. */
const MAY_BE_RUNNING = 429;

describe.each([stripe, adyen, checkout])('$name', (provider) => {
  const mayBeRunning = (status: number) => provider === checkout && status === MAY_BE_RUNNING;

  const nonsense: readonly [string, Respond, string][] = [
    ['200 with HTML', text(200, `<html>${PAN}</html>`), 'unmapped_response'],
    ['200 with nothing', text(200, ''), 'unmapped_response'],
    ['200 with half of a JSON object', text(200, `{"id":"pi_1","number":"${PAN}`), 'unmapped_response'],
    ['200 with null', json(200, null), 'unmapped_response'],
    ['200 with a list', json(200, [PAN]), 'unmapped_response'],
    ['200 with another object', json(200, { object: 'charge', id: PAN }), 'unmapped_response'],
    ['200 with an error', json(200, { error: { type: 'card_error', message: PAN } }), 'unmapped_response'],
    ['10 MB', json(200, { id: 'x'.repeat(10_485_760) }), 'unmapped_response'],
    ['204', text(204, ''), 'unmapped_response'],
    [
      '302',
      (_request, response) => response.writeHead(302, { Location: `${baseUrl}/elsewhere` }).end(),
      'unmapped_response',
    ],
    ['409', json(409, { error: { type: 'invalid_request_error', message: PAN } }), 'conflict'],
    ['418', json(418, { error: { type: 'teapot', message: PAN } }), 'unmapped_response'],
    ['500 with HTML', text(500, `<html>${PAN}</html>`), 'server_error|unmapped_response'],
    ['500', json(500, { error: { type: 'api_error', message: PAN }, errorCode: PAN }), 'server_error'],
    ['502', json(502, { error: { type: 'api_error', message: PAN } }), 'server_error'],
    ['a reset', (request) => (request.socket as Socket).resetAndDestroy(), 'connection_lost'],
    ['a close', (request) => request.socket.end(), 'connection_lost'],
  ];

  it.each(nonsense)('%s is unknown, after one request', async (_name, answer, cause) => {
    const outcome = await outcomeOf(provider, answer, authorize);
    if (outcome.type !== 'unknown') return expect.fail(JSON.stringify(outcome));
    expect(outcome.cause).toMatch(new RegExp(`^(?:${cause})$`));
    expect(JSON.stringify(outcome)).not.toContain(PAN);
    expect(requests).toBe(1);
  });

  it('a code or parameter that quotes a card is not passed on', async () => {
    const error = { type: 'invalid_request_error', code: PAN, param: PAN, message: `Invalid number ${PAN}` };
    const body = { ...ofCheckout, error_codes: [PAN], error, errorCode: PAN, message: PAN };
    const outcome = await outcomeOf(provider, json(400, body), authorize);
    expect(outcome.type).toBe('rejected');
    expect(JSON.stringify(outcome)).not.toContain(PAN);
  });

  it.each([400, 401, 402, 403, 404, 422, 429])('on a resend %i proves nothing', async (status) => {
    const error = { type: status === 402 ? 'card_error' : 'invalid_request_error', code: 'card_declined' };
    const answer = json(status, { error, errorCode: '101', status });
    const outcome = await outcomeOf(provider, answer, (connection, payment) =>
      connection.authorize({ ...payment.authorization(adyenSubject.approved), resend: true }),
    );
    const cause = mayBeRunning(status) ? 'conflict' : 'rejected_on_resend';
    expect(outcome).toMatchObject({ type: 'unknown', cause });
  });

  it.each([401, 403])('%i on the first send comes before execution', async (status) => {
    const error = { type: 'invalid_request_error' };
    const answer = json(status, { ...ofCheckout, error, errorCode: '000', status });
    expect(await outcomeOf(provider, answer, authorize)).toMatchObject({ type: 'rejected' });
  });
});

describe.each([stripe, adyen])('$name', (provider) => {
  it('a rate limit on the first send is no refusal: the same may be asked again later', async () => {
    const answer = json(429, { error: { code: 'rate_limit' }, errorCode: '000', status: 429 });
    const throttled = { type: 'not_attempted', proof: 'throttled' };
    expect(await outcomeOf(provider, answer, authorize)).toEqual(throttled);
    const capture = await outcomeOf(provider, answer, (connection, payment) =>
      connection.capture({
        ...payment.operation('capture'),
        amountMinor: 4_200,
        currency: 'EUR',
        providerReference: 'pi_1',
        finalCapture: true,
      }),
    );
    expect(capture).toEqual(throttled);
  });
});

describe('an answer about something else is a mismatch', () => {
  const intent = (payment: TestPayment, change: object) => ({
    object: 'payment_intent',
    id: 'pi_1',
    status: 'requires_capture',
    amount: 4_200,
    amount_received: 0,
    currency: 'eur',
    metadata: { interlock_reference: payment.reference },
    ...change,
  });
  const stripeAnswers: readonly [string, object][] = [
    ['another amount', { amount: 42 }],
    ['another currency', { currency: 'usd' }],
    ['another reference', { metadata: { interlock_reference: 'att_other' } }],
    ['no reference', { metadata: {} }],
    ['succeeded without money', { status: 'succeeded' }],
  ];
  it.each(stripeAnswers)('Stripe: %s', async (_name, change) => {
    const payment = new TestPayment();
    const outcome = await outcomeOf(stripe, json(200, intent(payment, change)), authorize, payment);
    expect(outcome).toMatchObject({ type: 'unknown', cause: 'mismatch' });
  });
  it('Stripe: the same without a difference is an authorization', async () => {
    const payment = new TestPayment();
    const outcome = await outcomeOf(stripe, json(200, intent(payment, {})), authorize, payment);
    expect(outcome).toMatchObject({ type: 'authorized', providerReference: 'pi_1' });
  });
  it.each(['requires_confirmation', 'requires_payment_method', 'teleported'])(
    'Stripe: the status %s is unknown',
    async (status) => {
      const payment = new TestPayment();
      const outcome = await outcomeOf(stripe, json(200, intent(payment, { status })), authorize, payment);
      expect(outcome).toMatchObject({ type: 'unknown', cause: 'unmapped_response' });
    },
  );

  const result = (payment: TestPayment, change: object) => ({
    pspReference: 'NC6HT9CRT65ZGN82',
    resultCode: 'Authorised',
    merchantReference: payment.reference,
    amount: { value: 4_200, currency: 'EUR' },
    ...change,
  });
  const adyenAnswers: readonly [string, object, string][] = [
    ['another amount', { amount: { value: 42, currency: 'EUR' } }, 'mismatch'],
    ['another currency', { amount: { value: 4_200, currency: 'USD' } }, 'mismatch'],
    ['no amount', { amount: undefined }, 'unmapped_response'],
    ['another reference', { merchantReference: 'att_other' }, 'mismatch'],
    ['a refusal of another', { resultCode: 'Refused', merchantReference: 'att_other' }, 'mismatch'],
    ['no pspReference', { pspReference: undefined }, 'unmapped_response'],
    ['a part authorized', { resultCode: 'PartiallyAuthorised' }, 'unmapped_response'],
    ['authentication only', { resultCode: 'AuthenticationFinished' }, 'unmapped_response'],
    ['no authentication needed', { resultCode: 'AuthenticationNotRequired' }, 'unmapped_response'],
    ['an error without a reason', { resultCode: 'Error' }, 'unmapped_response'],
    ['a new result code', { resultCode: 'Teleported' }, 'unmapped_response'],
  ];
  const payment = (made: TestPayment, change: object) => ({
    id: 'pay_mbabizu24mvu3mela5njyhpit4',
    status: 'Authorized',
    reference: made.reference,
    amount: 4_200,
    currency: 'EUR',
    response_code: '10000',
    ...change,
  });
  const checkoutAnswers: readonly [string, object, string][] = [
    ['another amount', { amount: 42 }, 'mismatch'],
    ['another currency', { currency: 'USD' }, 'mismatch'],
    ['no amount', { amount: undefined }, 'unmapped_response'],
    ['another reference', { reference: 'att_other' }, 'mismatch'],
    ['no reference', { reference: undefined }, 'mismatch'],
    ['a decline of another', { status: 'Declined', reference: 'att_other' }, 'mismatch'],
    ['captured without money', { status: 'Captured', balances: { total_captured: 0 } }, 'mismatch'],
    ['captured in part, and not how much', { status: 'Partially Captured' }, 'unmapped_response'],
    ['refunded, and not how much was captured', { status: 'Refunded' }, 'unmapped_response'],
    ['an id that would change an address', { id: 'pay_1/captures' }, 'unmapped_response'],
    ['a verification', { status: 'Card Verified' }, 'unmapped_response'],
    ['a retry of its own', { status: 'Retry Scheduled' }, 'unmapped_response'],
    ['a new status', { status: 'Teleported' }, 'unmapped_response'],
    ['no id', { id: undefined }, 'unmapped_response'],
  ];
  it.each(checkoutAnswers)('Checkout.com: %s', async (_name, change, cause) => {
    const made = new TestPayment();
    const outcome = await outcomeOf(checkout, json(201, payment(made, change)), authorize, made);
    expect(outcome).toMatchObject({ type: 'unknown', cause });
  });
  const notItsOwn: readonly [string, Respond][] = [
    ['400 without a body', text(400, '')],
    ['401 of a gateway', text(401, '<html>sign in</html>')],
    ['403 of a firewall', json(403, { message: 'Forbidden' })],
    ['404 of a proxy', text(404, 'no route')],
    ['422 without a type', json(422, { error_codes: ['amount_invalid'] })],
    ['422 of another type', json(422, { ...ofCheckout, error_type: 'processing_error' })],
  ];
  it.each(notItsOwn)('Checkout.com: %s proves nothing', async (_name, answer) => {
    const outcome = await outcomeOf(checkout, answer, authorize);
    expect(outcome).toMatchObject({ type: 'unknown', cause: 'unmapped_response' });
  });
  it('Checkout.com: the same without a difference is an authorization', async () => {
    const made = new TestPayment();
    const outcome = await outcomeOf(checkout, json(201, payment(made, {})), authorize, made);
    expect(outcome).toMatchObject({
      type: 'authorized',
      providerReference: 'pay_mbabizu24mvu3mela5njyhpit4',
    });
  });
  it.each(adyenAnswers)('Adyen: %s', async (_name, change, cause) => {
    const payment = new TestPayment();
    const outcome = await outcomeOf(adyen, json(200, result(payment, change)), authorize, payment);
    expect(outcome).toMatchObject({ type: 'unknown', cause });
  });
  it('Adyen: the same without a difference is an authorization', async () => {
    const payment = new TestPayment();
    const outcome = await outcomeOf(adyen, json(200, result(payment, {})), authorize, payment);
    expect(outcome).toMatchObject({ type: 'authorized', providerReference: 'NC6HT9CRT65ZGN82' });
  });
  it('Adyen: a key that is busy or was used for something else is a conflict', async () => {
    const busy = json(422, { status: 422, errorCode: '704' });
    expect(await outcomeOf(adyen, busy, authorize)).toMatchObject({ type: 'unknown', cause: 'conflict' });
    const transient = json(422, { status: 422, errorCode: '000' }, { 'transient-error': 'true' });
    expect(await outcomeOf(adyen, transient, authorize)).toMatchObject({
      type: 'unknown',
      cause: 'conflict',
    });
  });
  it('Adyen: a modification accepted for another payment, amount or reference', async () => {
    const payment = new TestPayment();
    const operation = payment.operation('capture');
    const answer = {
      status: 'received',
      pspReference: 'NC6HT9CRT65ZGN82',
      paymentPspReference: 'AAAABBBBCCCCDDDD',
      merchantAccount: 'M',
      reference: operation.reference,
      amount: { value: 4_200, currency: 'EUR' },
    };
    const send = (connection: ProviderConnection) =>
      connection.capture({
        ...operation,
        providerReference: 'AAAABBBBCCCCDDDD',
        amountMinor: 4_200,
        currency: 'EUR',
        finalCapture: true,
      });
    expect(await outcomeOf(adyen, json(201, answer), send)).toEqual({
      type: 'pending',
      providerReference: 'NC6HT9CRT65ZGN82',
    });
    for (const change of [
      { paymentPspReference: 'XXXXBBBBCCCCDDDD' },
      { merchantAccount: 'Other' },
      { reference: 'op_other' },
      { amount: { value: 42, currency: 'EUR' } },
    ]) {
      const outcome = await outcomeOf(adyen, json(201, { ...answer, ...change }), send);
      expect(outcome).toMatchObject({ type: 'unknown', cause: 'mismatch' });
    }
  });
});

describe('after a challenge at Adyen', () => {
  const goOn = (connection: ProviderConnection, payment: TestPayment) =>
    connection.completeAction?.({
      ...payment.operation('authorize'),
      amountMinor: 4_200,
      currency: 'EUR',
      returned: { redirectResult: 'X6XtfGC3' },
    }) ?? expect.fail('Adyen must be told to go on');
  const answer = { pspReference: 'NC6HT9CRT65ZGN82', resultCode: 'Authorised' };
  const amount = { value: 4_200, currency: 'EUR' };
  const answers: readonly [string, Respond, string][] = [
    ['500', json(500, {}), 'server_error'],
    ['HTML', text(200, `<html>${PAN}</html>`), 'unmapped_response'],
    ['another payment', json(200, { ...answer, amount, merchantReference: 'att_other' }), 'mismatch'],
    ['no reference', json(200, { ...answer, amount }), 'mismatch'],
    ['a refusal of nobody', json(200, { resultCode: 'Refused', refusalReasonCode: '11' }), 'mismatch'],
    ['a reset', (request) => (request.socket as Socket).resetAndDestroy(), 'connection_lost'],
  ];
  it.each(answers)('%s is unknown, after one request', async (_name, respondWith, cause) => {
    const outcome = await outcomeOf(adyen, respondWith, goOn);
    expect(outcome).toMatchObject({ type: 'unknown', cause });
    expect(JSON.stringify(outcome)).not.toContain(PAN);
    expect(requests).toBe(1);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', '//evil.example', ''])(
    'a payer is sent nowhere by the address %s',
    async (url) => {
      const action = { type: 'redirect', method: 'GET', url };
      const outcome = await outcomeOf(adyen, json(200, { resultCode: 'RedirectShopper', action }), authorize);
      expect(outcome).toEqual({ type: 'requires_action', action: 'redirect' });
    },
  );
});

it('an adapter called outside of an open call sends nothing', async () => {
  requests = 0;
  for (const { provider, subject } of [
    { provider: stripe, subject: stripeSubject },
    { provider: adyen, subject: adyenSubject },
    { provider: checkout, subject: checkoutSubject },
  ]) {
    const secrets = { apiKey: 'key', webhookSecret: 'x' };
    const connection = provider.connect({ id: 'h', baseUrl, settings: { merchantAccount: 'M' }, secrets });
    await expect(connection.authorize(new TestPayment().authorization(subject.approved))).rejects.toThrow(
      /open call/,
    );
  }
  expect(requests).toBe(0);
});
