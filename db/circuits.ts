import type { Circuit } from '../domain/routing/book.ts';
import {
  CIRCUIT_FAILURES_TO_OPEN,
  CIRCUIT_LONGEST_WAIT,
  type HealthSign,
} from '../domain/routing/circuit.ts';
import type { CircuitState } from '../domain/routing/decision.ts';
import { type Db, poolOf } from './client.ts';
import { Prisma } from './generated/client.ts';
import { query } from './sql.ts';

/**
 * The health of each provider account, shared by all workers through one row. A closed circuit with no
 * failures writes nothing, so a healthy provider costs no round trip. Answers whether anything was written.
 */
export async function reportHealth(
  db: Db,
  accountId: string,
  sign: HealthSign,
  known: CircuitState,
  openMs: number,
): Promise<boolean> {
  if (sign === 'none') return false;
  if (sign === 'good') {
    if (known === 'closed') return false;
    await db.$executeRaw(Prisma.sql`
      UPDATE circuit SET state = 'closed', consecutive_failures = 0, opened_at = NULL, probe_after = NULL,
        updated_at = clock_timestamp() WHERE account_id = ${accountId}`);
    return true;
  }
  await db.$executeRaw(Prisma.sql`
    INSERT INTO circuit (account_id, consecutive_failures) VALUES (${accountId}, 1)
    ON CONFLICT (account_id) DO UPDATE SET
      consecutive_failures = circuit.consecutive_failures + 1,
      state = CASE WHEN circuit.state <> 'closed' OR circuit.consecutive_failures + 1 >= ${CIRCUIT_FAILURES_TO_OPEN}::int
        THEN 'open' ELSE circuit.state END,
      opened_at = CASE WHEN circuit.state = 'closed' AND circuit.consecutive_failures + 1 >= ${CIRCUIT_FAILURES_TO_OPEN}::int
        THEN clock_timestamp() ELSE circuit.opened_at END,
      probe_after = CASE WHEN circuit.state <> 'closed' OR circuit.consecutive_failures + 1 >= ${CIRCUIT_FAILURES_TO_OPEN}::int
        THEN clock_timestamp() + greatest(${openMs} * interval '1 millisecond',
          least(${openMs * CIRCUIT_LONGEST_WAIT} * interval '1 millisecond', clock_timestamp() - coalesce(circuit.opened_at, clock_timestamp()))) END,
      updated_at = clock_timestamp()`);
  return true;
}

/**
 * Every circuit that is not closed, by account: few rows, however many accounts there are. A probe that is out is its
 * payment's own: for all others the circuit is open until the probe has answered.
 */
export async function readCircuits(db: Db): Promise<ReadonlyMap<string, Circuit>> {
  const rows = await query<{ account_id: string; probe_due: boolean }>(
    poolOf(db),
    Prisma.sql`
    SELECT account_id, coalesce(probe_after <= clock_timestamp(), false) AS probe_due
    FROM circuit WHERE state <> 'closed'`,
  );
  return new Map(rows.map((row) => [row.account_id, { state: 'open', probeDue: row.probe_due }]));
}

/** Takes the one probe of a half-open circuit: the next payment to win this may go first to the provider. */
export async function takeProbe(db: Db, accountId: string, openMs: number): Promise<boolean> {
  const rows = await db.$queryRaw<{ account_id: string }[]>(Prisma.sql`
    UPDATE circuit SET state = 'half_open', probe_after = clock_timestamp() + ${openMs} * interval '1 millisecond',
      updated_at = clock_timestamp()
    WHERE account_id = ${accountId} AND state <> 'closed' AND probe_after <= clock_timestamp() RETURNING account_id`);
  return rows.length > 0;
}
