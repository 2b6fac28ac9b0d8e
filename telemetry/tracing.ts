import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { Resource } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type IdGenerator,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { forcedIds, switchTracing } from './span.ts';

/** Of the process's log, what is needed. */
interface TroubleLog {
  warn(facts: object, message: string): void;
}

export interface TracingConfig {
  /** The base URL of an OTLP/HTTP receiver; `/v1/traces` is added. */
  readonly endpoint: string;
  /** Which part of all traces is told, 0 to 1. By trace id, so that every process picks the same payments. */
  readonly ratio: number;
}

export interface Tracing {
  /** Spans that ended, those that were delivered, and those that were given up because the receiver didn't take them. */
  counts(): SpanCounts;
  /** Hands over what is left, for as long as that may take, and switches tracing off. Never rejects. */
  stop(): Promise<void>;
}

export interface SpanCounts {
  readonly ended: number;
  readonly delivered: number;
  readonly failed: number;
}

/** What waits for its delivery is bounded: a receiver that is away costs traces, never memory, and never a payment's time. */
const QUEUE = { maxQueueSize: 8_192, maxExportBatchSize: 1_024, scheduledDelayMillis: 2_000 };
const EXPORT_TIMEOUT_MS = 5_000;
const STOP_TIMEOUT_MS = 3_000;
/** One line about a receiver that is away says as much as a thousand. */
const TROUBLE_EVERY_MS = 60_000;

/** Starts telling of spans, once in a process. Without configuration tracing is off, and costs nothing. */
export function startTracing(
  serviceName: string,
  config: TracingConfig | undefined,
  log: TroubleLog,
): Tracing {
  if (config === undefined) return OFF;
  const counts = { ended: 0, delivered: 0, failed: 0 };
  const exporter = counted(
    new OTLPTraceExporter({
      url: `${config.endpoint.replace(/\/$/, '')}/v1/traces`,
      timeoutMillis: EXPORT_TIMEOUT_MS,
    }),
    counts,
    log,
  );
  const batches = new BatchSpanProcessor(exporter, { ...QUEUE, exportTimeoutMillis: EXPORT_TIMEOUT_MS });
  const provider = new BasicTracerProvider({
    resource: new Resource({
      'service.name': serviceName,
      'service.version': VERSION,
      'service.namespace': 'interlock',
      'service.instance.id': randomBytes(8).toString('hex'),
      'process.pid': process.pid,
    }),
    sampler: new TraceIdRatioBasedSampler(config.ratio),
    idGenerator: IDS,
    spanProcessors: [counting(batches, counts)],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  switchTracing(true);
  return {
    counts: () => ({ ...counts }),
    async stop() {
      switchTracing(false);
      await within(provider.shutdown(), STOP_TIMEOUT_MS);
      trace.disable();
      context.disable();
    },
  };
}

const { version: VERSION } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { readonly version: string };

const OFF: Tracing = {
  counts: () => ({ ended: 0, delivered: 0, failed: 0 }),
  stop: () => Promise.resolve(),
};

/** Random, but where a payment's own trace, or a span that others know of already, is being written. */
const IDS: IdGenerator = {
  generateTraceId: () => forcedIds().traceId ?? randomHex(16),
  generateSpanId: () => forcedIds().spanId ?? randomHex(8),
};

/** Drawn in one go, since each draw costs more than what it yields. */
const POOL_BYTES = 4_096;
let pool = Buffer.alloc(0);
let taken = 0;

function randomHex(bytes: number): string {
  if (taken + bytes > pool.length) {
    pool = randomBytes(POOL_BYTES);
    taken = 0;
  }
  taken += bytes;
  return pool.toString('hex', taken - bytes, taken);
}

type Counts = { -readonly [Name in keyof SpanCounts]: SpanCounts[Name] };

function counting(processor: SpanProcessor, counts: Counts): SpanProcessor {
  return {
    onStart: (span, from) => processor.onStart(span, from),
    onEnd(span) {
      counts.ended += 1;
      processor.onEnd(span);
    },
    forceFlush: () => processor.forceFlush(),
    shutdown: () => processor.shutdown(),
  };
}

function counted(exporter: SpanExporter, counts: Counts, log: TroubleLog): SpanExporter {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  const given = (count: number, taken: boolean) => {
    counts[taken ? 'delivered' : 'failed'] += count;
    if (taken || performance.now() - toldAtMs < TROUBLE_EVERY_MS) return;
    toldAtMs = performance.now();
    log.warn({ ...counts }, 'spans are not taken by their receiver; they are dropped, and nothing waits');
  };
  return {
    export(spans: ReadableSpan[], done: (result: ExportResult) => void) {
      exporter.export(spans, ({ code }) => {
        given(spans.length, code === ExportResultCode.SUCCESS);
        // The processor would only report the failure once more, in the SDK's own way.
        done({ code: ExportResultCode.SUCCESS });
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}

function within(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    work
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => {
        clearTimeout(timer);
        resolve();
      });
  });
}
