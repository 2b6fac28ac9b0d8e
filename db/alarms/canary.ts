import type { Db } from '../client.ts';

/** What became of one canary payment. */
export interface CanaryRun {
  readonly startedAtMs: number;
  readonly paymentId?: string;
  /** Absent: it went the whole way. */
  readonly failed?: { readonly step: string; readonly detail: string };
  /** Milliseconds of each step that was passed. */
  readonly steps: Readonly<Record<string, number>>;
}

export async function recordCanary(db: Db, run: CanaryRun): Promise<void> {
  await db.canaryRun.create({
    data: {
      startedAt: new Date(run.startedAtMs),
      paymentId: run.paymentId ?? null,
      succeeded: run.failed === undefined,
      failedStep: run.failed?.step ?? null,
      detail: run.failed?.detail ?? null,
      steps: run.steps,
    },
  });
}

/** Whether the ledger has the payment's money, balanced. */
export async function bookedFor(db: Db, paymentId: string): Promise<boolean> {
  const rows = await db.$queryRaw<{ transactions: bigint; off: bigint }[]>`
    SELECT count(DISTINCT t.id) AS transactions, coalesce(abs(sum(p.amount_minor)), 0)::bigint AS off
    FROM ledger_transaction t JOIN ledger_posting p ON p.transaction_id = t.id WHERE t.payment_id = ${paymentId}`;
  const [row] = rows;
  return row !== undefined && row.transactions > 0n && row.off === 0n;
}
