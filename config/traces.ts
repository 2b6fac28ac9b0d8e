import { z } from 'zod';

/** What is told of requests and payments as OpenTelemetry's spans, and where people look at it. */
export interface TraceSettings {
  /** Absent: nothing is traced. */
  traces?: { endpoint: string; ratio: number };
  /** `{traceId}` stands for a trace's id. */
  traceUrl?: string;
}

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' });

/** The first two are OpenTelemetry's own, and mean what they mean everywhere. */
export const traceVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .transform(Number)
    .refine((ratio) => ratio >= 0 && ratio <= 1, 'must be a number from 0 to 1')
    .default(1),
  INTERLOCK_TRACE_URL: httpUrl
    .refine((value) => value.includes('{traceId}'), 'must contain {traceId}, where the id goes')
    .optional(),
};

export function tracesOf(env: {
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
  readonly OTEL_TRACES_SAMPLER_ARG: number;
  readonly INTERLOCK_TRACE_URL?: string | undefined;
}): TraceSettings {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, INTERLOCK_TRACE_URL: traceUrl } = env;
  return {
    ...(endpoint === undefined ? {} : { traces: { endpoint, ratio: env.OTEL_TRACES_SAMPLER_ARG } }),
    ...(traceUrl === undefined ? {} : { traceUrl }),
  };
}
