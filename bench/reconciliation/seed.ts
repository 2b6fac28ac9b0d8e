import type pg from 'pg';
import { SQL } from './names.ts';
import { FIRST_FROM, FIRST_LINES, type Plan } from './plan.ts';
import { ACCOUNT, BOOKED_FROM, MERCHANT, OTHER_ACCOUNT, SETTINGS } from './world.ts';

/** The rows that payments leave, made set-wise: what each is stands in `bench_payment`, by its number. */
export async function seedPayments(owner: pg.ClientBase, plan: Plan): Promise<void> {
  await owner.query(`INSERT INTO merchant (id, name) VALUES ($1, 'Bench') ON CONFLICT DO NOTHING`, [
    MERCHANT,
  ]);
  for (const account of [ACCOUNT, OTHER_ACCOUNT])
    await owner.query(
      // A provider that no adapter speaks to: its files are uploaded.
      `INSERT INTO provider_account (id, merchant_id, mode, provider, base_url, settings)
       VALUES ($1, $2, 'test', 'files', 'http://127.0.0.1:1', $3)`,
      [account, MERCHANT, JSON.stringify(SETTINGS)],
    );
  // Foreign keys hold by how the rows are made.
  await owner.query('SET session_replication_role = replica');
  await owner.query(`
    CREATE TEMP TABLE bench_payment (i bigint, account_id text, status text, booked_at timestamptz, expires_at timestamptz,
      refund_minor bigint, refunded_at timestamptz)`);
  await owner.query(
    `INSERT INTO bench_payment
     SELECT i, $1, 'captured', $2::timestamptz + (${SQL.bookedAfterS}) * interval '1 second', NULL,
       CASE WHEN ${SQL.isRefunded} AND i / 20 < $3 THEN (${SQL.amount}) / 2 END, NULL
     FROM (SELECT generate_series(1::bigint, $4::bigint) AS i
       UNION ALL SELECT generate_series($5::bigint, $6::bigint)) numbers`,
    [ACCOUNT, BOOKED_FROM, plan.refunds, plan.clean, FIRST_FROM, FIRST_FROM + FIRST_LINES - 1],
  );
  await owner.query(`UPDATE bench_payment SET refund_minor = NULL WHERE i >= $1`, [FIRST_FROM]);
  const planted = plan.plants.flatMap(({ payments = [] }) => payments);
  await owner.query(
    `INSERT INTO bench_payment
     SELECT i, coalesce("accountId", $1), status,
       coalesce("bookedAt", $2::timestamptz + (${SQL.bookedAfterS}) * interval '1 second'), "expiresAt", "refundMinor", "refundedAt"
     FROM jsonb_to_recordset($3::jsonb) AS p(i bigint, "accountId" text, status text, "bookedAt" timestamptz,
       "expiresAt" timestamptz, "refundMinor" bigint, "refundedAt" timestamptz)`,
    [ACCOUNT, BOOKED_FROM, JSON.stringify(planted)],
  );
  await owner.query(`
    CREATE TEMP TABLE bench_named AS SELECT *, ${SQL.body} AS body, ${SQL.amount} AS amount, ${SQL.currency} AS currency,
      CASE WHEN status <> 'unknown' THEN ${SQL.psp} END AS psp, ${SQL.capturePsp} AS capture_psp,
      ${SQL.refundPsp} AS refund_psp, ${SQL.isCapturedApart} AND status = 'captured' AS apart,
      CASE status WHEN 'captured' THEN ${SQL.amount} ELSE 0 END AS captured
    FROM bench_payment ORDER BY body`);
  await withoutIndexes(owner, async () => {
    for (const statement of STATEMENTS) await owner.query(statement);
  });
  await owner.query('DROP TABLE bench_payment, bench_named');
  await owner.query('RESET session_replication_role');
  await owner.query('VACUUM ANALYZE');
}

const TABLES = ['payment', 'attempt', 'payment_balance', 'operation', 'refund'];

/** Indexes are made again at the end, each at once: a million rows one by one take many times as long. */
async function withoutIndexes(owner: pg.ClientBase, insert: () => Promise<void>): Promise<void> {
  const { rows } = await owner.query<{ name: string; definition: string }>(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
     WHERE indrelid = ANY($1::regclass[]) AND NOT indisprimary`,
    [TABLES],
  );
  for (const { name } of rows) await owner.query(`DROP INDEX ${name}`);
  await insert();
  await owner.query(`SET maintenance_work_mem = '256MB'`);
  for (const { definition } of rows) await owner.query(definition);
}

const OPERATION = `INSERT INTO operation (id, payment_id, attempt_id, attempt_number, kind, number, cause, status, amount_minor,
  currency, provider_key, provider_reference, generation, owner_id, closed_at, created_at, outcome)`;

const STATEMENTS: readonly string[] = [
  `INSERT INTO payment (id, merchant_id, mode, status, sequence, generation, amount_minor, currency, capture_method,
     amount_authorized_minor, amount_captured_minor, complete_by, authorization_expires_at, audit_head, created_at, updated_at)
   SELECT 'pay_' || body, '${MERCHANT}', 'test',
     CASE status WHEN 'captured' THEN 'succeeded' WHEN 'unknown' THEN 'processing' WHEN 'voided' THEN 'canceled' ELSE 'failed' END,
     2, 1, amount, currency, 'automatic', captured, captured, booked_at + interval '1 hour',
     coalesce(expires_at, booked_at + interval '7 days'), body, booked_at, booked_at FROM bench_named`,
  `INSERT INTO attempt (id, payment_id, number, account_id, provider, connector_version, status, provider_reference,
     authorized_minor, captured_minor, created_at, updated_at)
   SELECT 'att_' || body || '_1', 'pay_' || body, 1, account_id, 'files', '1',
     CASE status WHEN 'unknown' THEN 'errored' ELSE status END, psp, captured, captured, booked_at, booked_at FROM bench_named`,
  `INSERT INTO payment_balance (payment_id, currency, captured_minor, refund_reserved_minor, refunded_minor)
   SELECT 'pay_' || body, currency, captured, coalesce(refund_minor, 0), coalesce(refund_minor, 0) FROM bench_named`,
  `${OPERATION}
   SELECT 'op_' || body || '_a', 'pay_' || body, 'att_' || body || '_1', 1, CASE WHEN apart THEN 'authorize' ELSE 'sale' END, 1,
     'sale', CASE status WHEN 'declined' THEN 'declined' WHEN 'unknown' THEN 'sent' ELSE 'succeeded' END, amount, currency,
     'key_' || body, psp, 1, 'pay_' || body, booked_at, booked_at, NULL FROM bench_named`,
  `${OPERATION}
   SELECT 'op_' || body || '_c', 'pay_' || body, 'att_' || body || '_1', 1, 'capture', 1, 'capture', 'succeeded', amount, currency,
     'keyc_' || body, capture_psp, 1, 'pay_' || body, booked_at, booked_at,
     jsonb_build_object('type', 'captured', 'amountMinor', amount) FROM bench_named WHERE apart`,
  `INSERT INTO refund (id, payment_id, merchant_id, mode, attempt_id, attempt_number, account_id, provider, status, sequence,
     generation, amount_minor, currency, step, counted_operation_id, audit_head, created_at, updated_at)
   SELECT 'ref_' || body, 'pay_' || body, '${MERCHANT}', 'test', 'att_' || body || '_1', 1, account_id, 'files', 'succeeded', 2, 1,
     refund_minor, currency, '{}', 'op_' || body || '_r', body, coalesce(refunded_at, booked_at), coalesce(refunded_at, booked_at)
   FROM bench_named WHERE refund_minor IS NOT NULL`,
  `${OPERATION}
   SELECT 'op_' || body || '_r', 'pay_' || body, 'att_' || body || '_1', 1, 'refund', 1, 'refund', 'succeeded', refund_minor, currency,
     'keyr_' || body, refund_psp, 1, 'ref_' || body, coalesce(refunded_at, booked_at), coalesce(refunded_at, booked_at),
     jsonb_build_object('type', 'refunded', 'providerReference', refund_psp, 'amountMinor', refund_minor)
   FROM bench_named WHERE refund_minor IS NOT NULL`,
];
