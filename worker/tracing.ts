import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import type { Headers } from '@temporalio/common';
import type { ActivityInterceptorsFactory, InjectedSinks, WorkerOptions } from '@temporalio/worker';
import type { Sinks } from '@temporalio/workflow';
import { paymentIdIn, traceIdOf } from '../domain/trace.ts';
import { type HandledMessage, TRACE_HEADER, traceparentIn } from '../domain/trace-context.ts';
import {
  activeTraceId,
  inSpan,
  isTracing,
  parseTraceparent,
  recordSpan,
  type SpanPlan,
} from '../telemetry/span.ts';

/**
 * The worker's side of traces: a span around each activity that works for a payment, spans for the messages that
 * workflows have handled (they are told here, because no tracer runs in a workflow), and the trace's id in activities'
 * log lines.
 */
export function tracing(workflowModules: readonly string[]): Pick<WorkerOptions, 'interceptors' | 'sinks'> {
  // Registered whether or not anything is traced here: other processes may have told a workflow that it is.
  const sinks: InjectedSinks<TraceSinks> = {
    trace: { handled: { fn: ({ workflowId, runId }, message) => handled(workflowId, runId, message) } },
  };
  return { interceptors: { activity: [tracedActivity], workflowModules: [...workflowModules] }, sinks };
}

/** As workflows/tracing.ts calls it. */
interface TraceSinks extends Sinks {
  readonly trace: { handled(message: HandledMessage): void };
}

function tracedActivity({ info }: Parameters<ActivityInterceptorsFactory>[0]) {
  const { workflowId = '', runId = '' } = info.workflowExecution ?? {};
  return {
    inbound: {
      execute(input, next) {
        const plan = isTracing() ? planOf(input.headers, workflowId) : undefined;
        if (plan === undefined) return next(input);
        const attributes = {
          'temporal.workflow_id': workflowId,
          'temporal.run_id': runId,
          'temporal.activity_id': info.activityId,
          'temporal.attempt': info.attempt,
        };
        const work = isOfManyPayments(workflowId)
          ? () => context.with(ROOT_CONTEXT, () => next(input))
          : () => next(input);
        return inSpan(`RunActivity:${info.activityType}`, { ...plan, attributes }, work);
      },
    },
    outbound: {
      getLogAttributes(input, next) {
        const paymentId = paymentIdIn(workflowId);
        const traceId = activeTraceId() ?? (paymentId === undefined ? undefined : traceIdOf(paymentId));
        return next(traceId === undefined ? input : { ...input, trace_id: traceId });
      },
    },
  } satisfies ReturnType<ActivityInterceptorsFactory>;
}

/** Under which span. Undefined: the activity works for nobody's payment in particular, and is not told of. */
function planOf(headers: Headers, workflowId: string): SpanPlan | undefined {
  const parent = parseTraceparent(traceparentIn(headers[TRACE_HEADER]?.data));
  if (parent !== undefined) return { parent };
  // Begun where nothing was traced: the workflow's id says whose trace it is all the same.
  const paymentId = paymentIdIn(workflowId);
  if (paymentId !== undefined) return { traceId: traceIdOf(paymentId) };
  return isOfManyPayments(workflowId) ? { traceId: traceIdOf(workflowId) } : undefined;
}

/** A day's reconciliation has a trace of its own, of its steps alone: what lies in a step is the work of thousands of payments. */
function isOfManyPayments(workflowId: string): boolean {
  return workflowId.startsWith('reconciliation/');
}

function handled(workflowId: string, runId: string, message: HandledMessage): void {
  const parent = parseTraceparent(message.traceparent);
  if (!isTracing() || parent === undefined) return;
  recordSpan(message.name, {
    parent,
    spanId: message.spanId,
    startedAtMs: message.startedAtMs,
    endedAtMs: Math.max(message.startedAtMs, Date.now()),
    failed: message.failed,
    attributes: { 'temporal.workflow_id': workflowId, 'temporal.run_id': runId },
  });
}
