import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { DueDelivery } from '../db/webhooks/index.ts';
import type { AttemptOutcome } from '../domain/events/outcome.ts';
import type { OperationOutcome } from '../domain/payment/outcome.ts';
import { traceIdOf } from '../domain/trace.ts';
import type { ProviderCall } from '../providers/transport/index.ts';
import { inSpan, isRecording, isTracing } from '../telemetry/span.ts';

/** What a span of a call at a provider says: which one, what for, and how it ended. Nothing that was sent or answered. */
interface CalledFor {
  readonly account: { readonly id: string; readonly provider: string };
  /** `authorize`, `capture`, ..., or `lookup`. */
  readonly operation: string;
  readonly isResend?: boolean;
  readonly operationId?: string;
  readonly attemptNumber?: number;
}

/** Runs an adapter's call in its open call, as a span of what is told of. */
export function callProvider<T extends { readonly type: string }>(
  call: ProviderCall,
  called: CalledFor,
  effect: () => Promise<T>,
): Promise<T> {
  const run = () => call.run(effect);
  if (!isRecording()) return run();
  const { account, operation, isResend = false, operationId, attemptNumber } = called;
  const attributes: Attributes = {
    'interlock.provider': account.provider,
    'interlock.account_id': account.id,
    'interlock.operation': operation,
    'interlock.resend': isResend,
    ...(operationId === undefined ? {} : { 'interlock.operation_id': operationId }),
    ...(attemptNumber === undefined ? {} : { 'interlock.attempt': attemptNumber }),
  };
  return inSpan(`${account.provider} ${operation}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
    const outcome = await run();
    const { httpStatus } = call.trace;
    span.setAttributes({
      'interlock.outcome': outcome.type,
      ...(httpStatus === undefined ? {} : { 'http.response.status_code': httpStatus }),
      ...reasonOf(outcome),
    });
    // Not knowing is the one failure of a call; a decline is an answer.
    if (outcome.type === 'unknown' || outcome.type === 'failed')
      span.setStatus({ code: SpanStatusCode.ERROR });
    return outcome;
  });
}

/** Our own words for why, of which there are few; never the provider's. */
function reasonOf(outcome: { readonly type: string }): Attributes {
  const { type, decline, cause, proof } = outcome as Partial<
    Pick<Extract<OperationOutcome, { type: 'declined' }>, 'decline'> &
      Pick<Extract<OperationOutcome, { type: 'unknown' }>, 'cause'> &
      Pick<Extract<OperationOutcome, { type: 'not_attempted' }>, 'proof'>
  > & { readonly type: string };
  const reason = type === 'declined' ? decline?.reason : (cause ?? proof);
  return reason === undefined ? {} : { 'interlock.reason': reason };
}

/** One attempt to tell a merchant's endpoint of an event, in the trace of the payment that it tells of. */
export function tellEndpoint(
  delivery: Pick<DueDelivery, 'id' | 'type' | 'paymentId' | 'attempts'>,
  endpointId: string,
  post: () => Promise<AttemptOutcome>,
): Promise<AttemptOutcome> {
  if (!isTracing()) return post();
  const attributes: Attributes = {
    'interlock.event_id': delivery.id,
    'interlock.event_type': delivery.type,
    'interlock.endpoint_id': endpointId,
    'interlock.attempt': delivery.attempts + 1,
  };
  const plan = { kind: SpanKind.CLIENT, traceId: traceIdOf(delivery.paymentId), attributes };
  return inSpan(`DeliverEvent:${delivery.type}`, plan, async (span) => {
    const outcome = await post();
    const answered = outcome.type === 'answered';
    span.setAttributes(
      answered ? { 'http.response.status_code': outcome.statusCode } : { 'error.type': outcome.error },
    );
    if (!answered || outcome.statusCode >= 300) span.setStatus({ code: SpanStatusCode.ERROR });
    return outcome;
  });
}
