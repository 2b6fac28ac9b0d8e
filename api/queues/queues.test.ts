import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiRoutes } from '../app.ts';
import { startTestApi, type TestApi } from '../test-support/harness.ts';
import { refusalOf, signedIn, type Tab } from '../test-support/people.ts';
import { insertPayment } from '../test-support/rows.ts';
import { queueRoutes } from './routes.ts';

/** What waits for a person, as people with roles see it. */
let api: TestApi;
let reader: Tab;
let operator: Tab;

beforeAll(async () => {
  api = await startTestApi();
  reader = (await signedIn(api, 'read_only')).tab;
  operator = (await signedIn(api, 'operator')).tab;
});
afterAll(() => api.close());

interface InDoubt {
  readonly merchantId?: string;
  readonly status?: string;
  readonly agoSeconds?: number;
  readonly route?: readonly object[];
}

/** A payment of which an operation was sent and not answered. Answers the operation's id. */
async function inDoubt({
  merchantId = 'mer_a',
  status = 'unknown',
  agoSeconds = 120,
  route = [],
}: InDoubt = {}) {
  const payment = await insertPayment(api, { merchantId, status: 'processing' });
  const attempt = `att_${payment.slice(4)}_1`;
  const id = `op_${payment}`;
  await api.sql.query(`UPDATE payment SET route = $2 WHERE id = $1`, [payment, JSON.stringify(route)]);
  await api.sql.query(
    `INSERT INTO attempt (id, payment_id, number, account_id, provider, connector_version, status)
     VALUES ($1, $2, 1, 'acc_a_stripe', 'stripe', 'stripe-1', 'unknown')`,
    [attempt, payment],
  );
  await api.sql.query(
    `INSERT INTO operation (id, payment_id, owner_id, attempt_id, attempt_number, kind, number, cause, status, amount_minor,
       currency, provider_key, generation, first_sent_at, last_sent_at, sends)
     VALUES ($1, $2, $2, $3, 1, 'sale', 1, 'first', $4, 2000, 'EUR', $5, 1, now() - $6::int * interval '1 second',
       now() - $6::int * interval '1 second', 1)`,
    [id, payment, attempt, status, randomBytes(8).toString('hex'), agoSeconds],
  );
  return { id, payment };
}

async function openException(kind: string, subject: string, over: { readonly payment?: string } = {}) {
  const id = `exc_${kind}_${subject}`;
  await api.sql.query(
    `INSERT INTO exception (id, kind, subject_id, payment_id, summary) VALUES ($1, $2, $3, $4, 'waits')`,
    [id, kind, subject, over.payment ?? null],
  );
  return id;
}

const list = async (path: string) => (await reader.get(`/v1/operator/queues/${path}`)).body;
const idsOf = (body: { data: { id: string }[] }) => body.data.map(({ id }) => id);

describe('unknown operations', () => {
  it('tell since when, where, what was answered, what is asked next and why it is still open', async () => {
    const step = { accountId: 'acc_a_stripe', provider: 'stripe', canLookup: true, replaysByKey: true };
    const { id, payment } = await inDoubt({ agoSeconds: 9_000, route: [step] });
    await api.sql.query(
      `INSERT INTO observation (payment_id, owner_id, operation_id, source, generation, outcome)
       VALUES ($1, $1, $2, 'send', 1, '{"type": "unknown", "cause": "timeout", "detail": "<b>never</b>"}')`,
      [payment, id],
    );
    const found = (await list('unknowns?min_age_minutes=149')).data.find(
      (each: { id: string }) => each.id === id,
    );
    expect(found).toMatchObject({
      object: 'unknown_operation',
      subject: payment,
      merchant: 'mer_a',
      provider: 'stripe',
      amount: 2000,
      currency: 'EUR',
      sends: 1,
      next_questions: ['lookup', 'resend'],
      reason: 'asked_again',
      answers: [{ source: 'send', type: 'unknown', detail: 'timeout' }],
      exception: null,
    });
    const parked = await openException('unknown_outcome_parked', id, { payment });
    const [again] = (await list('unknowns?parked=true')).data;
    expect(again).toMatchObject({ id, reason: 'parked', exception: parked });
  });

  it('are listed oldest first, in pages, each once, and leave out what is not in doubt', async () => {
    const made = [];
    for (const agoSeconds of [500, 400, 300])
      made.push((await inDoubt({ merchantId: 'mer_b', agoSeconds })).id);
    await inDoubt({ merchantId: 'mer_b', status: 'succeeded' });
    // On the wire right now.
    await inDoubt({ merchantId: 'mer_b', status: 'created', agoSeconds: 1 });
    const lost = (await inDoubt({ merchantId: 'mer_b', status: 'created', agoSeconds: 90 })).id;
    const first = await list('unknowns?merchant=mer_b&limit=2');
    expect([idsOf(first), first.has_more]).toEqual([made.slice(0, 2), true]);
    const rest = await list(`unknowns?merchant=mer_b&limit=2&starting_after=${made[1]}`);
    expect([idsOf(rest), rest.has_more]).toEqual([[made[2], lost], false]);
    expect(rest.data[1].status).toBe('unknown');
  });

  it('refuse filters that say nothing', async () => {
    for (const query of ['status=lost', 'limit=0', 'starting_after=op_none', 'min_age_minutes=x', 'other=1'])
      expect((await reader.get(`/v1/operator/queues/unknowns?${query}`)).status).toBe(400);
    const hostile = encodeURIComponent(`' OR 1=1; DROP TABLE payment; --`);
    expect((await list(`unknowns?merchant=${hostile}`)).data).toEqual([]);
  });
});

describe('the other queues', () => {
  it('list what a policy holds back, with its reason', async () => {
    const payment = await insertPayment(api, { status: 'requires_review', reference: '<script>x</script>' });
    const exception = await openException('payment_review', payment, { payment });
    expect((await list('reviews')).data).toMatchObject([
      { payment, exception, reference: '<script>x</script>', amount: 2000, summary: 'waits' },
    ]);
  });

  it('list letters that nobody could place, without their bodies', async () => {
    await api.sql.query(
      `INSERT INTO inbox (id, provider, account_id, provider_event_id, event_type, reference, summary, raw_body, acknowledged_at)
       VALUES ('in_lost', 'stripe', 'acc_a_stripe', 'evt_lost', 'charge.refunded', 'ours?', '{}', 'secret body', now())`,
    );
    const exception = await openException('unmatched_webhook', 'in_lost');
    const answer = await reader.get('/v1/operator/queues/letters?account=acc_a_stripe');
    expect(answer.body.data).toMatchObject([
      { exception, letter: 'in_lost', merchant: 'mer_a', type: 'charge.refunded', reference: 'ours?' },
    ]);
    expect(answer.text).not.toContain('secret body');
  });

  it('list what a second person has to approve', async () => {
    const { id, payment } = await inDoubt();
    await api.sql.query(
      `INSERT INTO resolution (id, owner_id, payment_id, operation_id, outcome, evidence, reason, status, proposed_by, proposed_at)
       VALUES ('res_1', $1, $1, $2, '{"type": "not_attempted", "proof": "operators"}', 'seen in the dashboard', 'asked them', 'proposed', 'opr_x', now())`,
      [payment, id],
    );
    const approvals = await list('approvals');
    expect(approvals.resolutions).toMatchObject([
      {
        id: 'res_1',
        subject: payment,
        merchant: 'mer_a',
        evidence: 'seen in the dashboard',
        proposed_by: 'opr_x',
      },
    ]);
    const doubtful = (await list('unknowns?limit=100')).data.find((each: { id: string }) => each.id === id);
    expect(doubtful).toMatchObject({
      reason: 'waits_for_approval',
      resolution: 'res_1',
      proposed_by: 'opr_x',
    });
  });

  it('say how much there is of each, and since when', async () => {
    const { queues } = (await reader.get('/v1/operator/queues')).body;
    expect(queues.reviews.count).toBe(1);
    expect(queues.unplaced_letters.count).toBe(1);
    expect(queues.resolutions.count).toBe(1);
    expect(queues.exceptions.count).toBeGreaterThanOrEqual(3);
    expect(Date.parse(queues.unknowns.oldest_at)).toBeLessThan(Date.now() - 8_000_000);
    expect(queues.dead_letters).toEqual({ count: 0, oldest_at: null });
  });
});

describe('who may', () => {
  const concrete = (path: string) => path.replace(':id', 'we_none').replace(':event', 'evt_none');

  it.each(queueRoutes.map(({ method, path }) => [method, path] as const))('%s %s', async (method, path) => {
    const ask = (tab: Tab) =>
      method === 'get' ? tab.get(concrete(path)) : tab.post(concrete(path), { reason: 'a good one' });
    const { status } = await ask(reader);
    expect(status).toBe(method === 'get' ? 200 : 403);
    expect((await ask(operator)).status).not.toBe(403);
    const nobody = await fetch(`${api.url}${concrete(path)}`, { method });
    expect([nobody.status, (await nobody.text()).includes('mer_a')]).toEqual([401, false]);
    const merchant = await fetch(`${api.url}${concrete(path)}`, {
      method,
      headers: { authorization: `Bearer ${api.keys.a}` },
    });
    expect(merchant.status).toBe(403);
  });

  it('names a permission on every route that moves anything', () => {
    const moving = apiRoutes().filter(
      ({ path, method, access }) =>
        method === 'post' &&
        (path.startsWith('/v1/routing/') || path.startsWith('/v1/webhook_endpoints')) &&
        access === 'merchant',
    );
    expect(moving.length).toBeGreaterThan(15);
    expect(moving.filter(({ permission }) => permission === undefined)).toEqual([]);
  });

  it('leaves a row of what was refused', async () => {
    const refused = await reader.post('/v1/operator/queues/dead-letters/replay', {
      endpoint: 'we_none',
      reason: 'please',
    });
    expect(refused.status).toBe(403);
    expect(await refusalOf(api, refused)).toMatchObject({ method: 'POST', status: 403, code: 'forbidden' });
  });
});
