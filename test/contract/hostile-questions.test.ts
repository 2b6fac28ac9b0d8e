// Questions that a provider answers oddly: what it does not show is `failed` or `unknown`, and `not_found` only where nothing else
// can be meant.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { adyen } from '../../providers/adyen/index.ts';
import { checkAt } from '../../providers/check.ts';
import { checkout } from '../../providers/checkout/index.ts';
import type {
  LookupRequest,
  Provider,
  ProviderAccount,
  ProviderConnection,
  SettlementRequest,
} from '../../providers/provider.ts';
import { ReportFault } from '../../providers/reports.ts';
import { stripe } from '../../providers/stripe/index.ts';
import { openCall } from '../../providers/transport/index.ts';
import { TestPayment } from './rig.ts';

/** What is answered, by path; the longest that the address begins with counts. */
let answers: Readonly<Record<string, unknown>> = {};
let asked: string[] = [];
const server = createServer((request, response) => {
  const url = request.url ?? '';
  asked.push(url);
  const path = Object.keys(answers)
    .filter((each) => url.startsWith(each))
    .sort((a, b) => b.length - a.length)[0];
  response.writeHead(path === undefined ? 404 : 200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(path === undefined ? {} : answers[path]));
});
let baseUrl: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  answers = {};
  asked = [];
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function accountHere(): ProviderAccount {
  const secrets = { apiKey: 'key', webhookSecret: 'x' };
  return { id: 'odd', baseUrl, settings: { merchantAccount: 'M' }, secrets };
}

function connectionOf(provider: Provider): ProviderConnection {
  return provider.connect(accountHere());
}

async function questionOf<T>(run: () => Promise<T> | undefined): Promise<T> {
  const call = openCall({ totalDeadlineMs: 5_000, needsPermit: false });
  try {
    return (await call.run(() => run() ?? expect.fail('it cannot be asked'))) as T;
  } finally {
    call.close();
  }
}

const ID = 'pay_mbabizu24mvu3mela5njyhpit4';
const made = new TestPayment();
const NONE_MOVED = { total_captured: 0, total_refunded: 0, total_voided: 0 };
const payment = (change: object = {}) => ({
  id: ID,
  status: 'Authorized',
  reference: made.reference,
  amount: 4_200,
  currency: 'EUR',
  balances: NONE_MOVED,
  ...change,
});
const lookup = (change: Partial<LookupRequest> = {}, provider: Provider = checkout) => {
  const money = { amountMinor: 4_200, currency: 'EUR' };
  const names = { reference: made.reference, authorizationReference: made.reference };
  const request: LookupRequest = { kind: 'authorize', ...names, ...money, ...change };
  return questionOf(() => connectionOf(provider).lookup?.(request));
};

describe('Checkout.com’s list by reference', () => {
  it.each<readonly [string, object, object]>([
    ['that is empty', { data: [], total_count: 0 }, { type: 'not_found' }],
    ['with ours', { data: [payment()], total_count: 1 }, { type: 'found', outcome: { type: 'authorized' } }],
    ['with another’s', { data: [payment({ reference: 'ORD-1' })], total_count: 1 }, { type: 'failed' }],
    ['with ours and another’s', { data: [payment(), payment({ reference: null })] }, { type: 'failed' }],
    ['that holds less than it counts', { data: [], total_count: 1 }, { type: 'failed' }],
    ['with ours twice', { data: [payment(), payment()] }, { type: 'found', outcome: { cause: 'mismatch' } }],
  ])('%s', async (_name, list, result) => {
    answers = { '/payments': list };
    expect(await lookup()).toMatchObject(result);
  });
});

describe('Checkout.com’s actions without ours', () => {
  const find = async (kind: 'capture' | 'void' | 'refund', shown: object, actions: object[] = []) => {
    answers = { [`/payments/${ID}`]: shown, [`/payments/${ID}/actions`]: actions };
    return await lookup({ kind, reference: made.operation(kind).reference, providerReference: ID });
  };
  const other = { id: 'act_1', type: 'Capture', amount: 700, approved: true, reference: 'ORD-1' };

  it.each(['capture', 'void', 'refund'] as const)('are no %s where the balances say so too', async (kind) => {
    expect(await find(kind, payment())).toEqual({ type: 'not_found' });
    expect(await find(kind, payment({ balances: undefined }))).toMatchObject({ type: 'failed' });
    expect(await find(kind, payment({ balances: { total_captured: 700 } }))).toMatchObject({
      type: 'failed',
    });
    expect(await find(kind, payment({ id: 'pay_other' }))).toMatchObject({ type: 'failed' });
    expect(await find(kind, payment({ reference: 'ORD-1' }))).toMatchObject({ type: 'failed' });
  });
  it('are no capture where another explains what was captured, and a doubt where none does', async () => {
    const balances = { ...NONE_MOVED, total_captured: 700 };
    const shown = payment({ status: 'Partially Captured', balances });
    expect(await find('capture', shown, [other])).toEqual({ type: 'not_found' });
    expect(await find('capture', shown)).toMatchObject({ type: 'failed' });
  });
  it('of a payment that has ended are a void, however it ended', async () => {
    const ended = await find('void', payment({ status: 'Expired' }));
    expect(ended).toMatchObject({ type: 'found', outcome: { type: 'voided' } });
    expect(await find('void', payment({ status: 'Teleported' }))).toMatchObject({ type: 'failed' });
  });
});

it('Checkout.com: refunds without a currency are not listed at all', async () => {
  const refund = { id: 'act_1', type: 'Refund', amount: 700, approved: true };
  const listing = async (shown: object) => {
    answers = { [`/payments/${ID}`]: shown, [`/payments/${ID}/actions`]: [refund] };
    return await questionOf(() => connectionOf(checkout).refundsOf?.({ providerReference: ID }));
  };
  expect(await listing(payment({ currency: undefined }))).toMatchObject({ type: 'failed' });
  expect(await listing(payment())).toMatchObject({ type: 'listed', refunds: [{ amountMinor: 700 }] });
});

it('Checkout.com: what is no id of a payment becomes no address', async () => {
  const connection = connectionOf(checkout);
  const money = { amountMinor: 4_200, currency: 'EUR' };
  for (const providerReference of ['../customers/x', `${ID}/captures?x=`, '']) {
    for (const send of [
      () =>
        connection.capture({ ...made.operation('capture'), ...money, providerReference, finalCapture: true }),
      () => connection.void({ ...made.operation('void'), providerReference }),
      () => connection.refund?.({ ...made.operation('refund'), ...money, providerReference }),
    ]) {
      expect(await questionOf(send)).toMatchObject({ type: 'rejected', code: 'no_such_payment' });
    }
  }
  expect(asked).toEqual([]);
});

it.each([{}, [], { paymentMethods: null }, { merchantAccount: 'M' }])(
  'Adyen: %j is no list of payment methods, and says nothing of the key',
  async (answer) => {
    answers = { '/v72/paymentMethods': answer };
    expect((await checkAt(adyen, accountHere(), 5_000)).result).toBe('unclear');
    expect(asked).toEqual(['/v72/paymentMethods']);
  },
);

describe('Checkout.com’s list of reports', () => {
  const from = '2026-11-20T00:00:00Z';
  const day: SettlementRequest = {
    businessDate: '2026-11-20',
    fromMs: Date.parse(from),
    toMs: Date.parse('2026-11-21T00:00:00Z'),
    held: [],
    deadlineMs: 2_000,
  };
  const report = { id: 'rpt_1', from, to: '2026-11-20T23:59:59Z', files: [] };
  const breakdown = [{ id: 'file_1', filename: 'settlement-breakdown_ent_1_20261120_1.csv' }];
  const fetched = async (item: unknown) => {
    answers = { '/reports': { data: [item] }, '/reports/rpt_1/files/file_1': 'line' };
    const names: string[] = [];
    for await (const { name, content } of connectionOf(checkout).fetchSettlement?.(day) ?? []) {
      names.push(name);
      for await (const _chunk of content);
    }
    return names;
  };

  it('gives the breakdown, and nothing of a report of another kind, whatever it looks like', async () => {
    expect(await fetched({ ...report, files: breakdown })).toEqual(['file_1.csv']);
    expect(await fetched({ files: [{ filename: 'financial-actions_1.csv' }], from: 'soon' })).toEqual([]);
  });
  it.each<readonly [string, unknown]>([
    ['without days', { ...report, from: undefined, files: breakdown }],
    ['with an id that is none', { ...report, id: '../x', files: breakdown }],
    ['without files', { ...report, files: undefined }],
    ['that is a word', 'rpt_1'],
  ])('passes over no report that may hold one: %s', async (_name, item) => {
    const fault = await fetched(item).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(ReportFault);
    expect(fault).toMatchObject({ message: expect.stringContaining('upload it'), retryable: false });
  });
});

it('Stripe: two refunds under one reference are never the first of them', async () => {
  const { reference } = made.operation('refund');
  const refund = (id: string) => ({
    id,
    object: 'refund',
    amount: 700,
    currency: 'eur',
    status: 'succeeded',
    payment_intent: 'pi_1',
    metadata: { interlock_reference: reference },
  });
  const find = async (...ids: string[]) => {
    answers = { '/v1/refunds': { object: 'list', data: ids.map(refund), has_more: false } };
    const change = { kind: 'refund', reference, providerReference: 'pi_1', amountMinor: 700 } as const;
    return await lookup(change, stripe);
  };
  expect(await find('re_1')).toMatchObject({ type: 'found', outcome: { type: 'refunded' } });
  expect(await find('re_1', 're_2')).toMatchObject({ outcome: { type: 'unknown', cause: 'mismatch' } });
});
