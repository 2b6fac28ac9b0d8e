/**
 * How a trace's context travels through Temporal: names that client, workflows and worker share. Apart from trace.ts,
 * which hashes, and of which workflows need nothing.
 */

/** The header of Temporal's own OpenTelemetry interceptors, so that theirs and ours understand each other. */
export const TRACE_HEADER = '_tracer-data';

/** What the header holds. */
export interface TraceCarrier {
  readonly traceparent: string;
}

/** So long may a header be that is looked into. */
const MAX_CARRIER_BYTES = 1_024;

/**
 * The caller's span in a header's data, if it is told of. Whatever else lies there counts as nothing: a payment must not fail
 * over what somebody wrote of its trace.
 */
export function traceparentIn(data: Uint8Array | null | undefined): string | undefined {
  if (data == null || data.length > MAX_CARRIER_BYTES) return undefined;
  return /"traceparent"\s*:\s*"(00-[0-9a-f]{32}-[0-9a-f]{16}-01)"/.exec(String.fromCharCode(...data))?.[1];
}

/** What a workflow tells its worker of a message that it has handled, or of its own start. */
export interface HandledMessage {
  readonly name: string;
  /** The caller's span, as the header had it. */
  readonly traceparent: string;
  /** Given out when the handling began: what the workflow has had done since lies under it. */
  readonly spanId: string;
  readonly startedAtMs: number;
  readonly failed: boolean;
}
