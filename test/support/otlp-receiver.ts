import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A receiver of OTLP over HTTP, as far as traces go: what Jaeger, Tempo or a collector would be told. */
export interface OtlpReceiver {
  readonly endpoint: string;
  /** All that came, in the order in which it came. */
  readonly spans: readonly ReceivedSpan[];
  /** The bodies as they came: what must not be told is looked for in here. */
  readonly bodies: readonly string[];
  close(): Promise<void>;
}

export interface ReceivedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

interface Value {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
}

interface KeyValue {
  readonly key: string;
  readonly value: Value;
}

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code?: number };
  readonly attributes?: readonly KeyValue[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    bodies.push(body);
    for (const { resource, scopeSpans } of (JSON.parse(body) as OtlpRequest).resourceSpans) {
      const service = String(valuesOf(resource.attributes)['service.name']);
      for (const scope of scopeSpans) spans.push(...scope.spans.map((span) => received(service, span)));
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    spans,
    bodies,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function received(service: string, span: OtlpSpan): ReceivedSpan {
  const { traceId, spanId, parentSpanId, name, kind, links = [] } = span;
  return {
    service,
    traceId,
    spanId,
    ...(parentSpanId === undefined || parentSpanId === '' ? {} : { parentSpanId }),
    name,
    kind,
    startMs: Number(BigInt(span.startTimeUnixNano) / 1_000n) / 1_000,
    endMs: Number(BigInt(span.endTimeUnixNano) / 1_000n) / 1_000,
    failed: span.status?.code === 2,
    attributes: valuesOf(span.attributes ?? []),
    links,
  };
}

function valuesOf(pairs: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? value.doubleValue ?? Number(value.intValue),
    ]),
  );
}

/** A trace as people see it: roots in the order of time, and under each span what it was the cause of. */
export function drawTrace(spans: readonly ReceivedSpan[]): string {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const sorted = [...spans].sort((a, b) => a.startMs - b.startMs);
  const beginMs = sorted[0]?.startMs ?? 0;
  const draw = (span: ReceivedSpan, depth: number): string[] => [
    `${at(span.startMs - beginMs)} ${took(span)}  ${'  '.repeat(depth)}${span.name}${span.failed ? ' ✗' : ''}`,
    ...sorted
      .filter(({ parentSpanId }) => parentSpanId === span.spanId)
      .flatMap((each) => draw(each, depth + 1)),
  ];
  const at = (ms: number) => `${ms.toFixed(1)}`.padStart(9);
  const took = ({ startMs, endMs }: ReceivedSpan) => `${(endMs - startMs).toFixed(1)} ms`.padStart(11);
  return sorted
    .filter(({ parentSpanId }) => parentSpanId === undefined || !known.has(parentSpanId))
    .flatMap((root) => draw(root, 0))
    .join('\n');
}
