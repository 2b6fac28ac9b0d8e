import { expect } from 'vitest';
import { openCase } from '../../attack/support/cases.ts';
import { waitFor } from '../../support/harness.ts';
import { freshKey } from '../../support/system.ts';
import type { Desk } from './desk.ts';

/** Something in every queue: what pages have to show, made as it is made where it can be, and as rows where that would take days. */

/** Somebody else's text that would run if any page let it. */
export const HOSTILE = `<img src=x onerror="window.ran=1">"'><script>window.ran=1</script>{{7*7}}`;

/** A payment that Stripe never answered about, and cannot be asked about while the faults stand. */
export async function doubtful({ system }: Desk, order: Record<string, unknown> = {}): Promise<string> {
  await system.fault('stripe', { operation: 'authorize', mode: 'hang' });
  await system.fault('stripe', { operation: 'lookup', mode: 'status' });
  const { body } = await system.pay(
    { amount: 700, currency: 'USD', payment_method: await system.card(), ...order },
    { headers: { prefer: 'wait=1' } },
  );
  return waitFor(
    async () => {
      const rows = await system.sql(`SELECT 1 FROM operation WHERE payment_id = $1 AND status = 'unknown'`, [
        body.id,
      ]);
      return rows.length > 0 ? (body.id as string) : undefined;
    },
    { what: 'the payment to be in doubt', timeoutMs: 30_000 },
  );
}

/** An event that an endpoint was given up for. Nothing listens there; only that it is tried again is looked at. */
export async function deadLetter(
  { system }: Desk,
  error = 'HTTP 500',
  description?: string,
  url = 'http://127.0.0.1:65009/hooks',
): Promise<string> {
  const { body: endpoint } = await system.request('POST', '/v1/webhook_endpoints', {
    key: freshKey(),
    body: {
      url,
      event_types: ['payment.failed'],
      ...(description === undefined ? {} : { description }),
    },
  });
  const paid = await system.pay({ amount: 1_300, currency: 'EUR', payment_method: await system.card() });
  await waitFor(
    async () => (await system.sql('SELECT 1 FROM outbox WHERE payment_id = $1', [paid.body.id])).length > 0,
    { what: 'an event of the payment' },
  );
  await system.sql(
    `INSERT INTO webhook_delivery (endpoint_id, event_id, payment_id, event_sequence, status, attempts, last_attempt_at, last_error)
     SELECT $2, id, payment_id, event_sequence, 'dead', 12, now(), $3 FROM outbox
     WHERE payment_id = $1 ORDER BY event_sequence LIMIT 1`,
    [paid.body.id, endpoint.id, error],
  );
  return endpoint.id;
}

/** What two people have to agree about: the first has said what became of it. */
export async function proposeOutcome({ system }: Desk, payment: string, evidence: string): Promise<void> {
  const [open] = await system.sql<{ id: string }>(
    `SELECT id FROM operation WHERE payment_id = $1 AND status = 'unknown'`,
    [payment],
  );
  const proposed = await system.request('POST', `/v1/operator/payments/${payment}/resolutions`, {
    apiKey: system.operatorKeys.alice,
    key: freshKey(),
    body: { operation: open?.id, outcome: 'not_executed', evidence, reason: evidence },
  });
  expect(proposed.status, JSON.stringify(proposed.body)).toBe(201);
}

/** An alarm that fires: no look of a worker's ends it, for none is taken in these tests. */
export async function alarm({ system }: Desk): Promise<void> {
  await system.sql(
    `INSERT INTO alarm (name, subject, severity, detail, since, fired_at)
     VALUES ('ProviderNotAnswering', 'pa_demo_stripe', 'page', '12 of 20 calls unanswered', now() - interval '5 minutes', now() - interval '3 minutes')
     ON CONFLICT DO NOTHING`,
  );
}

/** A proof of damage as a worker writes it down: it stands until a person clears it. */
export async function damage({ system }: Desk): Promise<void> {
  await system.sql(
    `INSERT INTO alarm (name, subject, severity, detail, since, fired_at)
     VALUES ('LedgerUnbalanced', '', 'page', 'one transaction does not come to nothing', now(), now())`,
  );
}

export async function clearAlarms({ system }: Desk): Promise<void> {
  await system.sql(`DELETE FROM alarm WHERE subject = 'pa_demo_stripe' OR name = 'LedgerUnbalanced'`);
}

/** What the parts of an address of a page with rows stand for. */
export interface Rows {
  readonly payment: string;
  readonly exception: string;
  readonly backtest: string;
}

/** Every queue has something, every list of the settings too, and whoever may say something has said it hostile. */
export async function hostileRows(desk: Desk): Promise<Rows> {
  const { system } = desk;
  const asAlice = { apiKey: system.operatorKeys.alice };
  const payment = await hostilePayment(desk);
  const doubted = await doubtful(desk, { reference: `doubt ${HOSTILE}` });
  await proposeOutcome(desk, doubted, HOSTILE);
  await doubtful(desk);
  await deadLetter(desk, HOSTILE, HOSTILE);
  const exception = await openCase(system, { cause: HOSTILE });
  await waitFor(
    async () => {
      const said = await system.request('POST', `/v1/exceptions/${encodeURIComponent(exception)}/comment`, {
        ...asAlice,
        key: freshKey(),
        body: { reason: HOSTILE },
      });
      return said.status < 300;
    },
    { what: 'the comment to be taken' },
  );
  await letter(desk);
  await openCase(system, { kind: 'payment_review', subject: payment, cause: HOSTILE });
  const { body: policy } = await system.request('POST', '/v1/routing/policies', {
    key: freshKey(),
    body: { source: HOSTILE_POLICY, reason: HOSTILE },
  });
  expect(policy.name).toBe(HOSTILE);
  const { body: backtest } = await system.request('POST', '/v1/routing/backtests', {
    key: freshKey(),
    body: { version: policy.version },
  });
  await hostileNames(desk);
  return { payment, exception, backtest: backtest.id };
}

/** A provider's word about something that nobody here has done. */
async function letter({ system }: Desk): Promise<void> {
  await system.sql(
    `INSERT INTO inbox (id, provider, account_id, provider_event_id, event_type, reference, summary, raw_body, acknowledged_at)
     VALUES ('in_hostile', 'stripe', 'pa_demo_stripe', 'evt_hostile', 'charge.captured', $1, '{}', '', now())`,
    [HOSTILE],
  );
  await openCase(system, { kind: 'unmatched_webhook', subject: 'in_hostile', cause: HOSTILE });
}

const quoted = JSON.stringify(HOSTILE);
const HOSTILE_POLICY = `format: interlock/routing@1
name: ${quoted}
rules:
  - name: ${quoted}
    when: amount >= minor(100, currency)
    choose: { order: [adyen, stripe] }
otherwise:
  choose: { order: [stripe, adyen] }
`;

async function hostilePayment({ system }: Desk): Promise<string> {
  const customer = await system.request('POST', '/v1/customers', {
    key: 'hostile-customer',
    body: { name: HOSTILE },
  });
  expect(customer.status).toBe(201);
  const paid = await system.pay({
    amount: 1_999,
    currency: 'EUR',
    customer: customer.body.id,
    reference: HOSTILE,
    description: HOSTILE,
    metadata: { note: HOSTILE },
    payment_method: await system.card(),
  });
  expect(paid.status).toBe(201);
  return paid.body.id;
}

/** As the database would hold them if nothing before it had looked: no page may rely on what the API refuses. */
async function hostileNames({ system }: Desk): Promise<void> {
  await system.sql(`UPDATE operator SET name = $1 WHERE id = 'opr_bob'`, [HOSTILE]);
  await system.sql(
    `INSERT INTO merchant (id, name, category) VALUES ('mer_hostile', $1, NULL) ON CONFLICT DO NOTHING`,
    [HOSTILE],
  );
  await system.sql(
    `INSERT INTO api_key (id, merchant_id, mode, digest, name, created_by) VALUES ('key_hostile', 'mer_hostile', 'test', 'none', $1, $1)`,
    [HOSTILE],
  );
  await system.sql(
    `INSERT INTO provider_account (id, merchant_id, mode, provider, base_url, settings, enabled)
     VALUES ('pa_hostile', 'mer_hostile', 'test', 'stripe', 'http://127.0.0.1:9', jsonb_build_object($1::text, $1::text), false)`,
    [HOSTILE],
  );
}
