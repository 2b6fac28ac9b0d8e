import { SpanKind } from '@opentelemetry/api';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { paymentIdIn, traceIdOf } from '../domain/trace.ts';
import { TRACE_HEADER, type TraceCarrier } from '../domain/trace-context.ts';
import { currentTraceparent, inSpan, isTracing } from '../telemetry/span.ts';

/**
 * Spans around what is asked of Temporal, and the header by which workflows and their activities hear whose trace they
 * belong to. Whoever acts on a payment's workflow acts in the payment's trace, whatever trace it acts from.
 */
export const tracedCalls: WorkflowClientInterceptor = {
  startWithDetails: (input, next) =>
    calling('StartWorkflow', input.workflowType, input.options.workflowId, () =>
      next({ ...input, headers: withContext(input.headers, input.options.workflowId) }),
    ),
  signal: (input, next) =>
    calling('SignalWorkflow', input.signalName, input.workflowExecution.workflowId, () =>
      next({ ...input, headers: withContext(input.headers, input.workflowExecution.workflowId) }),
    ),
  signalWithStart: (input, next) =>
    calling('SignalWithStartWorkflow', input.signalName, input.options.workflowId, () =>
      next({ ...input, headers: withContext(input.headers, input.options.workflowId) }),
    ),
  startUpdate: (input, next) =>
    calling('UpdateWorkflow', input.updateName, input.workflowExecution.workflowId, () =>
      next({ ...input, headers: withContext(input.headers, input.workflowExecution.workflowId) }),
    ),
  startUpdateWithStart(input, next) {
    const { workflowId } = input.workflowStartOptions;
    return calling('UpdateWithStartWorkflow', input.updateName, workflowId, () =>
      next({
        ...input,
        workflowStartHeaders: withContext(input.workflowStartHeaders, workflowId),
        updateHeaders: withContext(input.updateHeaders, workflowId),
      }),
    );
  },
};

function calling<T>(verb: string, what: string, workflowId: string, call: () => Promise<T>): Promise<T> {
  if (!isTracing()) return call();
  const paymentId = paymentIdIn(workflowId);
  // What is asked of a workflow that no payment's trace is known for is told within a trace, or not at all.
  if (paymentId === undefined && currentTraceparent() === undefined) return call();
  return inSpan(
    `${verb}:${what}`,
    {
      kind: SpanKind.CLIENT,
      attributes: { 'rpc.system': 'temporal', 'temporal.workflow_id': workflowId },
      ...(paymentId === undefined ? {} : { traceId: traceIdOf(paymentId) }),
    },
    call,
  );
}

/** Only what works for one payment alone is told whose trace that is: an endpoint's deliveries are everybody's. */
function withContext(headers: Headers, workflowId: string): Headers {
  const traceparent = isOfOnePayment(workflowId) ? currentTraceparent() : undefined;
  if (traceparent === undefined) return headers;
  const carrier: TraceCarrier = { traceparent };
  return { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload(carrier) };
}

function isOfOnePayment(workflowId: string): boolean {
  return workflowId.startsWith('refund/') || paymentIdIn(workflowId) !== undefined;
}

/** Does what is about a payment in the payment's trace, where no id of a workflow says whose it is. */
export function inTraceOf<T>(paymentId: string, name: string, work: () => Promise<T>): Promise<T> {
  return isTracing() ? inSpan(name, { traceId: traceIdOf(paymentId) }, work) : work();
}
