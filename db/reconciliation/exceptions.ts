import type { Db } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import type { FileRefusal, SettlementFile } from './files.ts';
import type { Run } from './runs.ts';

/** What a person must know of a day beside its breaks: that there is no file, or that one could not be taken in. */

export async function openRefusedException(
  db: Db,
  file: SettlementFile,
  { code, message, line }: FileRefusal,
): Promise<void> {
  const summary = `${file.name} (${file.format}) was refused: ${message}`;
  const details = {
    evidence: { file: file.id, name: file.name, ...(line === undefined ? {} : { line }) },
    cause: code,
  };
  await db.$executeRaw(Prisma.sql`
    INSERT INTO exception (id, kind, subject_id, merchant_id, account_id, file_id, line, summary, details)
    SELECT ${`exc_${REFUSED}_${file.id}`}, ${REFUSED}, ${file.id}, a.merchant_id, a.id, ${file.id}, ${line ?? null}::int,
      ${summary}, ${JSON.stringify(details)}::jsonb
    FROM provider_account a WHERE a.id = ${file.accountId}
    ON CONFLICT (kind, subject_id) DO NOTHING`);
}

/** `why`: what kept files from coming, in words. */
export async function openMissingException(db: Db, run: Run, why: string): Promise<void> {
  const summary = `no settlement file of ${run.accountId} for ${run.businessDate}: ${why}`;
  const details = { evidence: { run: run.id }, cause: why };
  await db.$executeRaw(Prisma.sql`
    INSERT INTO exception (id, kind, subject_id, merchant_id, account_id, run_id, summary, details)
    VALUES (${`exc_${MISSING}_${run.id}`}, ${MISSING}, ${run.id}, ${run.merchantId}, ${run.accountId}, ${run.id},
      ${summary}, ${JSON.stringify(details)}::jsonb)
    ON CONFLICT (kind, subject_id) DO NOTHING`);
}

/** A file has come after all, so nobody need look for one; nor for what was wrong with one that it stands in for. */
export async function closeExplainedByFiles(db: Db, run: Run): Promise<void> {
  await db.$executeRaw(Prisma.sql`
    UPDATE exception e SET closed_at = clock_timestamp(), resolution = 'a file of the day was posted', auto_resolved = true
    WHERE e.closed_at IS NULL AND (e.disposition->>'status') IS DISTINCT FROM 'proposed'
      AND ((e.kind = ${MISSING} AND e.subject_id = ${run.id})
        OR (e.kind = ${REFUSED} AND e.subject_id IN (
          SELECT f.id FROM settlement_file f JOIN settlement_file better
            ON better.account_id = f.account_id AND better.business_date = f.business_date AND better.name = f.name
          WHERE f.account_id = ${run.accountId} AND f.business_date = ${run.businessDate}::date
            AND f.status = 'refused' AND better.status = 'posted')))`);
}

/** Files that are not posted, and about which somebody still has to decide. */
export async function filesInDoubt(db: Db, run: Run): Promise<number> {
  const rows = await db.$queryRaw<{ open: number }[]>(Prisma.sql`
    SELECT count(*)::int AS open FROM settlement_file f
    WHERE f.account_id = ${run.accountId} AND f.business_date = ${run.businessDate}::date AND f.status <> 'posted'
      AND EXISTS (SELECT 1 FROM exception e WHERE e.closed_at IS NULL AND (e.subject_id = f.id OR e.file_id = f.id))`);
  return rows[0]?.open ?? 0;
}

const MISSING = 'settlement_file_missing';
const REFUSED = 'settlement_file_refused';
