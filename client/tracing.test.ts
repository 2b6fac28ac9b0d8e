import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { WorkflowSignalInput } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { challengeWorkflowId, paymentWorkflowId, refundWorkflowId } from '../domain/ids.ts';
import { traceIdOf } from '../domain/trace.ts';
import { TRACE_HEADER } from '../domain/trace-context.ts';
import { inSpan, parseTraceparent } from '../telemetry/span.ts';
import { startTracing, type Tracing } from '../telemetry/tracing.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../test/support/otlp-receiver.ts';
import { tracedCalls } from './tracing.ts';

const PAYMENT = 'pay_aaaaaaaaaaaaaaaaaaaaaaaaaa';
let receiver: OtlpReceiver;
let tracing: Tracing;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  tracing = startTracing(
    'interlock-test',
    { endpoint: receiver.endpoint, ratio: 1 },
    { warn: () => undefined },
  );
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});

afterAll(async () => {
  propagation.disable();
  await tracing.stop();
  await receiver.close();
});

/** What a signal to the workflow would carry. */
async function carried(
  workflowId: string,
  interceptor: Pick<typeof tracedCalls, 'signal'> = tracedCalls,
): Promise<string | undefined> {
  let headers: Headers = {};
  const input: WorkflowSignalInput = {
    signalName: 'news',
    args: [],
    workflowExecution: { workflowId },
    headers: {},
  };
  await interceptor.signal?.(input, async (sent) => {
    headers = sent.headers;
  });
  const payload = headers[TRACE_HEADER];
  return payload && defaultPayloadConverter.fromPayload<{ traceparent: string }>(payload).traceparent;
}

describe('what is asked of a workflow', () => {
  it.each([paymentWorkflowId(PAYMENT, 2), challengeWorkflowId(PAYMENT, 1)])(
    'of a payment is told in the payment’s trace: %s',
    async (workflowId) => {
      expect(parseTraceparent(await carried(workflowId))?.traceId).toBe(traceIdOf(PAYMENT));
    },
  );

  it('of a refund goes on in the trace that it is asked from', async () => {
    const refund = refundWorkflowId('ref_aaaaaaaaaaaaaaaaaaaaaaaaaa', 1);
    expect(await carried(refund)).toBeUndefined();
    await inSpan('the payment’s', { traceId: traceIdOf(PAYMENT) }, async () => {
      expect(parseTraceparent(await carried(refund))?.traceId).toBe(traceIdOf(PAYMENT));
    });
  });

  it('of an endpoint’s deliveries carries nothing: they are everybody’s', async () => {
    await inSpan('a payment’s', { traceId: traceIdOf(PAYMENT) }, async () => {
      expect(await carried('delivery/we_1')).toBeUndefined();
    });
  });

  it('carries what Temporal’s own interceptors carry, so that either side may be theirs', async () => {
    await inSpan('a payment’s', { traceId: traceIdOf(PAYMENT), kind: SpanKind.CLIENT }, async (span) => {
      const theirs = new OpenTelemetryWorkflowClientInterceptor();
      expect(parseTraceparent(await carried('whatever', theirs))?.traceId).toBe(span.spanContext().traceId);
      const ours = { traceparent: await carried(paymentWorkflowId(PAYMENT, 1)) };
      const read = trace.getSpanContext(propagation.extract(context.active(), ours));
      expect(read?.traceId).toBe(traceIdOf(PAYMENT));
    });
  });
});
