import { CIRCUIT_FAILURES_TO_OPEN, type HealthSign } from '../domain/routing/circuit.ts';
import type { CircuitState } from '../domain/routing/policy.ts';
import type { Db } from './client.ts';
import { Prisma } from './generated/client.ts';

/**
 * The health of each provider account, shared by all workers through one row. A closed circuit with no
 * failures writes nothing, so a healthy provider costs no round trip.
 */
export async function reportHealth(
  db: Db,
  accountId: string,
  sign: HealthSign,
  known: CircuitState,
  openMs: number,
): Promise<void> {
  if (sign === 'none') return;
  if (sign === 'good') {
    if (known === 'closed') return;
    await db.$executeRaw(Prisma.sql`
      UPDATE circuit SET state = 'closed', consecutive_failures = 0, opened_at = NULL, probe_after = NULL,
        updated_at = clock_timestamp() WHERE account_id = ${accountId}`);
    return;
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
        THEN clock_timestamp() + ${openMs} * interval '1 millisecond' END,
      updated_at = clock_timestamp()`);
}

export interface CircuitRow {
  readonly accountId: string;
  readonly state: CircuitState;
  readonly probeDue: boolean;
}

/** Takes the one probe of a half-open circuit: the next payment to win this may go first to the provider. */
export async function takeProbe(db: Db, accountId: string, openMs: number): Promise<boolean> {
  const rows = await db.$queryRaw<{ account_id: string }[]>(Prisma.sql`
    UPDATE circuit SET state = 'half_open', probe_after = clock_timestamp() + ${openMs} * interval '1 millisecond',
      updated_at = clock_timestamp()
    WHERE account_id = ${accountId} AND state <> 'closed' AND probe_after <= clock_timestamp() RETURNING account_id`);
  return rows.length > 0;
}
