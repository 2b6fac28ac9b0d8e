import type { Db } from '../client.ts';
import type { FileWarning } from './files.ts';

/** A bank's statement has no lines to classify: once its lines are kept there is nothing more to post of the file. */
export async function markStatementKept(
  db: Db,
  fileId: string,
  rows: number,
  warnings: readonly FileWarning[],
): Promise<void> {
  await db.settlementFile.updateMany({
    where: { id: fileId, status: 'received' },
    data: {
      status: 'posted',
      rowCount: rows,
      warnings: warnings.map(({ code, message, line }) => ({
        code,
        message,
        ...(line === undefined ? {} : { line }),
      })),
      postedAt: new Date(),
    },
  });
}
