import type pg from 'pg';

/** Changes as captures and refunds days later make them: spread over the quarter, each with the row that its step leaves. */
export async function touchPayments(owner: pg.ClientBase, count: number): Promise<void> {
  await owner.query('BEGIN');
  await owner.query('SET LOCAL session_replication_role = replica');
  const { rows } = await owner.query<{ id: string }>(
    `SELECT id FROM payment TABLESAMPLE SYSTEM (1) REPEATABLE (7) LIMIT $1`,
    [count],
  );
  const ids = rows.map(({ id }) => id);
  await owner.query(
    `UPDATE payment_balance SET external_refunded_minor = external_refunded_minor + 1 WHERE payment_id = ANY($1)`,
    [ids],
  );
  await owner.query(
    `INSERT INTO audit (payment_id, owner_id, sequence, generation, trigger, actor, to_status, reason, content, content_digest, previous_hash, hash, at)
     SELECT id, id, 3, 1, 'news', 'bench', 'succeeded', 'late', '{}', '', '', '', now() FROM unnest($1::text[]) id`,
    [ids],
  );
  await owner.query('COMMIT');
}
