/**
 * telemetry/: how a process is watched from outside. What lives here: what is counted under which name, and the page that
 * Prometheus scrapes. What may not: deciding anything, or a label whose values nobody can list.
 */
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { RequestMeter, WorkMeter } from '../domain/meter.ts';

/** One process's metrics. A test that runs API and worker in one process has one of each. */
export interface Metrics<Meter> {
  readonly registry: Registry;
  readonly meter: Meter;
}

/** Answers of an API and of its providers: the last bounds are the deadlines that both have by default. */
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20];
const ATTEMPTS = [1, 2, 3, 4, 5, 8];

/** Methods that no route has would otherwise be labels of whoever invents them. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'OPTIONS']);

function newRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

export function createRequestMetrics(): Metrics<RequestMeter> {
  const registry = newRegistry();
  const registers = [registry];
  const duration = new Histogram({
    name: 'interlock_http_request_duration_seconds',
    help: 'From the request to the last byte of its answer, by route pattern; `aborted`: the connection ended before, and no 4xx was decided. Event streams are not among them.',
    labelNames: ['method', 'route', 'status_class'] as const,
    buckets: SECONDS,
    registers,
  });
  const webhooks = new Counter({
    name: 'interlock_webhooks_received_total',
    help: "Providers' webhook events, by what became of them: stored, duplicate or refused.",
    labelNames: ['provider', 'result'] as const,
    registers,
  });
  return {
    registry,
    meter: {
      served({ method, route, status, isAnswered, seconds }) {
        const labels = {
          method: METHODS.has(method) ? method : 'other',
          route,
          status_class: isAnswered ? `${Math.floor(status / 100)}xx` : 'aborted',
        };
        duration.observe(labels, seconds);
      },
      webhooksCame: (provider, result, count) => webhooks.inc({ provider, result }, count),
    },
  };
}

export function createWorkMetrics(): Metrics<WorkMeter> {
  const registry = newRegistry();
  const registers = [registry];
  const calls = new Counter({
    name: 'interlock_provider_calls_total',
    help: 'Requests that could move money, by what the provider said; `resend` is the same request under the same key again.',
    labelNames: ['provider', 'account', 'operation', 'outcome', 'send'] as const,
    registers,
  });
  const callSeconds = new Histogram({
    name: 'interlock_provider_call_duration_seconds',
    help: "From the claimed permit to the provider's answer, or to the deadline.",
    labelNames: ['provider', 'operation'] as const,
    buckets: SECONDS,
    registers,
  });
  const payments = new Counter({
    name: 'interlock_payments_total',
    help: 'Payments that came to an end, by the status they ended in and the code of their failure, or `none`.',
    labelNames: ['outcome', 'reason'] as const,
    registers,
  });
  const answered = new Counter({
    name: 'interlock_payments_answered_total',
    help: 'Payments whose payer was answered, once each: `authorized` where the money is held to be captured later, else as they ended.',
    labelNames: ['outcome', 'reason'] as const,
    registers,
  });
  const attempts = new Histogram({
    name: 'interlock_payment_attempts',
    help: 'Attempts at providers until the payer was answered, of each payment that was tried.',
    buckets: ATTEMPTS,
    registers,
  });
  const refunds = new Counter({
    name: 'interlock_refunds_total',
    help: 'Refunds that came to an end, by the status they ended in.',
    labelNames: ['outcome'] as const,
    registers,
  });
  const deliveries = new Counter({
    name: 'interlock_webhook_deliveries_total',
    help: "Attempts to tell merchants' endpoints of events; `dead` was the last one that is made.",
    labelNames: ['result'] as const,
    registers,
  });
  return {
    registry,
    meter: {
      providerCalled({ seconds, isResend, ...labels }) {
        calls.inc({ ...labels, send: isResend ? 'resend' : 'first' });
        callSeconds.observe({ provider: labels.provider, operation: labels.operation }, seconds);
      },
      paymentEnded: (outcome, reason) => payments.inc({ outcome, reason }),
      paymentAnswered(outcome, reason, count) {
        answered.inc({ outcome, reason });
        if (count > 0) attempts.observe(count);
      },
      refundEnded: (outcome) => refunds.inc({ outcome }),
      eventSent: (result) => deliveries.inc({ result }),
    },
  };
}
