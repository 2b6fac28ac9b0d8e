import type { SettlementReader } from '../../db/read/index.ts';

export type StoredFile = NonNullable<Awaited<ReturnType<SettlementReader['file']>>>;
export type StoredRun = NonNullable<Awaited<ReturnType<SettlementReader['run']>>>;

export function renderFile(file: StoredFile): object {
  return {
    id: file.id,
    object: 'settlement_file',
    account: file.accountId,
    business_date: file.businessDate,
    format: file.format,
    source: file.source,
    name: file.name,
    sha256: file.sha256,
    size: file.sizeBytes,
    status: file.status,
    refusal: file.refusal === undefined ? null : renderProblem(file.refusal),
    rows: file.rowCount ?? null,
    warnings: file.warnings.map(renderProblem),
    duplicates: file.duplicates.map(({ businessDate, name, source, at }) => ({
      business_date: businessDate,
      name,
      source,
      at,
    })),
    received_at: file.receivedAt,
    posted_at: file.postedAt ?? null,
    reconciliation: pathOfRun(file),
  };
}

function renderProblem({ code, message, line }: NonNullable<StoredFile['refusal']>): object {
  return { code, message, line: line ?? null };
}

export function renderRun(run: StoredRun): object {
  return {
    id: run.id,
    object: 'reconciliation',
    account: run.accountId,
    business_date: run.businessDate,
    status: run.status,
    step: run.step,
    started_at: run.startedAt,
    finished_at: run.finishedAt ?? null,
    report: run.report ?? null,
  };
}

export function pathOfRun({
  accountId,
  businessDate,
}: {
  readonly accountId: string;
  readonly businessDate: string;
}): string {
  return `/v1/reconciliations/${accountId}/${businessDate}`;
}
