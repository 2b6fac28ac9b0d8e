import { onTestFailed } from 'vitest';
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

/** When the running test fails, its payments are told in full: what was written, seen and sent. */
export function tellOnFailure(system: () => System | undefined): void {
  onTestFailed(async () => {
    const live = system();
    if (live === undefined) return;
    const [last] = await live.sql<{ id: string }>('SELECT id FROM payment ORDER BY created_at DESC LIMIT 1');
    if (last === undefined) return;
    for (const [table, query] of Object.entries(QUERIES))
      console.error(table, ...(await live.sql(query, [last.id])).map((row) => `\n  ${JSON.stringify(row)}`));
    for (const provider of ['stripe', 'adyen'] as const)
      console.error(
        provider,
        ...(await live.journal(provider, last.id)).map((line) => `\n  ${JSON.stringify(line)}`),
      );
  });
}
