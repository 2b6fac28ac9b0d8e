import { defaultPayloadConverter, type Headers, type Payload } from '@temporalio/common';
import { proxySinks, type Sinks, type WorkflowInterceptorsFactory, workflowInfo } from '@temporalio/workflow';
import {
  type HandledMessage,
  TRACE_HEADER,
  type TraceCarrier,
  traceparentIn,
} from '../domain/trace-context.ts';

/**
 * A trace's way through a workflow, as interceptors: the message that came last is the parent of what is scheduled after it.
 * No tracer runs in here (docs/decisions/0020-traces.md says why): ids follow from the run's, and finished spans are told
 * to the worker. Nothing of it is a command, waits, draws random numbers or adds a turn to a promise, so a history replays alike
 * with and without it; and where a message brings no header, nothing happens at all.
 */
export interface TraceSinks extends Sinks {
  readonly trace: { handled(message: HandledMessage): void };
}

const { trace } = proxySinks<TraceSinks>();

interface Begun {
  readonly name: string;
  readonly traceparent: string;
  readonly spanId: string;
  readonly startedAtMs: number;
}

export const interceptors: WorkflowInterceptorsFactory = () => {
  let cause: Payload | undefined;
  let count = 0;

  const begin = (name: string, headers: Headers): Begun | undefined => {
    const traceparent = traceparentIn(headers[TRACE_HEADER]?.data);
    if (traceparent === undefined) return undefined;
    count += 1;
    const { runId, unsafe } = workflowInfo();
    const spanId = spanIdOf(`${runId}/${count}`);
    const carrier: TraceCarrier = { traceparent: `${traceparent.slice(0, 36)}${spanId}-01` };
    cause = defaultPayloadConverter.toPayload(carrier);
    // Replayed, the workflow's own clock says when it was; live, only the real one knows how long it takes.
    return { name, traceparent, spanId, startedAtMs: unsafe.isReplaying ? Date.now() : unsafe.now() };
  };
  const end = (begun: Begun | undefined, failed: boolean) => {
    if (begun !== undefined && !workflowInfo().unsafe.isReplaying) trace.handled({ ...begun, failed });
  };
  const told = <Input extends { readonly headers: Headers }>(input: Input): Input =>
    cause === undefined ? input : { ...input, headers: { ...input.headers, [TRACE_HEADER]: cause } };

  return {
    inbound: [
      {
        execute(input, next) {
          // Told at once: a payment's workflow may run for a week, and its children would have no parent so long.
          end(begin(`RunWorkflow:${workflowInfo().workflowType}`, input.headers), false);
          return next(input);
        },
        handleUpdate(input, next) {
          const begun = begin(`HandleUpdate:${input.name}`, input.headers);
          const handled = next(input);
          if (begun !== undefined) {
            handled.then(
              () => end(begun, false),
              () => end(begun, true),
            );
          }
          return handled;
        },
        handleSignal(input, next) {
          end(begin(`HandleSignal:${input.signalName}`, input.headers), false);
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(told(input)),
        scheduleLocalActivity: (input, next) => next(told(input)),
        startChildWorkflowExecution: (input, next) => next(told(input)),
        signalWorkflow: (input, next) => next(told(input)),
        continueAsNew: (input, next) => next(told(input)),
      },
    ],
  };
};

/** 64 bits of FNV-1a, in two halves that begin and multiply alike and see the text from its two ends. */
function spanIdOf(text: string): string {
  let forwards = 0x811c9dc5;
  let backwards = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    forwards = Math.imul(forwards ^ text.charCodeAt(index), 0x01000193);
    backwards = Math.imul(backwards ^ text.charCodeAt(text.length - 1 - index), 0x01000193);
  }
  const hex = (half: number) => (half >>> 0).toString(16).padStart(8, '0');
  return `${hex(forwards)}${hex(backwards)}`;
}
