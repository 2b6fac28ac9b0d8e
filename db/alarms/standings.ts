import type { Change, Standing } from '../../domain/alarms/index.ts';
import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { execute, query, transaction } from '../sql.ts';

/** Somebody looks: whatever it finds out, and however its judging goes. */
export async function noteLook(db: Db): Promise<void> {
  await execute(
    poolOf(db),
    Prisma.sql`INSERT INTO alarm_look (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET looked_at = clock_timestamp()`,
  );
}

/** Judging takes milliseconds: who waits longer for its turn leaves it to the next look. */
const TURN_MS = 2_000;

/**
 * Lets workers judge how alarms stand one after another, each by what it found, and writes what changed. `judge` sees what is
 * open and Postgres's own time, so that no worker's clock makes an alarm fire early.
 */
export async function changeAlarms(
  db: Db,
  judge: (standing: readonly Standing[], nowMs: number) => readonly Change[],
): Promise<readonly Change[]> {
  return transaction(poolOf(db), async (client) => {
    await client.query(`SET LOCAL lock_timeout = ${TURN_MS}`);
    await query(client, Prisma.sql`SELECT pg_advisory_xact_lock(hashtext('interlock.alarms'))`);
    const [clock] = await query<{ now: Date }>(client, Prisma.sql`SELECT clock_timestamp() AS now`);
    const rows = await query<{
      name: string;
      subject: string;
      since: Date;
      fired_at: Date | null;
      seen_at: Date;
    }>(
      client,
      Prisma.sql`SELECT name, subject, since, fired_at, seen_at FROM alarm WHERE resolved_at IS NULL`,
    );
    const standing = rows.map(({ since, fired_at, seen_at, ...row }) => ({
      ...row,
      sinceMs: since.getTime(),
      seenMs: seen_at.getTime(),
      ...(fired_at === null ? {} : { firedAtMs: fired_at.getTime() }),
    }));
    const changes = judge(standing, clock?.now.getTime() ?? Number.NaN);
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
  return Prisma.sql`UPDATE alarm SET detail = ${holding.detail}, fired_at = coalesce(fired_at, ${firedAt}),
      seen_at = clock_timestamp()
    WHERE name = ${alarm.name} AND subject = ${holding.subject} AND resolved_at IS NULL`;
}

/** Of alarms, what is past; of canaries, all but the last weeks. */
const KEPT = Prisma.sql`clock_timestamp() - interval '90 days'`;

export async function forgetAlarms(db: Db): Promise<void> {
  await execute(poolOf(db), Prisma.sql`DELETE FROM alarm WHERE resolved_at < ${KEPT}`);
  await execute(poolOf(db), Prisma.sql`DELETE FROM canary_run WHERE ended_at < ${KEPT}`);
}
