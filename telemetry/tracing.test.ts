import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { traceIdOf } from '../domain/trace.ts';
import { waitFor } from '../test/support/harness.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../test/support/otlp-receiver.ts';
import { inSpan, isTracing } from './index.ts';
import { currentTraceparent, isRecording, parseTraceparent, recordSpan } from './span.ts';
import { startTracing, type Tracing } from './tracing.ts';

const PAYMENT = 'pay_aaaaaaaaaaaaaaaaaaaaaaaaaa';
const TRACE = traceIdOf(PAYMENT);

let tracing: Tracing | undefined;
const opened: { close(): unknown }[] = [];
const warnings: object[] = [];
const log = { warn: (facts: object) => warnings.push(facts) };

afterEach(async () => {
  await tracing?.stop();
  tracing = undefined;
  warnings.length = 0;
  for (const each of opened.splice(0)) await each.close();
});

function start(endpoint: string, ratio = 1): void {
  tracing = startTracing('interlock-test', { endpoint, ratio }, log);
}

async function receiving(ratio = 1): Promise<OtlpReceiver> {
  const receiver = await startOtlpReceiver();
  opened.push(receiver);
  start(receiver.endpoint, ratio);
  return receiver;
}

/** Takes connections, and never says anything. */
async function hanging(): Promise<string> {
  const server: Server = createServer(() => undefined);
  opened.push({ close: () => server.close() && server.closeAllConnections() });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('without configuration', () => {
  it('nothing is traced, and work is simply done', async () => {
    tracing = startTracing('interlock-test', undefined, log);
    expect(isTracing()).toBe(false);
    const told = await inSpan('work', { traceId: TRACE }, async (span) => ({
      isRecording: span.isRecording(),
      traceparent: currentTraceparent(),
    }));
    expect(told).toEqual({ isRecording: false, traceparent: undefined });
    expect(tracing.counts()).toEqual({ ended: 0, delivered: 0, failed: 0 });
  });
});

describe('spans', () => {
  it('are delivered with the service, their times, their place and what became of them', async () => {
    const receiver = await receiving();
    const startedAtMs = Date.now() - 1_000;
    await inSpan('outer', { traceId: TRACE, startedAtMs, attributes: { 'interlock.n': 1 } }, async () => {
      await inSpan('inner', {}, async () => {
        throw new TypeError(`quotes ${'4'.repeat(16)}`);
      }).catch(() => undefined);
    });
    await tracing?.stop();
    const [inner, outer] = receiver.spans;
    expect(outer).toMatchObject({
      service: 'interlock-test',
      name: 'outer',
      traceId: TRACE,
      startMs: startedAtMs,
    });
    expect(outer).not.toHaveProperty('parentSpanId');
    expect(outer?.attributes).toEqual({ 'interlock.n': 1 });
    expect(inner).toMatchObject({ name: 'inner', parentSpanId: outer?.spanId, failed: true });
    expect(inner?.attributes).toEqual({ 'error.type': 'TypeError' });
    expect(receiver.bodies.join()).not.toContain('quotes');
  });

  it('of a payment are in its trace, with a link to the trace that they were begun from', async () => {
    const receiver = await receiving();
    await inSpan('webhook', {}, () => inSpan('news', { traceId: TRACE }, async () => undefined));
    await tracing?.stop();
    const [news, webhook] = receiver.spans;
    expect(news?.traceId).toBe(TRACE);
    expect(news).not.toHaveProperty('parentSpanId');
    expect(webhook?.traceId).not.toBe(TRACE);
    expect(news?.links).toEqual([
      expect.objectContaining({ traceId: webhook?.traceId, spanId: webhook?.spanId }),
    ]);
  });

  it('that others have heard of already are told under the id that they have heard', async () => {
    const receiver = await receiving();
    const parent = parseTraceparent(`00-${TRACE}-00f067aa0ba902b7-01`);
    if (parent === undefined) throw new Error('a traceparent that is one');
    recordSpan('late', { parent, spanId: 'abcdefabcdefabcd', startedAtMs: 5_000, endedAtMs: 7_000 });
    await inSpan('other', {}, async () => undefined);
    await tracing?.stop();
    expect(receiver.spans[0]).toMatchObject({
      traceId: TRACE,
      spanId: 'abcdefabcdefabcd',
      parentSpanId: '00f067aa0ba902b7',
      startMs: 5_000,
      endMs: 7_000,
    });
    expect(receiver.spans[1]?.spanId).not.toBe('abcdefabcdefabcd');
    expect(receiver.spans[1]?.traceId).not.toBe(TRACE);
  });

  it('are of the same payments in every process, because the trace id decides', async () => {
    const receiver = await receiving(0.5);
    const ids = Array.from({ length: 200 }, (_, index) => traceIdOf(`pay_${index}`));
    for (const traceId of ids)
      await inSpan('first', { traceId }, async () => expect(isRecording()).toBeTypeOf('boolean'));
    for (const traceId of ids) await inSpan('second', { traceId }, async () => undefined);
    await tracing?.stop();
    const of = (name: string) =>
      receiver.spans.filter((span) => span.name === name).map(({ traceId }) => traceId);
    expect(of('first')).toEqual(of('second'));
    expect(of('first').length).toBeGreaterThan(50);
    expect(of('first').length).toBeLessThan(150);
  });
});

describe('a receiver', () => {
  it('that is away costs its spans and nothing else, and is told of once', async () => {
    start('http://127.0.0.1:9');
    const startedAt = performance.now();
    for (let each = 0; each < 3_000; each += 1) await inSpan('work', {}, async () => undefined);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    await waitFor(() => warnings.length > 0, { what: 'the failure to be told' });
    await tracing?.stop();
    expect(warnings).toHaveLength(1);
    expect(tracing?.counts()).toMatchObject({ ended: 3_000, delivered: 0 });
  });

  it('that hangs holds up nobody’s work, not even the end of the process', async () => {
    start(await hanging());
    for (let each = 0; each < 20_000; each += 1) await inSpan('work', {}, async () => undefined);
    const startedAt = performance.now();
    await tracing?.stop();
    expect(performance.now() - startedAt).toBeLessThan(6_000);
    expect(tracing?.counts().ended).toBe(20_000);
  });
});

describe('traceparent', () => {
  it.each([
    '',
    'garbage',
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `01-${TRACE}-00f067aa0ba902b7-01`,
    `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
  ])('%j is none', (text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });
});
