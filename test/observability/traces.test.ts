import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataConverter, createPayloadCodec, failureConverterPath } from '../../client/codec/index.ts';
import { connectClient } from '../../client/index.ts';
import { challengeWorkflowId, paymentWorkflowId, refundWorkflowId } from '../../domain/ids.ts';
import { traceIdOf } from '../../domain/trace.ts';
import { TRACE_HEADER } from '../../domain/trace-context.ts';
import { startTracing, type Tracing } from '../../telemetry/index.ts';
import { act, CARDS, comeBack } from '../replay/payer.ts';
import { waitFor, workflowBundle } from '../support/harness.ts';
import {
  drawTrace,
  type OtlpReceiver,
  type ReceivedSpan,
  startOtlpReceiver,
} from '../support/otlp-receiver.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';

const PAN = CARDS.challenged.stripe;
const CVC = '8642';
const HOLDER = 'Ottilie Traced';
const DESCRIPTION = 'two tickets for somebody';
const CALLERS_TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

let receiver: OtlpReceiver;
let tracing: Tracing;
let system: System;
let shop: Listener;
/** Takes everything, and answers nothing. */
let hanging: Listener;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  tracing = startTracing(
    'interlock-test',
    { endpoint: receiver.endpoint, ratio: 1 },
    { warn: () => undefined },
  );
  system = await startSystem();
  shop = await listen((_request, response) => response.writeHead(200).end());
  hanging = await listen(() => undefined);
});

afterAll(async () => {
  await system.close();
  await tracing.stop();
  await receiver.close();
  for (const { server } of [shop, hanging]) {
    server.close();
    server.closeAllConnections();
  }
});

interface Listener {
  readonly url: string;
  readonly server: Server;
  /** Of each request that came. */
  readonly headers: object[];
}

async function listen(answer: RequestListener): Promise<Listener> {
  const headers: object[] = [];
  const server = createServer((request, response) => {
    headers.push(request.headers);
    request.resume();
    request.on('end', () => answer(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server, headers };
}

const statusOf = async (id: string) => (await system.request('GET', `/v1/payments/${id}`)).body.status;
const reached = (id: string, status: string) =>
  waitFor(async () => (await statusOf(id)) === status, { what: `${id} to be ${status}` });

/** Fails over from Adyen, wants the payer, is captured later, refunded, and told to the merchant. */
async function wholeLife(): Promise<{ readonly id: string; readonly refundId: string }> {
  await system.request('POST', '/v1/webhook_endpoints', { key: freshKey(), body: { url: shop.url } });
  await system.fault('adyen', { operation: 'any', mode: 'refuse' });
  const { body } = await system.pay(
    {
      amount: 4_200,
      currency: 'EUR',
      capture_method: 'manual',
      description: DESCRIPTION,
      return_url: 'https://shop.example/back',
      payment_method: await system.card(PAN, { cvc: CVC, holder_name: HOLDER }),
    },
    { headers: { traceparent: `00-${CALLERS_TRACE}-00f067aa0ba902b7-01` } },
  );
  await system.clearFaults();
  const { id } = body;
  await reached(id, 'requires_action');
  await comeBack(await act(system, 'stripe', id, 'succeeded', { attempt: 2 }));
  await reached(id, 'requires_capture');
  const captured = await system.request('POST', `/v1/payments/${id}/capture`, { key: freshKey(), body: {} });
  expect(captured.status).toBe(200);
  expect(captured.headers.get('trace-id')).toBe(traceIdOf(id));
  await reached(id, 'succeeded');
  const refund = await system.request('POST', `/v1/payments/${id}/refunds`, {
    key: freshKey(),
    body: { amount: 700 },
  });
  expect(refund.headers.get('trace-id')).toBe(traceIdOf(id));
  return { id, refundId: refund.body.id };
}

const spansOf = (id: string) => receiver.spans.filter(({ traceId }) => traceId === traceIdOf(id));

describe('a payment’s trace', () => {
  let id: string;
  let refundId: string;
  let spans: readonly ReceivedSpan[];
  const named = (name: string | RegExp) =>
    spans.filter((span) => (typeof name === 'string' ? span.name === name : name.test(span.name)));
  const parentOf = (span: ReceivedSpan | undefined) =>
    spans.find(({ spanId }) => spanId === span?.parentSpanId);
  const pathOf = (span: ReceivedSpan | undefined): string[] =>
    span === undefined ? [] : [...pathOf(parentOf(span)), span.name];

  beforeAll(async () => {
    ({ id, refundId } = await wholeLife());
    await waitFor(() => spansOf(id).some(({ name }) => name === 'DeliverEvent:refund.succeeded'), {
      what: 'the merchant to be told of the refund, and us to be told of that',
    });
    spans = spansOf(id);
    if (process.env.TEST_LOG !== undefined) console.log(drawTrace(spans));
  });

  it('leads from the request to Temporal, the workflow, the activity, the database and both providers', () => {
    const above = (name: string) => pathOf(named(name)[0]);
    const create = ['POST /v1/payments', 'UpdateWithStartWorkflow:create', 'HandleUpdate:create'];
    expect(above('RunActivity:plan')).toEqual([...create, 'RunActivity:plan']);
    expect(above('adyen authorize')).toEqual([...create, 'RunActivity:authorize', 'adyen authorize']);
    expect(above('stripe authorize')).toEqual([...create, 'RunActivity:authorize', 'stripe authorize']);
    const claims = named('UPDATE operation').map(pathOf);
    expect(claims).toContainEqual([...create, 'RunActivity:authorize', 'UPDATE operation']);
  });

  it('says of each call at a provider how it ended', () => {
    expect(named('adyen authorize')[0]?.attributes).toMatchObject({
      'interlock.provider': 'adyen',
      'interlock.operation': 'authorize',
      'interlock.attempt': 1,
      'interlock.outcome': 'not_attempted',
    });
    expect(named('stripe authorize')[0]?.attributes).toMatchObject({
      'interlock.attempt': 2,
      'interlock.outcome': 'requires_action',
      'http.response.status_code': 200,
    });
  });

  it('holds the challenge, the payer’s return, what webhooks brought, and every later command', () => {
    for (const name of [
      'RunWorkflow:payment',
      'RunWorkflow:challenge',
      'GET /v1/returns/:payment/:attempt/:token',
      'RunWorkflow:refund',
      'SignalWorkflow:news',
      'HandleSignal:news',
      'RunActivity:readNews',
      'POST /v1/payments/:id/capture',
      'stripe capture',
      'POST /v1/payments/:id/refunds',
      'stripe refund',
      'DeliverEvent:payment.succeeded',
    ])
      expect(named(name).length, name).toBeGreaterThan(0);
    expect(named('GET /v1/payments/:id')).toEqual([]);
    expect(pathOf(named('stripe capture')[0])[0]).toBe('POST /v1/payments/:id/capture');
    expect(pathOf(named('stripe refund')[0])[0]).toBe('POST /v1/payments/:id/refunds');
  });

  it('has no span whose parent is missing, and none twice', () => {
    const ids = spans.map(({ spanId }) => spanId);
    expect(new Set(ids).size).toBe(ids.length);
    const orphans = spans.filter(
      ({ parentSpanId }) => parentSpanId !== undefined && !ids.includes(parentSpanId),
    );
    expect(orphans.map(({ name }) => name)).toEqual([]);
  });

  it('is linked to the caller’s trace and to the webhooks’ own', () => {
    const [create] = named('POST /v1/payments');
    expect(create?.links).toContainEqual(expect.objectContaining({ traceId: CALLERS_TRACE }));
    expect(receiver.spans.some(({ traceId }) => traceId === CALLERS_TRACE)).toBe(false);
  });

  it('is told of nothing that the payer, the merchant or the keys would miss', () => {
    const told = receiver.spans.map(({ name, attributes }) => JSON.stringify([name, attributes])).join('\n');
    const words = [PAN, HOLDER, DESCRIPTION, system.apiKey, 'whsec_', 'sk_test', 'shop.example', shop.url];
    const everything = receiver.bodies.join('\n');
    expect(words.filter((word) => everything.includes(word))).toEqual([]);
    // So short that ids and times have them by chance: as a value, or a part of a text.
    expect(told).not.toMatch(new RegExp(`(?<![0-9a-z])(?:${CVC}|4200)(?![0-9a-z])`));
    expect(told).not.toMatch(/\$1|WHERE|VALUES/);
  });

  it('travels in headers of Temporal that only one payment’s workflows have', async () => {
    for (const { workflowId, history } of await historiesOf(id, refundId))
      expect(headersOf(history), workflowId).toEqual([TRACE_HEADER]);
    expect(shop.headers.length).toBeGreaterThan(0);
    expect(shop.headers.filter((each) => 'traceparent' in each)).toEqual([]);
  });

  it('changes nothing that a workflow does: its history replays with the interceptors and without', async () => {
    const histories = await historiesOf(id, refundId);
    const without = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
      failureConverterPath,
      logger: new DefaultLogger('ERROR'),
    });
    const dataConverter = { payloadCodecs: [createPayloadCodec(system.config.keys.codec)] };
    for (const bundle of [without, { codePath: workflowBundle() }]) {
      const results = Worker.runReplayHistories({ workflowBundle: bundle, dataConverter }, histories);
      for await (const { workflowId, error } of results) expect(error, workflowId).toBeUndefined();
    }
  }, 180_000);
});

describe('a payment of which nothing is told', () => {
  it('goes on alike where the receiver hangs', async () => {
    await tracing.stop();
    tracing = startTracing('interlock-test', { endpoint: hanging.url, ratio: 1 }, { warn: () => undefined });
    const { body } = await system.pay({
      amount: 1_000,
      currency: 'USD',
      payment_method: await system.card(),
    });
    expect(body.status).toBe('succeeded');
    await tracing.stop();
    expect(tracing.counts()).toMatchObject({ delivered: 0 });
    expect(tracing.counts().ended).toBeGreaterThan(5);
  });

  it('has no header in its history where tracing is off, and still says which trace would be its own', async () => {
    const { body, headers } = await system.pay({
      amount: 1_000,
      currency: 'USD',
      payment_method: await system.card(),
    });
    expect(body.status).toBe('succeeded');
    expect(headers.get('trace-id')).toBe(traceIdOf(body.id));
    const [first] = await fetched([paymentWorkflowId(body.id, 1)]);
    expect(headersOf(first?.history)).toEqual([]);
    expect(spansOf(body.id)).toEqual([]);
  });
});

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

const historiesOf = (id: string, refundId: string) =>
  fetched([paymentWorkflowId(id, 1), challengeWorkflowId(id, 2), refundWorkflowId(refundId, 1)]);

async function fetched(workflowIds: readonly string[]) {
  const { temporal, keys } = system.config;
  const client = await connectClient(temporal, createDataConverter(keys.codec));
  try {
    return await Promise.all(
      workflowIds.map(async (workflowId) => ({
        workflowId,
        history: await client.workflow.getHandle(workflowId).fetchHistory(),
      })),
    );
  } finally {
    await client.connection.close();
  }
}

function headersOf(history: History | undefined): readonly string[] {
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  return Object.keys(started?.header?.fields ?? {});
}
