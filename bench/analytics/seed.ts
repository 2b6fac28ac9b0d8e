import type pg from 'pg';
import {
  accountId,
  BRANDS,
  COUNTRIES,
  DAYS,
  decisionOf,
  FROM_MS,
  KINDS,
  MERCHANTS,
  PROVIDERS,
  UNTIL_MS,
} from './world.ts';

const TABLES = [
  'payment',
  'payment_method',
  'payment_balance',
  'attempt',
  'operation',
  'route_explanation',
  'booking',
  'settlement_row',
];

/**
 * The rows that payments leave, made set-wise: what each payment is follows from its number and the seed. A table at a
 * time, without secondary indexes, which are made again at the end, each at once.
 */
export async function seedPayments(
  owner: pg.ClientBase,
  payments: number,
  seed: number,
  say: (text: string) => void,
): Promise<void> {
  await seedMerchants(owner);
  await seedDecisions(owner);
  // Foreign keys, and what a payment's rows must say of each other, hold by how they are made.
  await owner.query('SET session_replication_role = replica');
  await owner.query(`SET synchronous_commit = off`);
  await owner.query(`SET maintenance_work_mem = '512MB'`);
  await owner.query(plan(payments, seed));
  await owner.query('ANALYZE bench_payment');
  const indexes = await dropIndexes(owner);
  for (const [what, statement] of STATEMENTS) {
    say(what);
    await owner.query(statement);
  }
  say('indexes');
  for (const definition of indexes) await owner.query(definition);
  await owner.query('DROP TABLE bench_payment, bench_decision');
  await owner.query(`ANALYZE ${TABLES.join(', ')}`);
  await owner.query('RESET session_replication_role');
}

async function seedMerchants(owner: pg.ClientBase): Promise<void> {
  for (const merchant of MERCHANTS) {
    await owner.query('INSERT INTO merchant (id, name) VALUES ($1, $1)', [merchant.id]);
    for (const { name } of PROVIDERS)
      await owner.query(
        `INSERT INTO provider_account (id, merchant_id, mode, provider, base_url) VALUES ($1, $2, 'live', $3, 'http://127.0.0.1:1')`,
        [accountId(merchant, name), merchant.id, name],
      );
  }
  await owner.query(
    `INSERT INTO settlement_file (id, account_id, business_date, format, source, name, sha256, size_bytes, content_id, status,
       received_at, posted_at)
     SELECT 'stf_bench_' || day, 'acc_bench', $1::timestamptz + day * interval '1 day', 'bench', 'uploaded', 'day ' || day, 'sha' || day, 1,
       'stc_' || day, 'posted', $1::timestamptz + (day + 2) * interval '1 day' + interval '5 hours', now()
     FROM generate_series(0, $2::int) day`,
    [new Date(FROM_MS), DAYS],
  );
}

async function seedDecisions(owner: pg.ClientBase): Promise<void> {
  await owner.query(
    `CREATE UNLOGGED TABLE bench_decision (merchant int, kind int, amount bigint, providers text[], document jsonb)`,
  );
  const rows = MERCHANTS.flatMap((merchant, index) =>
    Array.from({ length: KINDS }, (_none, kind) => {
      const { amount, order, document } = decisionOf(merchant, kind);
      return { merchant: index, kind, amount, providers: order, document };
    }),
  );
  await owner.query(
    `INSERT INTO bench_decision SELECT * FROM jsonb_to_recordset($1::jsonb)
       AS d(merchant int, kind int, amount bigint, providers text[], document jsonb)`,
    [JSON.stringify(rows)],
  );
  await owner.query('CREATE UNIQUE INDEX ON bench_decision (merchant, kind)');
}

/** A number in [0, 1) for each payment and purpose. */
const draw = (of: string, purpose: number, seed: number) =>
  `((hashint8extended(${of}, ${seed * 1_000 + purpose}) & 1048575)::float8 / 1048576)`;

const list = (values: readonly string[]) => `ARRAY[${values.map((value) => `'${value}'`).join(', ')}]`;

/** Upper bounds of the merchants' shares, so that a draw falls to one of them. */
const BOUNDS = MERCHANTS.map((_merchant, index) =>
  MERCHANTS.slice(0, index + 1).reduce((sum, { share }) => sum + share / 1_000, 0),
).slice(0, -1);

/**
 * Every two payments share a card. More are made at noon than at night. Of a first try nine in a hundred are declined; half
 * of those that may be tried elsewhere are.
 */
function plan(payments: number, seed: number): string {
  const everyMs = (UNTIL_MS - FROM_MS) / payments;
  const random = (purpose: number, of = 'i') => draw(of, purpose, seed);
  return `CREATE UNLOGGED TABLE bench_payment AS
    WITH numbered AS (
      SELECT i, i / 2 AS card, ${FROM_MS} + i * ${everyMs} AS at_ms, width_bucket(${random(1, 'i / 2')}, ARRAY[${BOUNDS.join(', ')}]) AS merchant
      FROM generate_series(0::bigint, ${payments - 1}::bigint) i),
    placed AS (
      SELECT *, to_timestamp((at_ms - 10800000 * sin(at_ms / 86400000.0 * 2 * pi())) / 1000) AS at,
        floor(${KINDS} * ${random(2)})::int AS kind,
        CASE WHEN ${random(3, 'card')} < 0.6 THEN (${list(MERCHANTS.map(({ home }) => home))})[merchant + 1]
          WHEN ${random(3, 'card')} < 0.99 THEN (${list(COUNTRIES)})[1 + floor(30 * power(${random(4, 'card')}, 3))::int] END AS country,
        (${list(BRANDS)})[1 + width_bucket(${random(5, 'card')}, ARRAY[0.52, 0.9, 0.97])] AS brand,
        CASE WHEN ${random(6)} < 0.9 THEN (${list(MERCHANTS.map(({ currency }) => currency))})[merchant + 1]
          ELSE (${list(MERCHANTS.map(({ second }) => second))})[merchant + 1] END AS currency,
        ${random(7)} AS first, ${random(8)} AS again, ${random(9)} AS second, ${random(10)} AS slow, ${random(11)} AS sca
      FROM numbered)
    SELECT p.*, lpad(translate(to_hex(p.i), '0189', 'xyzw'), 26, 'q') AS body, d.amount,
      'acc_' || (${list(MERCHANTS.map(({ id }) => id.slice(4)))})[p.merchant + 1] || '_' AS prefix,
      (${list(MERCHANTS.map(({ id }) => id))})[p.merchant + 1] AS merchant_id, d.providers[1] AS provider, d.providers[2] AS other,
      first < 0.895 AS approved, first >= 0.99 AS unreached,
      first >= 0.895 AND again < 0.5 AS tried_again, first >= 0.895 AND again < 0.5 AND second < 0.5 AS rescued
    FROM placed p JOIN bench_decision d ON d.merchant = p.merchant AND d.kind = p.kind`;
}

async function dropIndexes(owner: pg.ClientBase): Promise<readonly string[]> {
  const { rows } = await owner.query<{
    name: string;
    definition: string;
    constraint: string | null;
    relation: string;
  }>(
    `SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition, c.conname AS constraint,
       i.indrelid::regclass::text AS relation
     FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype = 'u'
     WHERE i.indrelid = ANY($1::regclass[]) AND NOT i.indisprimary`,
    [TABLES],
  );
  for (const { name, constraint, relation } of rows)
    await owner.query(
      constraint === null ? `DROP INDEX ${name}` : `ALTER TABLE ${relation} DROP CONSTRAINT ${constraint}`,
    );
  return rows.map(({ definition }) => definition);
}

const PAID = '(approved OR rescued)';
const WINNER = 'CASE WHEN rescued THEN other ELSE provider END';
const REASON = `(ARRAY['insufficient_funds', 'do_not_honor', 'generic_decline', 'suspected_fraud', 'lost_or_stolen', 'expired_card'])
  [1 + width_bucket(second, ARRAY[0.42, 0.7, 0.82, 0.9, 0.95])]`;
const SCA = `(ARRAY['frictionless', 'challenged', 'exempted', 'abandoned', 'failed'])[1 + width_bucket(sca, ARRAY[0.18, 0.25, 0.28, 0.295])]`;

const STATEMENTS: readonly (readonly [string, string])[] = [
  [
    'payment methods',
    `INSERT INTO payment_method (id, merchant_id, mode, type, brand, last4, bin, fingerprint, country, exp_month, exp_year, sealed_card)
     SELECT 'pm_' || body, merchant_id, 'live', 'card', brand, '4242', '424242', body, country, 1, 2030, '\\x00'
     FROM bench_payment WHERE i % 2 = 0`,
  ],
  [
    'payments',
    `INSERT INTO payment (id, merchant_id, mode, status, sequence, generation, amount_minor, currency, capture_method, payment_method_id,
       amount_authorized_minor, amount_captured_minor, reference, complete_by, audit_head, created_at, updated_at)
     SELECT 'pay_' || body, merchant_id, 'live', CASE WHEN ${PAID} THEN 'succeeded' WHEN unreached THEN 'canceled' ELSE 'failed' END, 2, 1,
       amount, currency, 'automatic', 'pm_' || lpad(translate(to_hex(i - i % 2), '0189', 'xyzw'), 26, 'q'),
       CASE WHEN ${PAID} THEN amount ELSE 0 END, CASE WHEN ${PAID} THEN amount ELSE 0 END, 'order ' || i, at, body, at, at
     FROM bench_payment`,
  ],
  [
    'balances',
    `INSERT INTO payment_balance (payment_id, currency, captured_minor, refund_reserved_minor, refunded_minor)
     SELECT 'pay_' || body, currency, CASE WHEN ${PAID} THEN amount ELSE 0 END, CASE WHEN ${PAID} AND i % 25 = 0 THEN amount / 2 ELSE 0 END,
       CASE WHEN ${PAID} AND i % 25 = 0 THEN amount / 2 ELSE 0 END FROM bench_payment`,
  ],
  ['attempts', attempts('1', 'provider', 'approved', 'true')],
  ['second attempts', attempts('2', 'other', 'rescued', 'tried_again')],
  ['operations', operations('1', 'provider', 'approved', 'true')],
  ['second operations', operations('2', 'other', 'rescued', 'tried_again')],
  [
    'decisions',
    `INSERT INTO route_explanation (payment_id, document, created_at)
     SELECT 'pay_' || p.body, d.document, p.at FROM bench_payment p JOIN bench_decision d ON d.merchant = p.merchant AND d.kind = p.kind`,
  ],
  [
    'bookings',
    `INSERT INTO booking (id, account_id, merchant_id, payment_id, owner_id, attempt_id, kind, status, currency, amount_minor, booked_at)
     SELECT 'bkg_' || body, prefix || 'adyen', merchant_id, 'pay_' || body, 'pay_' || body, 'att_' || body, 'capture', 'expected', currency, amount, at
     FROM bench_payment WHERE ${PAID} AND ${WINNER} = 'adyen' ORDER BY i`,
  ],
  [
    'settlement lines',
    `INSERT INTO settlement_row (file_id, line, account_id, type, provider_type, currency, gross_minor, settlement_currency, fee_minor,
       net_minor, occurred_at, booking_id, booking_number, verdict)
     SELECT 'stf_bench_' || floor(extract(epoch FROM booked_at - to_timestamp(${FROM_MS} / 1000)) / 86400)::int, number, account_id, 'capture', 'Settled',
       currency, amount_minor, currency, amount_minor * 13 / 1000 + 10, amount_minor - amount_minor * 13 / 1000 - 10, booked_at, id, number, 'clean'
     FROM booking WHERE booked_at < to_timestamp(${UNTIL_MS} / 1000) - interval '3 days' AND booked_at >= to_timestamp(${FROM_MS} / 1000)`,
  ],
];

function attempts(number: string, provider: string, approved: string, where: string): string {
  return `INSERT INTO attempt (id, payment_id, number, account_id, provider, connector_version, status, authorized_minor, captured_minor,
      decline, authentication, created_at, updated_at)
    SELECT 'att_' || body || '_${number}', 'pay_' || body, ${number}, prefix || ${provider}, ${provider}, '1',
      CASE WHEN ${approved} THEN 'captured' WHEN unreached THEN 'errored' ELSE 'declined' END,
      CASE WHEN ${approved} THEN amount ELSE 0 END, CASE WHEN ${approved} THEN amount ELSE 0 END,
      CASE WHEN NOT ${approved} AND NOT unreached THEN jsonb_build_object('reason', ${REASON}, 'providerCode', 'x', 'message', '') END,
      CASE WHEN sca < 0.3 THEN jsonb_build_object('status', ${SCA}) || '{"asked": {"request": "automatic"}, "reasons": [], "facts": {}}'
        || CASE WHEN sca >= 0.18 AND (sca < 0.25 OR sca >= 0.28) THEN '{"challengedAtMs": 1}'::jsonb ELSE '{}' END END, at, at
    FROM bench_payment WHERE ${where}`;
}

function operations(number: string, provider: string, approved: string, where: string): string {
  const speeds = PROVIDERS.map(({ name, latencyMs }) => `WHEN '${name}' THEN ${latencyMs}`).join(' ');
  const took = `(CASE ${provider} ${speeds} END * (0.5 - ln(1 - slow))) * interval '1 millisecond'`;
  return `INSERT INTO operation (id, payment_id, owner_id, attempt_id, attempt_number, kind, number, cause, status, amount_minor, currency,
      provider_key, generation, first_sent_at, last_sent_at, sends, closed_at, created_at)
    SELECT 'op_' || body || '_${number}', 'pay_' || body, 'pay_' || body, 'att_' || body || '_${number}', ${number}, 'sale', 1, 'sale',
      CASE WHEN ${approved} THEN 'succeeded' WHEN unreached THEN 'not_attempted' ELSE 'declined' END, amount, currency,
      'key_' || body || '_${number}', 1, at, at, 1, at + ${took}, at
    FROM bench_payment WHERE ${where}`;
}
