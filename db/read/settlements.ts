import type { Db } from '../client.ts';
import { type SettlementFile, toFile } from '../reconciliation/files.ts';
import { findRun, type Run } from '../reconciliation/runs.ts';

/** What operators see of settlement: files as they came, and days as they were reconciled. */
export interface SettlementReader {
  /** The accounts that there are; a file or day of another is nobody's. */
  hasAccount(accountId: string): Promise<boolean>;
  file(fileId: string): Promise<SettlementFile | undefined>;
  files(filter: FileFilter): Promise<SettlementPage<SettlementFile>>;
  run(accountId: string, businessDate: string): Promise<Run | undefined>;
  runs(filter: RunFilter): Promise<SettlementPage<Run>>;
}

export interface FileFilter {
  readonly limit: number;
  readonly accountId?: string;
  readonly businessDate?: string;
  readonly status?: string;
  /** Older than this file. */
  readonly startingAfter?: string;
}

export interface RunFilter {
  readonly limit: number;
  readonly accountId?: string;
  readonly status?: string;
  /** Before this day. */
  readonly before?: string;
  /** After this run, by its id: of its day only accounts that come after its own. */
  readonly startingAfter?: string;
}

/** Newest first. */
export type SettlementPage<T> =
  | { readonly type: 'page'; readonly rows: readonly T[]; readonly hasMore: boolean }
  | { readonly type: 'unknown_cursor' };

export function createSettlementReader(db: Db): SettlementReader {
  return {
    async hasAccount(accountId) {
      const found = await db.providerAccount.findUnique({ where: { id: accountId }, select: { id: true } });
      return found !== null;
    },
    async file(fileId) {
      const row = await db.settlementFile.findUnique({ where: { id: fileId } });
      return row === null ? undefined : toFile(row);
    },
    files: (filter) => listFiles(db, filter),
    run: (accountId, businessDate) => findRun(db, accountId, businessDate),
    runs: (filter) => listRuns(db, filter),
  };
}

async function listFiles(db: Db, filter: FileFilter): Promise<SettlementPage<SettlementFile>> {
  const { accountId, businessDate, status, startingAfter, limit } = filter;
  const cursor =
    startingAfter === undefined
      ? undefined
      : await db.settlementFile.findUnique({
          where: { id: startingAfter },
          select: { id: true, receivedAt: true },
        });
  if (cursor === null) return { type: 'unknown_cursor' };
  const rows = await db.settlementFile.findMany({
    where: {
      ...(accountId === undefined ? {} : { accountId }),
      ...(businessDate === undefined ? {} : { businessDate: new Date(businessDate) }),
      ...(status === undefined ? {} : { status }),
      // By its place: a status moves on while somebody reads, and then the file itself is none of the list's.
      ...(cursor === undefined
        ? {}
        : {
            OR: [
              { receivedAt: { lt: cursor.receivedAt } },
              { receivedAt: cursor.receivedAt, id: { lt: cursor.id } },
            ],
          }),
    },
    orderBy: [{ receivedAt: 'desc' }, { id: 'desc' }],
    take: limit + 1,
  });
  return { type: 'page', rows: rows.slice(0, limit).map(toFile), hasMore: rows.length > limit };
}

async function listRuns(
  db: Db,
  { accountId, status, before, startingAfter, limit }: RunFilter,
): Promise<SettlementPage<Run>> {
  const cursor =
    startingAfter === undefined
      ? undefined
      : await db.reconciliationRun.findUnique({
          where: { id: startingAfter },
          select: { accountId: true, businessDate: true },
        });
  if (cursor === null) return { type: 'unknown_cursor' };
  const rows = await db.reconciliationRun.findMany({
    where: {
      ...(accountId === undefined ? {} : { accountId }),
      ...(status === undefined ? {} : { status }),
      ...(before === undefined ? {} : { businessDate: { lt: new Date(before) } }),
      ...(cursor === undefined
        ? {}
        : {
            OR: [
              { businessDate: { lt: cursor.businessDate } },
              { businessDate: cursor.businessDate, accountId: { gt: cursor.accountId } },
            ],
          }),
    },
    select: { accountId: true, businessDate: true },
    orderBy: [{ businessDate: 'desc' }, { accountId: 'asc' }],
    take: limit + 1,
  });
  const runs = await Promise.all(
    rows
      .slice(0, limit)
      .map((row) => findRun(db, row.accountId, row.businessDate.toISOString().slice(0, 10))),
  );
  return { type: 'page', rows: runs.filter((run) => run !== undefined), hasMore: rows.length > limit };
}
