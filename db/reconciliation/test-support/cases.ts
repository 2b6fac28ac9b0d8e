import type { Stake } from '../../../domain/cases/money.ts';
import { readCase } from '../../cases/row.ts';
import { stakesOf } from '../../cases/stakes.ts';
import { poolOf } from '../../client.ts';
import type { Day } from './day.ts';

/** What stands in the books for each case, and what was proposed for it. */
export async function stakes({ database }: Day): Promise<{ id: string; stakes: readonly Stake[] }[]> {
  const pool = poolOf(database.db);
  const rows = await database.sql<{ id: string }>('SELECT id FROM exception ORDER BY id');
  return Promise.all(
    rows.map(async ({ id }) => {
      const found = await readCase(pool, id);
      return { id, stakes: found === undefined ? [] : await stakesOf(pool, found) };
    }),
  );
}

/** Somebody has proposed something for each open case. */
export async function proposeAll({ database }: Day): Promise<void> {
  await database.sql(
    `UPDATE exception SET disposition = '{"status":"proposed","type":"accept","reason":"x","proposedBy":"opr_1","proposedAtMs":1}'
     WHERE closed_at IS NULL`,
  );
}
