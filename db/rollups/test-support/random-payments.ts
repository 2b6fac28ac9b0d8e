import type pg from 'pg';

/** The same numbers for the same seed: a failure can be had again. */
export function randomFrom(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    below: (bound: number) => Math.floor(next() * bound),
    chance: (share: number) => next() < share,
    among: <T>(list: readonly [T, ...T[]]): T => list[Math.floor(next() * list.length)] ?? list[0],
  };
}
export type Random = ReturnType<typeof randomFrom>;

export const FROM_MS = Date.UTC(2026, 8, 25, 20);
const HOURS = 9 * 24;
const ACCOUNTS = ['acc_s', 'acc_a', 'acc_c'] as const;
const PROVIDERS = { acc_s: 'stripe', acc_a: 'adyen', acc_c: 'checkout' } as const;
const REASONS = ['insufficient_funds', 'lost_or_stolen', 'do_not_honor', 'issuer_unavailable'] as const;
const AUTHENTICATIONS = [
  'frictionless',
  'exempted',
  'not_performed',
  'challenged',
  'completed_without_return',
  'abandoned',
  'timed_out',
  'failed',
  'rejected',
  'challenge_required',
] as const;

/** A payment with its attempts as rows, of any shape that payments have: made up, and told apart by its number. */
export async function makePayments(
  sql: pg.ClientBase,
  random: Random,
  from: number,
  count: number,
): Promise<void> {
  const made = Array.from({ length: count }, (_none, index) => onePayment(random, from + index));
  await insert(
    sql,
    'payment_method',
    made.flatMap(({ method }) => method),
  );
  await insert(
    sql,
    'payment',
    made.map(({ payment }) => payment),
  );
  await insert(
    sql,
    'payment_balance',
    made.map(({ balance }) => balance),
  );
  await insert(
    sql,
    'attempt',
    made.flatMap(({ attempts }) => attempts),
  );
  await insert(
    sql,
    'operation',
    made.flatMap(({ operations }) => operations),
  );
  await insert(
    sql,
    'route_explanation',
    made.flatMap(({ explanation }) => explanation),
  );
  await insert(
    sql,
    'retry_explanation',
    made.flatMap(({ rounds }) => rounds),
  );
  await noteSteps(
    sql,
    made.map(({ payment }) => payment.id),
    1,
  );
}

/** As every step leaves one: by it the change is found. */
export async function noteSteps(
  sql: pg.ClientBase,
  paymentIds: readonly string[],
  sequence: number,
): Promise<void> {
  await insert(
    sql,
    'audit',
    paymentIds.map((id) => ({
      payment_id: id,
      owner_id: id,
      sequence,
      generation: 1,
      trigger: 'test',
      actor: 'test',
      to_status: 'x',
      reason: 'test',
      content: '{}',
      content_digest: 'x',
      previous_hash: 'x',
      hash: 'x',
      at: new Date(FROM_MS).toISOString(),
    })),
  );
}

export function paymentId(number: number): string {
  return `pay_${String(number).padStart(26, '0')}`;
}

type Row = Readonly<Record<string, unknown>>;

/** Only what is given: the rest has its defaults. All rows of a call have the same columns. */
export async function insert(sql: pg.ClientBase, table: string, rows: readonly Row[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  if (columns.length === 0) return;
  const list = columns.join(', ');
  await sql.query(
    `INSERT INTO ${table} (${list}) SELECT ${list} FROM jsonb_populate_recordset(NULL::${table}, $1::jsonb)`,
    [JSON.stringify(rows)],
  );
}

function onePayment(random: Random, number: number) {
  const id = paymentId(number);
  const merchant_id = random.among(['mer_one', 'mer_two']);
  const mode = random.among(['test', 'live']);
  const currency = random.among(['EUR', 'USD', 'JPY']);
  const amount = 100 + random.below(10_000);
  const at = new Date(FROM_MS + random.below(HOURS * 3_600) * 1_000 + random.below(1_000));
  const made = Array.from({ length: random.below(4) }, (_none, index) =>
    oneAttempt(random, id, index + 1, amount, at),
  );
  const attempts = made.map(({ attempt }) => attempt);
  const taken = attempts.findLast(({ authorized_minor, undoing }) => authorized_minor > 0 && !undoing);
  const captured = taken?.captured_minor ?? 0;
  const failed = random.among(['failed', 'canceled', 'processing', 'requires_confirmation', 'expired']);
  const payment = {
    id,
    merchant_id,
    mode,
    status:
      taken === undefined ? failed : random.among(['succeeded', 'requires_capture', 'partially_captured']),
    sequence: 1,
    generation: 1,
    amount_minor: amount,
    currency,
    capture_method: 'automatic',
    payment_method_id: random.chance(0.9) ? `pm_${number}` : null,
    amount_authorized_minor: taken?.authorized_minor ?? 0,
    amount_captured_minor: captured,
    metadata: {},
    route: [],
    complete_by: at.toISOString(),
    audit_head: 'x',
    created_at: at.toISOString(),
    updated_at: at.toISOString(),
  };
  return {
    payment,
    attempts,
    operations: made.map(({ operation }) => operation),
    method: oneMethod(random, number, payment),
    balance: balanceOf(random, id, currency, captured),
    explanation: random.chance(0.8) ? [explanationOf(random, id)] : [],
    rounds: attempts
      .filter((each) => each.number > 1 && random.chance(0.3))
      .map((each) => ({ attempt_id: each.id, payment_id: id, document: {}, created_at: at.toISOString() })),
  };
}

function oneAttempt(random: Random, paymentId: string, number: number, amount: number, at: Date) {
  const account = random.among(ACCOUNTS);
  const status = random.among([
    'created',
    'unknown',
    'requires_action',
    'authorized',
    'captured',
    'captured',
    'declined',
    'declined',
    'errored',
    'voided',
    'expired',
  ]);
  const isPaid =
    ['authorized', 'captured', 'expired'].includes(status) || (status === 'voided' && random.chance(0.5));
  const id = `att_${paymentId.slice(4)}_${number}`;
  const attempt = {
    id,
    payment_id: paymentId,
    number,
    account_id: account,
    provider: PROVIDERS[account],
    connector_version: '1',
    status,
    authorized_minor: isPaid ? amount : 0,
    captured_minor: status === 'captured' ? amount - random.below(50) : 0,
    refunded_minor: 0,
    watched: false,
    undoing: isPaid && random.chance(0.1),
    decline: status === 'declined' ? declineOf(random) : null,
    authentication: random.chance(0.5) ? authenticationOf(random) : null,
    created_at: at.toISOString(),
    updated_at: at.toISOString(),
  };
  const sent = random.chance(0.9) ? at.getTime() + 5 : undefined;
  const operation = {
    id: `op_${paymentId.slice(4)}_${number}_sale_1`,
    payment_id: paymentId,
    owner_id: paymentId,
    attempt_id: id,
    attempt_number: number,
    kind: random.among(['sale', 'authorize']),
    number: 1,
    cause: 'test',
    status: status === 'errored' && random.chance(0.6) ? 'not_attempted' : 'succeeded',
    amount_minor: amount,
    currency: 'EUR',
    final_capture: true,
    provider_key: `key_${id}`,
    generation: 1,
    first_sent_at: sent === undefined ? null : new Date(sent).toISOString(),
    sends: sent === undefined ? 0 : 1,
    // The bounds of buckets themselves, and what lies beyond the last, must be hit now and then.
    closed_at:
      status === 'unknown' || sent === undefined
        ? null
        : new Date(sent + random.among([10, 11, 320, 321, 90_000, random.below(2_000)])).toISOString(),
    created_at: at.toISOString(),
  };
  return { attempt, operation };
}

function declineOf(random: Random) {
  return {
    reason: random.among(REASONS),
    providerCode: 'x',
    message: 'x',
    ...(random.chance(0.3) ? { networkCode: random.among(['05', '4', '04', '51', 'r1']) } : {}),
    ...(random.chance(0.3) ? { adviceCode: random.among(['03', '02', 'do_not_try_again']) } : {}),
  };
}

function authenticationOf(random: Random) {
  const status = random.among(AUTHENTICATIONS);
  const wasChallenged = !['exempted', 'not_performed', 'frictionless'].includes(status) || random.chance(0.2);
  return {
    status,
    asked: { request: 'automatic' },
    reasons: [],
    facts: {},
    ...(wasChallenged ? { challengedAtMs: FROM_MS } : {}),
  };
}

function oneMethod(
  random: Random,
  number: number,
  payment: { merchant_id: string; mode: string; payment_method_id: string | null },
) {
  if (payment.payment_method_id === null) return [];
  const { merchant_id, mode, payment_method_id: id } = payment;
  const country = random.among(['DE', 'FR', null]);
  const brand = random.among(['visa', 'mastercard']);
  const facts = {
    type: 'card',
    last4: '4242',
    bin: '424242',
    fingerprint: `f${number}`,
    exp_month: 1,
    exp_year: 2030,
  };
  return [
    {
      id,
      merchant_id,
      mode,
      ...facts,
      brand,
      country,
      sealed_card: '\\x00',
      metadata: {},
      created_at: new Date(FROM_MS).toISOString(),
    },
  ];
}

function balanceOf(random: Random, id: string, currency: string, captured: number) {
  const refunded = random.chance(0.2) ? Math.floor(captured / 2) : 0;
  return {
    payment_id: id,
    currency,
    captured_minor: captured,
    refund_reserved_minor: refunded,
    refunded_minor: refunded,
    external_refunded_minor: random.chance(0.1) ? 7 : 0,
    charged_back_minor: random.chance(0.1) ? 9 : 0,
  };
}

function explanationOf(random: Random, id: string) {
  const verdict = () => random.among(['candidate', 'candidate', 'last_resort', 'disabled']);
  const candidates = ACCOUNTS.map((accountId) => ({
    accountId,
    provider: PROVIDERS[accountId],
    verdict: verdict(),
    ...(random.chance(0.9) ? { feeMinor: 10 + random.below(60) } : {}),
  }));
  const inputs = ACCOUNTS.map((accountId) => ({
    accountId,
    success: { ratePpm: 700_000 + random.below(300_000) },
    health: { weightPpm: random.among([1_000_000, 333_333]) },
  }));
  const order = random.chance(0.9) ? [random.among(ACCOUNTS)] : [];
  const format = random.chance(0.9) ? { format: 2 } : {};
  const document = { ...format, inputs: { candidates: inputs }, order, explanation: { candidates } };
  return { payment_id: id, document, created_at: new Date(FROM_MS).toISOString() };
}
