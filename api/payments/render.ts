import { duplicatedBy } from '../../domain/names.ts';
import type { PaymentFailure, PaymentSnapshot } from '../../domain/payment/payment.ts';
import { publicPayment } from '../../domain/payment/public.ts';
import { failureProblem } from '../problems.ts';
import type { Reply } from '../route.ts';
import { duplicateReference } from './duplicate.ts';
import type { PublicPayment } from './schema.ts';

export { unixSeconds } from '../../domain/payment/public.ts';

/** The one place that turns a payment into the API's JSON and its HTTP status, first answer or repeated. */
export type PaymentAction = 'create' | 'confirm' | 'capture' | 'void' | 'read';

/** Typed here against the schema that the OpenAPI document is made from. */
export const renderPayment: (payment: PaymentSnapshot) => PublicPayment = publicPayment;

/** Answers a command with the payment it led to; throws the failure's problem where it led to none. */
export function replyWithPayment(
  action: PaymentAction,
  payment: PaymentSnapshot,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const body = renderPayment(payment);
  if (action === 'read') return { status: 200, body, headers };
  const other = action === 'create' ? duplicatedBy(payment.cancellationReason) : undefined;
  if (other !== undefined) throw duplicateReference(other);
  const failure = failureOf(action, payment);
  if (failure !== undefined) throw failureProblem(failure, body);
  if (payment.status === 'processing') {
    return { status: 202, body, headers: { ...headers, Location: `/v1/payments/${payment.id}` } };
  }
  return { status: action === 'create' ? 201 : 200, body, headers };
}

/**
 * A capture or void that the provider refused leaves the payment where it stood, with the reason on it. It is this
 * command's, because each new one takes the last one's reason away.
 */
function failureOf(action: PaymentAction, payment: PaymentSnapshot): PaymentFailure | undefined {
  const { status, failure } = payment;
  if (status === 'failed') {
    return failure ?? { code: 'provider_unavailable', message: 'The payment failed.' };
  }
  const held = status === 'requires_capture';
  const refused =
    (action === 'capture' &&
      (held || status === 'partially_captured') &&
      failure?.code === 'capture_failed') ||
    (action === 'void' && held && failure?.code === 'void_failed');
  return refused ? failure : undefined;
}
