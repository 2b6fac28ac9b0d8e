/**
 * telemetry/: how a process tells what it does. What lives here: the set-up of OpenTelemetry's SDK and its export,
 * the one way to open a span, and the registries of metrics. What may not: deciding anything, waiting for anybody,
 * or naming what may not be told: card data, secrets, keys, bodies. Entry points start it; every other room
 * opens spans by `span.ts`, which does nothing where tracing is off.
 */
export { inSpan, isTracing } from './span.ts';
export { startTracing, type Tracing, type TracingConfig } from './tracing.ts';
