import { reconciliationId } from '../../domain/reconciliation/day.ts';
import type { FeeContract } from '../../domain/reconciliation/fees.ts';
import type { Db } from '../client.ts';
import { Prisma, type ReconciliationRun as Row } from '../generated/client.ts';
import { timeZoneOf } from './accounts.ts';

/** One business day of one provider account. */
export interface Run {
  readonly id: string;
  readonly accountId: string;
  readonly merchantId: string;
  readonly mode: string;
  readonly businessDate: string;
  readonly status: 'running' | 'closed' | 'blocked';
  readonly step: string;
  /** What the provider calls the account; empty: not configured, not checked. */
  readonly merchantAccounts: readonly string[];
  readonly feeContract?: FeeContract;
  /** Agreed exchange rates by the payment's currency: settlement units for one unit of it, exact decimals. */
  readonly agreedRates: Readonly<Record<string, string>>;
  readonly timeZone: string;
  readonly report?: unknown;
  readonly startedAt: string;
  readonly finishedAt?: string;
}

/** Begins the day, or goes on with it: a day that was closed is run again as if it were new, and finds the same. */
export async function startRun(db: Db, accountId: string, businessDate: string): Promise<Run> {
  const id = reconciliationId(accountId, businessDate);
  await db.$executeRaw(Prisma.sql`
    INSERT INTO reconciliation_run (id, account_id, business_date, status, step)
    SELECT ${id}, a.id, ${businessDate}::date, 'running', 'fetch' FROM provider_account a WHERE a.id = ${accountId}
    ON CONFLICT (id) DO UPDATE SET status = 'running', step = 'fetch', finished_at = NULL`);
  const run = await findRun(db, accountId, businessDate);
  if (run === undefined) throw new Error(`there is no provider account ${accountId}`);
  return run;
}

export async function markStep(db: Db, runId: string, step: string): Promise<void> {
  await db.reconciliationRun.update({ where: { id: runId }, data: { step } });
}

export async function finishRun(
  db: Db,
  runId: string,
  status: 'closed' | 'blocked',
  report: object,
): Promise<void> {
  await db.$executeRaw(Prisma.sql`
    UPDATE reconciliation_run SET status = ${status}, step = 'done', report = ${json(report)}::jsonb,
      finished_at = clock_timestamp()
    WHERE id = ${runId}`);
}

export async function findRun(db: Db, accountId: string, businessDate: string): Promise<Run | undefined> {
  const row = await db.reconciliationRun.findUnique({
    where: { id: reconciliationId(accountId, businessDate) },
  });
  return row === null ? undefined : toRun(db, row);
}

async function toRun(db: Db, row: Row): Promise<Run> {
  const account = await db.providerAccount.findUniqueOrThrow({ where: { id: row.accountId } });
  const settings = account.settings as Readonly<Record<string, unknown>>;
  const { merchantAccount, fees, fxRates } = settings;
  return {
    id: row.id,
    accountId: row.accountId,
    merchantId: account.merchantId,
    mode: account.mode,
    businessDate: row.businessDate.toISOString().slice(0, 10),
    status: row.status as Run['status'],
    step: row.step,
    merchantAccounts: typeof merchantAccount === 'string' ? [merchantAccount] : [],
    ...(Array.isArray(fees) ? { feeContract: fees as FeeContract } : {}),
    agreedRates: (fxRates ?? {}) as Readonly<Record<string, string>>,
    timeZone: timeZoneOf(settings),
    ...(row.report === null ? {} : { report: row.report }),
    startedAt: row.startedAt.toISOString(),
    ...(row.finishedAt === null ? {} : { finishedAt: row.finishedAt.toISOString() }),
  };
}

/** Sums are bigints, which JSON has no word for: they go as decimal text. */
export function json(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
}
