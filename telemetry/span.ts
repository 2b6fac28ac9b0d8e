import {
  type Attributes,
  type Context,
  context,
  INVALID_SPAN_CONTEXT,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

/**
 * The one way in which any room opens a span. Without a started tracer (tracing.ts) nothing of it happens: the
 * work is called, and that is all.
 */
export interface SpanPlan {
  readonly kind?: SpanKind;
  /** Ids, names, counts: never what a payer or merchant wrote, never bodies, never secrets. */
  readonly attributes?: Attributes;
  /** Epoch milliseconds, where the work had begun before it was known whose trace it belongs to. */
  readonly startedAtMs?: number;
  /**
   * The trace that the work belongs to, which is a payment's. Begun within another trace, it becomes a root in this
   * one, with a link to what it was begun by: one trace a payment, whoever acts.
   */
  readonly traceId?: string;
  /** Where the cause lies in another process. Without it: what runs now. */
  readonly parent?: SpanContext;
  readonly links?: readonly Link[];
}

/** What a span is told once its work is under way; the same object for all where nothing is traced. */
const NO_SPAN: Span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

let tracing = false;
let forced: { traceId?: string; spanId?: string } = {};

/** By tracing.ts alone. */
export function switchTracing(on: boolean): void {
  tracing = on;
}

export function isTracing(): boolean {
  return tracing;
}

/** The ids that the next span must have, for the tracer's generator: OpenTelemetry's API has no way to name them. */
export function forcedIds(): { readonly traceId?: string; readonly spanId?: string } {
  return forced;
}

/** Runs `work` in a span, which ends with it. An error's name is told, its message never: it may quote what it was given. */
export async function inSpan<T>(name: string, plan: SpanPlan, work: (span: Span) => Promise<T>): Promise<T> {
  if (!tracing) return work(NO_SPAN);
  const { span, around } = open(name, plan);
  if (!span.isRecording()) return context.with(around, work, undefined, span);
  try {
    return await context.with(around, work, undefined, span);
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** A span that has come to its end already, under an id that was given out before. */
export function recordSpan(
  name: string,
  plan: SpanPlan & { readonly spanId: string; readonly endedAtMs: number; readonly failed?: boolean },
): void {
  if (!tracing) return;
  const { span } = open(name, plan, plan.spanId);
  if (plan.failed === true) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(plan.endedAtMs);
}

function open(
  name: string,
  plan: SpanPlan,
  spanId?: string,
): { readonly span: Span; readonly around: Context } {
  const { kind = SpanKind.INTERNAL, attributes, startedAtMs, traceId } = plan;
  const { base, links } = placeOf(plan);
  const isRoot = trace.getSpanContext(base) === undefined;
  forced = {
    ...(isRoot && traceId !== undefined ? { traceId } : {}),
    ...(spanId === undefined ? {} : { spanId }),
  };
  const span = trace.getTracer('interlock').startSpan(
    name,
    {
      kind,
      ...(attributes === undefined ? {} : { attributes }),
      ...(startedAtMs === undefined ? {} : { startTime: startedAtMs }),
      ...(links.length === 0 ? {} : { links: [...links] }),
    },
    base,
  );
  forced = {};
  return { span, around: trace.setSpan(base, span) };
}

/** Under which span, and with links to which others. */
function placeOf({ traceId, parent, links = [] }: SpanPlan): { base: Context; links: readonly Link[] } {
  const active = context.active();
  const around = parent === undefined ? active : trace.setSpanContext(active, parent);
  const above = trace.getSpanContext(around);
  if (traceId === undefined || above === undefined || above.traceId === traceId)
    return { base: around, links };
  const begunBy = trace.isSpanContextValid(above) ? [{ context: above }] : [];
  return { base: trace.deleteSpan(around), links: [...links, ...begunBy] };
}

export function failSpan(span: Span, error: unknown): void {
  span.setAttribute('error.type', error instanceof Error ? error.name : typeof error);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Notes on the span that runs now, if one does, that something happened. */
export function eventOnSpan(name: string): void {
  if (tracing) trace.getActiveSpan()?.addEvent(name);
}

/** Whether what runs now is told of: details that are only worth their cost inside of something that is. */
export function isRecording(): boolean {
  return tracing && trace.getActiveSpan()?.isRecording() === true;
}

/** The trace that the running code belongs to. */
export function activeTraceId(): string | undefined {
  return tracing ? trace.getActiveSpan()?.spanContext().traceId : undefined;
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** W3C Trace Context, version 00. Undefined for what is none. */
export function parseTraceparent(text: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  const parsed = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return trace.isSpanContextValid(parsed) ? parsed : undefined;
}

/** What runs now, as other processes are told of it. Undefined where they need not know. */
export function currentTraceparent(): string | undefined {
  const span = tracing ? trace.getActiveSpan() : undefined;
  if (span === undefined || !span.isRecording()) return undefined;
  const { traceId, spanId } = span.spanContext();
  return `00-${traceId}-${spanId}-01`;
}
