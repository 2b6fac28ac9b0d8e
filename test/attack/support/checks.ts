/**
 * What must hold of every payment, whatever was done to the system: judged from outside, by the simulators'
 * journals, the ledger's postings and the audit rows. Every attack ends here.
 */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { waitFor } from '../../support/harness.ts';
import type { Answer, JournalLine, System } from '../../support/system.ts';

type Provider = 'stripe' | 'adyen';
const PROVIDERS: readonly Provider[] = ['stripe', 'adyen'];

/** What one attempt came to at its provider: money taken, or held and not given back. */
export interface Charge {
  readonly provider: Provider;
  readonly reference: string;
  readonly capturedMinor: number;
  readonly refundedMinor: number;
  readonly held: boolean;
}

export async function effects(system: System, provider: Provider, paymentId: string): Promise<string[]> {
  const lines = await system.journal(provider, paymentId);
  return lines.flatMap((line) => (line.kind === 'effect' && line.effect !== undefined ? [line.effect] : []));
}

export async function arrivals(
  system: System,
  provider: Provider,
  paymentId: string,
): Promise<readonly JournalLine[]> {
  return (await system.journal(provider, paymentId)).filter((line) => line.kind === 'arrival');
}

/** Every attempt of the payment under which some provider still has, or holds, the payer's money. */
export async function unreversed(system: System, paymentId: string): Promise<readonly Charge[]> {
  const charges: Charge[] = [];
  for (const provider of PROVIDERS) {
    const lines = (await system.journal(provider, paymentId)).filter((line) => line.kind === 'effect');
    for (const reference of new Set(lines.map((line) => line.reference))) {
      const ours = lines.filter((line) => line.reference === reference);
      const sum = (effect: string) =>
        ours.filter((line) => line.effect === effect).reduce((total, line) => total + line.amountMinor, 0);
      const count = (...effects: string[]) =>
        ours.filter(({ effect = '' }) => effects.includes(effect)).length;
      const capturedMinor = sum('captured') - sum('capture_failed');
      const refundedMinor = sum('refunded') - sum('refund_failed');
      const authorizations = count('authorized');
      // More than one authorization under one reference is a second charge, whatever became of the first.
      expect(authorizations, `authorizations of ${reference} at ${provider}`).toBeLessThanOrEqual(1);
      const held = authorizations > count('voided', 'expired', 'canceled') && capturedMinor === 0;
      if (held || capturedMinor > refundedMinor)
        charges.push({ provider, reference, capturedMinor, refundedMinor, held });
    }
  }
  return charges;
}

/** Charged at most once, exactly as the API says; books balanced; audit gapless, chained and unedited. */
export async function expectSound(system: System, paymentId: string): Promise<void> {
  const { body } = await system.request('GET', `/v1/payments/${paymentId}`);
  const charges = await unreversed(system, paymentId);
  const kept = body.amount_captured > body.amount_refunded;
  const told = body.status === 'requires_capture' || kept ? 1 : 0;
  expect({ status: body.status, charges: charges.length }).toEqual({ status: body.status, charges: told });
  const capturedMinor = charges.reduce((sum, each) => sum + each.capturedMinor - each.refundedMinor, 0);
  expect(capturedMinor).toBe(body.amount_captured - body.amount_refunded);
  await expectBalanced(system, paymentId, capturedMinor);
  await expectAuditChain(system, paymentId);
}

async function expectBalanced(system: System, paymentId: string, capturedMinor: number): Promise<void> {
  const totals = await system.sql<{ currency: string; account: string; total: string }>(
    `SELECT p.currency, split_part(p.account, '/', 1) AS account, sum(p.amount_minor)::text AS total
     FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
     WHERE t.payment_id = $1 GROUP BY 1, 2`,
    [paymentId],
  );
  for (const currency of new Set(totals.map((each) => each.currency))) {
    const sum = totals
      .filter((each) => each.currency === currency)
      .reduce((s, each) => s + BigInt(each.total), 0n);
    expect(sum, `postings in ${currency}`).toBe(0n);
  }
  const of = (account: string) =>
    totals.filter((each) => each.account === account).reduce((s, each) => s + BigInt(each.total), 0n);
  expect(of('suspense'), 'what waits in suspense').toBe(0n);
  expect(-of('merchant_payable'), 'what the merchant is owed').toBe(BigInt(capturedMinor));
}

interface AuditRow {
  readonly sequence: number;
  readonly from_status: string | null;
  readonly to_status: string;
  readonly content_digest: string;
  readonly previous_hash: string;
  readonly hash: string;
}

export async function expectAuditChain(
  system: Pick<System, 'sql'>,
  paymentId: string,
): Promise<readonly AuditRow[]> {
  const rows = await system.sql<AuditRow>(
    `SELECT sequence, from_status, to_status, content_digest, previous_hash, hash
     FROM audit WHERE owner_id = $1 ORDER BY sequence`,
    [paymentId],
  );
  const [payment] = await system.sql<{ sequence: number; status: string; audit_head: string }>(
    `SELECT sequence, status, audit_head FROM payment WHERE id = $1
     UNION ALL SELECT sequence, status, audit_head FROM refund WHERE id = $1`,
    [paymentId],
  );
  expect(rows.map((row) => row.sequence)).toEqual(rows.map((_row, index) => index + 1));
  let previous = paymentId;
  for (const row of rows) {
    expect(row.previous_hash).toBe(previous);
    const text = `${previous}:${row.sequence}:${row.content_digest}`;
    expect(row.hash).toBe(createHash('sha256').update(text).digest('hex'));
    previous = row.hash;
  }
  expect(payment).toMatchObject({
    sequence: rows.length,
    status: rows.at(-1)?.to_status,
    audit_head: previous,
  });
  return rows;
}

export async function payment(system: System, id: string) {
  return (await system.request('GET', `/v1/payments/${id}`)).body;
}

export async function exceptions(system: System, paymentId: string): Promise<readonly string[]> {
  const rows = await system.sql<{ kind: string }>(
    'SELECT kind FROM exception WHERE payment_id = $1 AND closed_at IS NULL ORDER BY kind',
    [paymentId],
  );
  return rows.map((row) => row.kind);
}

/** Asks with a short wait until Temporal has it: 503 is the honest answer before that, and means the same key again. */
export function accepted(system: System, order: Record<string, unknown>, key: string): Promise<Answer> {
  return waitFor(
    async () => {
      const answer = await system.pay(order, { key, headers: { prefer: 'wait=1' } });
      expect([201, 202, 503]).toContain(answer.status);
      return answer.status === 503 ? undefined : answer;
    },
    { what: 'Temporal to accept the payment' },
  );
}
