/**
 * Catches a process in the act: a trigger on one table waits for an advisory lock that the test holds, so
 * that a statement is known to have reached Postgres and to be not yet done. Opening the gate lets it commit,
 * whether or not the process that sent it can still hear the answer.
 */
import pg from 'pg';
import { waitFor } from '../../support/harness.ts';

export interface Gate {
  /** Resolves with the backends that wait at the gate, once there is one. */
  reached(): Promise<readonly number[]>;
  open(): Promise<void>;
  /** Removes the trigger. */
  remove(): Promise<void>;
}

let serial = 0;

export async function closeGate(
  ownerUrl: string,
  at: {
    readonly table: string;
    readonly event: 'INSERT' | 'UPDATE';
    readonly when?: string;
    readonly after?: boolean;
  },
): Promise<Gate> {
  serial += 1;
  const lock = 7_700_000 + serial;
  const name = `attack_gate_${serial}`;
  const holder = new pg.Client({ connectionString: ownerUrl });
  await holder.connect();
  await holder.query('SELECT pg_advisory_lock($1)', [lock]);
  await holder.query(`
    CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_advisory_xact_lock_shared(${lock}); RETURN NEW; END $$;
    CREATE TRIGGER ${name} ${at.after === true ? 'AFTER' : 'BEFORE'} ${at.event} ON ${at.table} FOR EACH ROW
      ${at.when === undefined ? '' : `WHEN (${at.when})`} EXECUTE FUNCTION ${name}();`);
  let opened = false;
  const open = async () => {
    if (opened) return;
    opened = true;
    await holder.query('SELECT pg_advisory_unlock($1)', [lock]);
  };
  return {
    reached: () =>
      waitFor(
        async () => {
          const { rows } = await holder.query<{ pid: number }>(
            `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted`,
            [lock],
          );
          return rows.length > 0 ? rows.map((row) => row.pid) : undefined;
        },
        { what: `a statement to reach the gate on ${at.table}`, timeoutMs: 30_000 },
      ),
    open,
    async remove() {
      await open();
      await holder.query(`DROP TRIGGER ${name} ON ${at.table}; DROP FUNCTION ${name}();`);
      await holder.end();
    },
  };
}

/** Permits, as they are claimed for a first send. */
export const CLAIMS = {
  table: 'operation',
  event: 'UPDATE',
  when: 'OLD.first_sent_at IS NULL AND NEW.first_sent_at IS NOT NULL',
} as const;
