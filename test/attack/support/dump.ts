import { afterEach } from 'vitest';
import type { System } from '../../support/system.ts';

const QUERIES = {
  payment: 'SELECT status, sequence, generation FROM payment WHERE id = $1',
  audit: `SELECT sequence, generation, trigger, actor, to_status, reason, at FROM audit WHERE payment_id = $1 ORDER BY sequence`,
  operation: `SELECT id, status, cause, sends, generation, first_sent_at, revoked_at, closed_at, outcome
    FROM operation WHERE payment_id = $1 ORDER BY created_at`,
  observation: 'SELECT operation_id, source, outcome FROM observation WHERE payment_id = $1 ORDER BY id',
  inbox: `SELECT event_type, reference, received_at, acknowledged_at, signals, evidence FROM inbox WHERE payment_id = $1 ORDER BY received_at`,
  exception: 'SELECT kind, summary FROM exception WHERE payment_id = $1',
} as const;

/**
 * When a test fails, its last payment is told in full: what was written, seen and sent. To be called after
 * the hook that closes the system, because hooks run last to first.
 */
export function tellOnFailure(system: () => System | undefined): void {
  afterEach(async ({ task }) => {
    const live = system();
    if (task.fails === true || task.result?.state !== 'fail' || live === undefined) return;
    const [last] = await live.sql<{ id: string }>('SELECT id FROM payment ORDER BY created_at DESC LIMIT 1');
    if (last === undefined) return;
    for (const [table, query] of Object.entries(QUERIES)) {
      const rows = await live.sql(query, [last.id]);
      console.error(table, ...rows.map((row) => `\n  ${JSON.stringify(row)}`));
    }
    for (const provider of ['stripe', 'adyen'] as const) {
      const lines = await live.journal(provider, last.id);
      console.error(provider, ...lines.map((line) => `\n  ${JSON.stringify(line)}`));
    }
  });
}
