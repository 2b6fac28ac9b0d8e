import type { Change, Standing } from '../../domain/alarms/index.ts';
import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { execute, query, transaction } from '../sql.ts';

/**
 * Lets one worker at a time judge how alarms stand, and writes what changed: the others skip their turn. `judge` sees what is
 * open and Postgres's own time, so that no worker's clock makes an alarm fire early.
 */
export async function changeAlarms(
  db: Db,
  judge: (standing: readonly Standing[], nowMs: number) => readonly Change[],
): Promise<readonly Change[] | undefined> {
  return transaction(poolOf(db), async (client) => {
    const [lock] = await query<{ won: boolean; now: Date }>(
      client,
      Prisma.sql`SELECT pg_try_advisory_xact_lock(hashtext('interlock.alarms')) AS won, clock_timestamp() AS now`,
    );
    if (lock?.won !== true) return undefined;
    await execute(
      client,
      Prisma.sql`INSERT INTO alarm_look (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET looked_at = clock_timestamp()`,
    );
    const rows = await query<{ name: string; subject: string; since: Date; fired_at: Date | null }>(
      client,
      Prisma.sql`SELECT name, subject, since, fired_at FROM alarm WHERE resolved_at IS NULL`,
    );
    const standing = rows.map(({ since, fired_at, ...row }) => ({
      ...row,
      sinceMs: since.getTime(),
      ...(fired_at === null ? {} : { firedAtMs: fired_at.getTime() }),
    }));
    const changes = judge(standing, lock.now.getTime());
    for (const change of changes) await execute(client, statementOf(change));
    return changes;
  });
}

function statementOf(change: Change): Prisma.Sql {
  if (change.type === 'end') {
    const { name, subject } = change;
    // What never fired leaves nothing behind.
    return Prisma.sql`WITH pending AS (
        DELETE FROM alarm WHERE name = ${name} AND subject = ${subject} AND fired_at IS NULL AND resolved_at IS NULL)
      UPDATE alarm SET resolved_at = clock_timestamp()
      WHERE name = ${name} AND subject = ${subject} AND fired_at IS NOT NULL AND resolved_at IS NULL`;
  }
  const { alarm, holding, fires } = change;
  const firedAt = fires ? Prisma.sql`clock_timestamp()` : Prisma.sql`NULL`;
  if (change.type === 'hold')
    return Prisma.sql`INSERT INTO alarm (name, subject, severity, detail, fired_at)
      VALUES (${alarm.name}, ${holding.subject}, ${alarm.severity}, ${holding.detail}, ${firedAt})`;
  return Prisma.sql`UPDATE alarm SET detail = ${holding.detail}, fired_at = coalesce(fired_at, ${firedAt})
    WHERE name = ${alarm.name} AND subject = ${holding.subject} AND resolved_at IS NULL
      AND (detail <> ${holding.detail} OR ${fires})`;
}

/** Of alarms, what is past; of canaries, all but the last weeks. */
const KEPT = Prisma.sql`clock_timestamp() - interval '90 days'`;

export async function forgetAlarms(db: Db): Promise<void> {
  await execute(poolOf(db), Prisma.sql`DELETE FROM alarm WHERE resolved_at < ${KEPT}`);
  await execute(poolOf(db), Prisma.sql`DELETE FROM canary_run WHERE ended_at < ${KEPT}`);
}
