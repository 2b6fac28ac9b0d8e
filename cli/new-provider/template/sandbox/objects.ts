// The rows behind the API: payments, and the captures, voids and refunds asked of them.
import type { Authentication } from '../../../../sandbox/acs/emv.ts';
import { table } from '../../../../sandbox/kernel.ts';
import type { Brand, TestFault } from '../../../../sandbox/test-values.ts';

/** A card as the simulator keeps it: neither number nor CVC. */
export interface CardOnFile {
  brand: Brand;
  last4: string;
}

export type PaymentStatus = 'authorized' | 'captured' | 'declined' | 'requires_action' | 'voided' | 'expired';

export interface PaymentRow {
  id: string;
  reference: string;
  amount: number;
  currency: string;
  status: PaymentStatus;
  /** Captured together with the authorization. */
  capture: boolean;
  captured: number;
  refunded: number;
  card: CardOnFile;
  /** What the issuer will say: a decline's code, or null; known from the start because test values decide it. */
  decline: string | null;
  authentication: Authentication | null;
  exemption: string | null;
  /** The issuer's page that the payment waits for, or has waited for. */
  challenge: string | null;
  returnUrl: string | null;
  networkTransactionId: string;
  captureBefore: number;
  idempotencyKey: string | null;
  testFault: TestFault | null;
}

export type OperationType = 'capture' | 'void' | 'refund';

export interface OperationRow {
  id: string;
  type: OperationType;
  payment: string;
  reference: string;
  amount: number;
  currency: string;
}

export const payments = table<PaymentRow>('payment');
export const operations = table<OperationRow>('operation');

/** A payment as the API answers it. */
export function describePayment(row: PaymentRow, pageUrl: string | null): Record<string, unknown> {
  const declined = row.status === 'declined';
  return {
    object: 'payment',
    id: row.id,
    status: row.status,
    reference: row.reference,
    amount: row.amount,
    currency: row.currency,
    amount_captured: row.captured,
    amount_refunded: row.refunded,
    decline: declined ? { code: row.decline ?? 'do_not_honor' } : null,
    action: row.status === 'requires_action' ? { type: 'redirect', url: pageUrl } : null,
    authentication: describeAuthentication(row),
    network_transaction_id: declined ? null : row.networkTransactionId,
    capture_before: new Date(row.captureBefore).toISOString(),
  };
}

function describeAuthentication({ authentication: told, exemption }: PaymentRow): object | null {
  if (told === null) return exemption === null ? null : { exemption };
  return {
    flow: told.flow ?? undefined,
    trans_status: told.transStatus,
    trans_status_reason: told.transStatusReason,
    challenge_cancel: told.challengeCancel,
    eci: told.eci,
    version: told.version,
    ds_transaction_id: told.dsTransactionId,
    liability_shift: told.liabilityShift,
  };
}

export function describeOperation(row: OperationRow): Record<string, unknown> {
  return { object: 'operation', ...row, status: 'succeeded' };
}
