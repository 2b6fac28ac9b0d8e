import type { Finding } from './finding.ts';
import type { OperationRow, PaymentMethodRow, PaymentRow } from './rows.ts';
import type { View } from './view.ts';

/**
 * S1: sealed data that outlived its use. A verification code is gone once its authorization is resolved, or
 * when its time is up; the sealed parameters of an operation are gone once that is closed.
 */
export function checkSecrets(view: View): Finding[] {
  return [
    ...view.paymentMethods.flatMap((method) => keptCode(view, method)),
    ...view.operations.flatMap((operation) => keptParameters(view, operation)),
  ];
}

const found = (subject: string, what: string): Finding => ({ invariant: 'S1', subject, what });

/** The sweeper shreds what has expired at its next round. */
const ROUND_MS = 60_000;

function overdue(view: View, expiresAtMs: number | undefined): boolean {
  const { quietAtMs, healedAtMs } = view.evidence;
  return expiresAtMs !== undefined && expiresAtMs + ROUND_MS < (quietAtMs ?? healedAtMs);
}

function keptCode(view: View, method: PaymentMethodRow): Finding[] {
  if (!method.hasCvc) return [];
  const resolved = [...view.payments.values()].find(
    (payment) => payment.paymentMethodId === method.id && isResolved(payment),
  );
  if (resolved !== undefined)
    return [found(method.id, `keeps its verification code, and ${resolved.id} is ${resolved.status}`)];
  return overdue(view, method.cvcExpiresAtMs)
    ? [found(method.id, 'keeps a verification code past its time')]
    : [];
}

const MAY_STILL_AUTHORIZE: ReadonlySet<string> = new Set([
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'requires_review',
]);

/** Nothing of it can be authorized any more. */
function isResolved({ status, authorizedMinor }: PaymentRow): boolean {
  if (status === 'processing' || status === 'requires_review') return authorizedMinor > 0n;
  return !MAY_STILL_AUTHORIZE.has(status);
}

function keptParameters(view: View, operation: OperationRow): Finding[] {
  const { id, hasSealedParameters, closedAtMs, parametersExpireAtMs } = operation;
  if (!hasSealedParameters) return [];
  if (closedAtMs !== undefined) return [found(id, 'keeps its sealed parameters after it was closed')];
  return overdue(view, parametersExpireAtMs)
    ? [found(id, 'keeps its sealed parameters past their time')]
    : [];
}
