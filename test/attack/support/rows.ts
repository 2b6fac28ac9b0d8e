/**
 * Payments as rows, for tests that attack the database layer without a workflow: drafts, their first
 * transitions, and a database with both of its roles. Decisions are the domain's own; nothing is made up here.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { type Db, openDb } from '../../../db/client.ts';
import { type Planned, storePlan } from '../../../db/plan.ts';
import { type Recorded, recordTransition } from '../../../db/record.ts';
import { paymentIdFor, requestIdFor } from '../../../domain/ids.ts';
import { routed } from '../../../domain/payment/commands.ts';
import { decideOutcome } from '../../../domain/payment/decide.ts';
import type { OperationOutcome } from '../../../domain/payment/outcome.ts';
import type { Payment, RouteStep } from '../../../domain/payment/payment.ts';
import { type Transition, transitionOf } from '../../../domain/payment/transition.ts';
import { providerByName } from '../../../providers/registry.ts';
import { createTestDatabase } from '../../support/harness.ts';

export interface Database {
  /** As the application: what the code under test gets. */
  readonly db: Db;
  readonly url: string;
  readonly ownerUrl: string;
  /** As the schema's owner. */
  sql<T extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<T[]>;
  /** As the application's role, by raw SQL. */
  asApplication<T extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<T[]>;
  close(): Promise<void>;
}

export async function openTestDatabase(): Promise<Database> {
  const database = await createTestDatabase();
  const db = openDb(database.url);
  const owner = new pg.Pool({ connectionString: database.ownerUrl, max: 4 });
  owner.on('error', () => undefined);
  const application = new pg.Pool({ connectionString: database.url, max: 4 });
  application.on('error', () => undefined);
  const on =
    (pool: pg.Pool) =>
    async <T extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
      (await pool.query<T>(text, values)).rows;
  return {
    db,
    url: database.url,
    ownerUrl: database.ownerUrl,
    sql: on(owner),
    asApplication: on(application),
    async close() {
      await Promise.all([db.$disconnect(), owner.end(), application.end()]);
      await database.drop();
    },
  };
}

export function connectorVersionOf(provider: 'stripe' | 'adyen'): string {
  const { connectorVersion } = providerByName(provider) ?? {};
  if (connectorVersion === undefined) throw new Error(`there is no provider ${provider}`);
  return connectorVersion;
}

export function step(provider: 'stripe' | 'adyen', over: Partial<RouteStep> = {}): RouteStep {
  return {
    accountId: `pa_demo_${provider}`,
    provider,
    connectorVersion: connectorVersionOf(provider),
    automaticCapture: provider === 'stripe' ? 'sale' : 'authorize_then_capture',
    multipleCaptures: provider === 'stripe',
    authorizationLifetimeMs: 604_800_000,
    replaysByKey: true,
    keyWindowMs: 86_400_000,
    visibilityHorizonMs: provider === 'stripe' ? 3_600_000 : 0,
    canLookup: provider === 'stripe',
    canVoidByReference: provider === 'adyen',
    canRefund: true,
    ...over,
  };
}

export function draft(over: Partial<Payment> = {}): Payment {
  const nowMs = Date.now();
  return {
    id: paymentIdFor('mer_demo', 'test', randomBytes(12).toString('hex')),
    merchantId: 'mer_demo',
    mode: 'test',
    generation: 1,
    sequence: 0,
    status: 'processing',
    amountMinor: 1_000,
    currency: 'USD',
    captureMethod: 'automatic',
    amountAuthorizedMinor: 0,
    amountCapturedMinor: 0,
    amountRefundedMinor: 0,
    route: [step('stripe'), step('adyen')],
    attempts: [],
    completeByMs: nowMs + 120_000,
    createdAtMs: nowMs,
    metadata: {},
    ...over,
  };
}

export function planned(payment: Payment): Transition {
  const trigger = { type: 'created', actor: 'request:test' };
  return transitionOf(payment, routed(payment, 'first'), trigger, payment.createdAtMs);
}

export function requestOf(payment: Payment, bodyDigest = 'digest') {
  const { id: key, merchantId, mode } = payment;
  const path = 'POST /v1/payments';
  return { id: requestIdFor(merchantId, mode, path, key), path, idempotencyKey: key, bodyDigest };
}

export async function plan(db: Db, payment: Payment = draft()): Promise<Payment> {
  const stored: Planned = await storePlan(db, planned(payment), requestOf(payment), undefined);
  return stored.payment;
}

/** The step that an outcome of the payment's last operation makes. */
export function stepAfter(payment: Payment, outcome: OperationOutcome, atMs = Date.now()): Transition {
  const operation = payment.attempts.at(-1)?.operations.at(-1);
  if (operation === undefined) throw new Error('the payment has no operation');
  const decision = decideOutcome(payment, operation.id, outcome, atMs);
  if (decision === undefined) throw new Error(`${outcome.type} decides nothing`);
  return transitionOf(payment, decision, { type: outcome.type, actor: 'test' }, atMs);
}

export async function mustRecord(db: Db, transition: Transition): Promise<Payment> {
  const recorded: Recorded = await recordTransition(db, transition, {});
  if (recorded.type !== 'recorded') throw new Error(`not recorded: ${recorded.type}`);
  return transition.payment;
}

export const captured = (amountMinor = 1_000): OperationOutcome => ({
  type: 'captured',
  providerReference: 'pi_test',
  amountMinor,
  currency: 'USD',
});

export const authorized = (amountMinor = 1_000): OperationOutcome => ({
  type: 'authorized',
  providerReference: 'pi_test',
  amountMinor,
  currency: 'USD',
});

export const lastOperation = (payment: Payment) => {
  const operation = payment.attempts.at(-1)?.operations.at(-1);
  if (operation === undefined) throw new Error('the payment has no operation');
  return operation;
};
