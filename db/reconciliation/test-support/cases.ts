import type { Stake } from '../../../domain/cases/money.ts';
import type { Disposition } from '../../../domain/reconciliation/terms.ts';
import { commandCase } from '../../cases/command.ts';
import { lookAfterCase } from '../../cases/look-after.ts';
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

/** One person decides each open case, as the API would carry it out. Answers what became of each. */
export async function decideAll({ database }: Day, disposition: Disposition): Promise<string[]> {
  const rows = await database.sql<{ id: string }>('SELECT id FROM exception WHERE closed_at IS NULL');
  return Promise.all(
    rows.map(async ({ id: exceptionId }) => {
      await lookAfterCase(database.db, exceptionId, 1);
      const path = `POST /v1/exceptions/${exceptionId}/dispose`;
      const id = `req_${exceptionId}`;
      const request = { id, path, idempotencyKey: id, bodyDigest: 'd' };
      const order = { exceptionId, operator: 'opr_1', reason: 'because', request };
      const outcome = await commandCase(
        database.db,
        { ...order, command: { type: 'dispose', disposition } },
        1,
      );
      return outcome.type;
    }),
  );
}
