import type { OperationOutcome } from '../../../domain/payment/outcome.ts';
import type { Payment } from '../../../domain/payment/payment.ts';
import { draft, mustRecord, plan, step, stepAfter } from '../../../test/attack/support/rows.ts';
import type { Day } from './day.ts';

/** Payments as they are recorded, each with a name of its own at the provider. */
export const charged = (providerReference: string, amountMinor = 1_000): OperationOutcome => ({
  type: 'captured',
  providerReference,
  amountMinor,
  currency: 'USD',
});

export const held = (providerReference: string, amountMinor = 1_000): OperationOutcome => ({
  type: 'authorized',
  providerReference,
  amountMinor,
  currency: 'USD',
});

/** A sale whose outcome this is. */
export async function sale({ database }: Day, outcome: OperationOutcome): Promise<Payment> {
  const payment = await plan(database.db, draft({ route: [step('stripe')] }));
  return mustRecord(database.db, stepAfter(payment, outcome));
}

/** As many sales as there are names, all of them captured. */
export async function sales(day: Day, ...names: readonly string[]): Promise<Payment[]> {
  const made: Payment[] = [];
  for (const name of names) made.push(await sale(day, charged(name)));
  return made;
}
