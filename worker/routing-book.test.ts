import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Dependencies } from '../activities/dependencies.ts';
import { chooseRoute } from '../activities/payment/route.ts';
import { seedDemo } from '../cli/seed.ts';
import { reportHealth, takeProbe } from '../db/circuits.ts';
import { poolOf } from '../db/client.ts';
import { flushWindows } from '../db/routing/index.ts';
import type { AuthenticationWish } from '../domain/authentication/policy.ts';
import type { MerchantRouting } from '../domain/routing/book.ts';
import { choose } from '../domain/routing/choose.ts';
import type { RoutingFacts } from '../domain/routing/facts.ts';
import { NO_COUNTS, type ObservedResult } from '../domain/routing/learning/index.ts';
import { type Database, openTestDatabase } from '../test/attack/support/rows.ts';
import { waitFor } from '../test/support/harness.ts';
import { type RunningRoutingBook, startRoutingBook, TICK_MS } from './routing-book.ts';

const OPEN_MS = 1_000;
const FACTS: RoutingFacts = {
  merchantId: 'mer_demo',
  amountMinor: 900,
  currency: 'USD',
  method: 'card',
  atMs: Date.now(),
  brand: 'visa',
  risk: 'normal',
  merchantInitiated: false,
  recurring: false,
  metadata: {},
};

let database: Database;
const books: RunningRoutingBook[] = [];
const errors: unknown[] = [];

beforeAll(async () => {
  database = await openTestDatabase();
  await seedDemo({
    databaseUrl: database.ownerUrl,
    accounts: (['stripe', 'adyen'] as const).map((provider) => ({
      id: `pa_demo_${provider}`,
      provider,
      baseUrl: 'http://127.0.0.1:9',
      settings: {},
      secrets: {},
    })),
    apiKeySecret: randomBytes(9).toString('base64url'),
    digestKey: randomBytes(32),
    passwordCost: { ln: 10, r: 8, p: 1 },
  });
});
afterAll(async () => {
  await database?.close();
});
beforeEach(async () => {
  await database.sql('DELETE FROM circuit');
  await database.sql('DELETE FROM routing_window');
  errors.length = 0;
});
afterEach(async () => {
  await Promise.all(books.splice(0).map((book) => book.stop()));
});

/** One for each worker; both on one Postgres. */
function open(): RunningRoutingBook {
  const book = startRoutingBook({ db: database.db, onError: (error) => void errors.push(error) });
  books.push(book);
  return book;
}

async function routingOf(book: RunningRoutingBook): Promise<MerchantRouting> {
  const routing = await book.snapshot('mer_demo', 'test');
  if (routing === undefined) throw new Error('the demo merchant has no routing');
  return routing;
}

async function orderBy(book: RunningRoutingBook): Promise<readonly string[]> {
  const routing = await routingOf(book);
  return choose(routing, 'pay_1', FACTS, book.candidates(routing, FACTS)).order;
}

const observe = (book: RunningRoutingBook, result: ObservedResult, accountId = 'pa_demo_stripe') =>
  book.observed({
    accountId,
    method: 'card',
    brand: 'visa',
    currency: 'USD',
    result,
    latencyMs: 50,
    amountMinor: 900,
    atMs: Date.now(),
  });

/** As the send of a payment reports it. */
async function fails(book: RunningRoutingBook): Promise<void> {
  observe(book, 'unknown');
  if (await reportHealth(database.db, 'pa_demo_stripe', 'bad', 'closed', OPEN_MS))
    await book.circuitTouched();
}

describe('a merchant’s snapshot', () => {
  it('is read once, and asks nobody while nothing changes', async () => {
    const book = open();
    await routingOf(book);
    // The first to ask writes the platform's document down, which is a change.
    await book.refresh();
    const routing = await routingOf(book);
    const statements = vi.spyOn(poolOf(database.db), 'query');
    for (let each = 0; each < 100; each += 1) {
      expect(await routingOf(book)).toBe(routing);
      choose(routing, `pay_${each}`, FACTS, book.candidates(routing, FACTS));
    }
    expect(statements).not.toHaveBeenCalled();
    statements.mockRestore();
    await book.refresh();
    expect(await routingOf(book)).toBe(routing);
  });

  it('is read anew after a change, within two seconds', async () => {
    const book = open();
    const before = await routingOf(book);
    const startedMs = performance.now();
    await database.sql(`UPDATE provider_account SET enabled = false WHERE id = 'pa_demo_stripe'`);
    await waitFor(async () => (await orderBy(book)).join() === 'pa_demo_adyen', {
      what: 'stripe is disabled',
    });
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    expect(await routingOf(book)).not.toBe(before);
    await database.sql(`UPDATE provider_account SET enabled = true WHERE id = 'pa_demo_stripe'`);
  });

  it('of nobody is looked for again, once there is somebody', async () => {
    const book = open();
    expect(await book.snapshot('mer_new', 'test')).toBeUndefined();
    await database.sql(`INSERT INTO merchant (id, name) VALUES ('mer_new', 'New')`);
    const routing = await book.snapshot('mer_new', 'test');
    // Without a policy of its own it goes by the platform's.
    expect(routing).toMatchObject({ active: { version: 0 }, accounts: [] });
  });

  it('has its catalogue stored before anybody can name it', async () => {
    const { catalogueId } = await routingOf(open());
    expect(await database.sql('SELECT 1 FROM routing_catalogue WHERE id = $1', [catalogueId])).toHaveLength(
      1,
    );
  });
});

describe('what is learnt', () => {
  it('by one worker is known to the other, two ticks later, and counted once', async () => {
    const [one, other] = [open(), open()];
    const [mine, theirs] = [await routingOf(one), await routingOf(other)];
    for (let each = 0; each < 30; each += 1) observe(one, each % 3 === 0 ? 'soft_decline' : 'approved');
    const samplesAt = (book: RunningRoutingBook, routing: MerchantRouting) =>
      book.candidates(routing, FACTS).find(({ accountId }) => accountId === 'pa_demo_stripe')?.success;
    await waitFor(async () => samplesAt(other, theirs)?.samples === 30, { what: 'the other knows 30' });
    await one.refresh();
    await one.refresh();
    await waitFor(async () => samplesAt(one, mine)?.samples === 30, { what: 'it has not counted twice' });
    expect(samplesAt(other, theirs)?.ratePpm).toBe(samplesAt(one, mine)?.ratePpm);
  });

  it('is written when the worker stops', async () => {
    const book = open();
    await routingOf(book);
    observe(book, 'approved');
    await book.stop();
    const [row] = await database.sql<{ n: string }>(
      `SELECT sum(approved) AS n FROM routing_window WHERE grain = 'cell' AND account_id = 'pa_demo_stripe'`,
    );
    expect(row?.n).toBe('1');
  });
});

describe('a provider that is dead', () => {
  it('leaves the route on every worker within ten seconds of its first failures, and comes back by a probe', async () => {
    const [one, other] = [open(), open()];
    for (const book of [one, other]) expect((await orderBy(book))[0]).toBe('pa_demo_stripe');
    const startedMs = performance.now();
    for (let each = 0; each < 5; each += 1) await fails(one);
    // Whoever saw it knows at once.
    expect((await orderBy(one)).at(-1)).toBe('pa_demo_stripe');
    await waitFor(async () => (await orderBy(other)).at(-1) === 'pa_demo_stripe', {
      what: 'the other knows',
    });
    expect(performance.now() - startedMs).toBeLessThan(2 * TICK_MS + OPEN_MS);

    await waitFor(
      () => one.circuitOf('pa_demo_stripe').probeDue && other.circuitOf('pa_demo_stripe').probeDue,
      {
        what: 'its time is up on both',
      },
    );
    const won = await Promise.all(
      Array.from({ length: 20 }, () => takeProbe(database.db, 'pa_demo_stripe', OPEN_MS)),
    );
    expect(won.filter(Boolean)).toHaveLength(1);
    await reportHealth(database.db, 'pa_demo_stripe', 'good', 'half_open', OPEN_MS);
    for (const book of [one, other])
      await waitFor(async () => (await orderBy(book))[0] === 'pa_demo_stripe', { what: 'it is back' });
    expect(errors).toEqual([]);
  });

  it('is probed only by a payment that would go there first, and that is sent', async () => {
    await database.sql(
      `INSERT INTO circuit (account_id, state, consecutive_failures, opened_at, probe_after)
       VALUES ('pa_demo_adyen', 'open', 5, now() - interval '1 minute', now() - interval '1 second')`,
    );
    await database.sql(
      `INSERT INTO payment_method (id, merchant_id, mode, type, brand, last4, bin, fingerprint, exp_month, exp_year, sealed_card)
       VALUES ('pm_probe', 'mer_demo', 'test', 'card', 'visa', '4242', '424242', 'fp', 1, 2040, '\\x00')`,
    );
    const book = open();
    await waitFor(() => book.circuitOf('pa_demo_adyen').probeDue, { what: 'its time is up' });
    const deps = {
      db: database.db,
      routing: book,
      settings: { timeScale: 1, providerDeadlineMs: 1_000 },
      providers: { named: () => ({ unknown: {} }), connection: () => ({}) },
    } as unknown as Dependencies;
    const route = async (currency: string, wish: AuthenticationWish = {}) => {
      const question = {
        merchantId: 'mer_demo',
        mode: 'test',
        amountMinor: 500,
        paymentId: 'pay_1',
      } as const;
      const chosen = await chooseRoute(deps, { ...question, currency, wish, paymentMethodId: 'pm_probe' });
      const { order = [], inputs } = chosen.explanation ?? {};
      const adyen = inputs?.candidates.find(({ accountId }) => accountId === 'pa_demo_adyen');
      return [order[0], adyen?.health.circuit, chosen.refused?.reason];
    };
    // Dollars go to Stripe, and without the payer's consent nothing goes anywhere: the probe is left to others.
    expect(await route('USD')).toEqual(['pa_demo_stripe', 'open', undefined]);
    expect(await route('EUR', { offSession: true })).toEqual(['pa_demo_stripe', 'open', 'stop_payment']);
    expect(await route('EUR')).toEqual(['pa_demo_adyen', 'half_open', undefined]);
    expect(await route('EUR')).toEqual(['pa_demo_stripe', 'open', undefined]);
  });

  it('is left alone longer after each probe that fails', async () => {
    for (let each = 0; each < 5; each += 1)
      await reportHealth(database.db, 'pa_demo_stripe', 'bad', 'closed', OPEN_MS);
    await database.sql(
      `UPDATE circuit SET opened_at = opened_at - interval '20 seconds', state = 'half_open'`,
    );
    await reportHealth(database.db, 'pa_demo_stripe', 'bad', 'half_open', OPEN_MS);
    const [row] = await database.sql<{ state: string; wait: string }>(
      'SELECT state, extract(epoch FROM probe_after - clock_timestamp()) AS wait FROM circuit',
    );
    expect(row?.state).toBe('open');
    expect(Number(row?.wait)).toBeGreaterThan(18);
    expect(Number(row?.wait)).toBeLessThan(21);
  });
});

describe('a worker that starts', () => {
  const HOUR_MS = 3_600_000;
  const approvedAgo = (ageMs: number, approved: number, accountId = 'pa_demo_stripe') => ({
    accountId,
    grain: 'cell' as const,
    method: 'card',
    brand: 'visa',
    issuerCountry: '',
    currency: 'USD',
    bucketStartMs: Date.now() - ageMs,
    counts: { ...NO_COUNTS, approved },
  });
  const stripes = async (book: RunningRoutingBook) =>
    book.candidates(await routingOf(book), FACTS).find(({ accountId }) => accountId === 'pa_demo_stripe')
      ?.success;

  it('keeps nobody waiting for what was learnt', async () => {
    const holder = new pg.Client({ connectionString: database.ownerUrl });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE routing_window');
    try {
      const startedMs = performance.now();
      expect((await orderBy(open()))[0]).toBe('pa_demo_stripe');
      // A statement that waits for the lock gives up after ten seconds.
      expect(performance.now() - startedMs).toBeLessThan(5_000);
    } finally {
      await holder.query('ROLLBACK');
      await holder.end();
    }
  });

  it('knows by a merchant’s first payment what its accounts have come to, whoever paid before', async () => {
    await flushWindows(database.db, [approvedAgo(HOUR_MS, 400, 'pa_demo_adyen')]);
    const book = open();
    await book.refresh();
    // Another merchant's payment has derived the rates before this one's accounts were known for its own.
    await database.sql(
      `INSERT INTO merchant (id, name) VALUES ('mer_other', 'Other') ON CONFLICT DO NOTHING`,
    );
    const other = await book.snapshot('mer_other', 'test');
    const demos = (await routingOf(open())).accounts;
    if (other !== undefined) book.candidates({ ...other, accounts: demos }, FACTS);
    expect((await stripes(book))?.ratePpm).toBeGreaterThan(950_000);
  });

  it('drops what it read before anybody could say what changes', async () => {
    await database.sql('ALTER TABLE routing_change RENAME TO routing_change_away');
    let book: RunningRoutingBook;
    let before: MerchantRouting;
    try {
      book = open();
      before = await routingOf(book);
      expect(errors.length).toBeGreaterThan(0);
    } finally {
      await database.sql('ALTER TABLE routing_change_away RENAME TO routing_change');
    }
    await database.sql(`UPDATE merchant SET country = 'FR' WHERE id = 'mer_demo'`);
    await book.refresh();
    const after = await routingOf(book);
    expect(after).not.toBe(before);
    expect(after.merchantCountry).toBe('FR');
  });
});

describe('what can’t be used', () => {
  it('is left out with a word, once a change, and payments go on', async () => {
    await save(90, 'shadow', '{"format": "interlock/routing@9"}');
    const book = open();
    for (let each = 0; each < 3; each += 1) await orderBy(book);
    await book.refresh();
    expect((await routingOf(book)).shadow).toBeUndefined();
    const words = errors.map(String).filter((text) => text.includes('policy 90'));
    expect(words).toEqual([expect.stringContaining('the shadow can’t be read and is left out')]);
  });

  it('is a comparison that the database refuses: it holds up no others', async () => {
    const book = open();
    const compare = (deciding: number, compared: number) =>
      book.compared({
        merchantId: 'mer_demo',
        mode: 'test',
        paymentId: 'pay_1',
        deciding,
        compared,
        decided: { order: ['a'], requirements: [] },
        wouldHave: { order: ['b'], requirements: [] },
      });
    compare(1, 1);
    await book.refresh();
    expect(errors.map(String)).toEqual([expect.stringContaining('1 comparisons are refused')]);
    compare(1, 2);
    await book.refresh();
    expect(await database.sql('SELECT compared, evaluated FROM routing_comparison')).toEqual([
      { compared: 2, evaluated: '1' },
    ]);
  });

  async function save(version: number, status: string, document: string): Promise<void> {
    await database.sql(
      `WITH made AS (
         INSERT INTO routing_policy (merchant_id, mode, version, name, status, source, document, author)
         VALUES ('mer_demo', 'test', $1, 'odd', $2, $3::text, $3::jsonb, 'key:key_test'))
       INSERT INTO routing_policy_event (merchant_id, mode, version, kind, to_status, actor, reason)
       VALUES ('mer_demo', 'test', $1, 'saved', $2, 'key:key_test', 'a test')`,
      [version, status, document],
    );
  }
});

describe('while Postgres takes nothing', () => {
  it('payments are routed by what was known before, and what was observed is written later', async () => {
    const book = open();
    await routingOf(book);
    observe(book, 'approved');
    await database.sql('ALTER TABLE routing_window RENAME TO routing_window_away');
    try {
      await book.refresh();
      expect(errors.length).toBeGreaterThan(0);
      expect((await orderBy(book))[0]).toBe('pa_demo_stripe');
    } finally {
      await database.sql('ALTER TABLE routing_window_away RENAME TO routing_window');
    }
    await book.refresh();
    const [row] = await database.sql<{ n: string }>(
      `SELECT sum(approved) AS n FROM routing_window WHERE grain = 'cell' AND account_id = 'pa_demo_stripe'`,
    );
    expect(row?.n).toBe('1');
  });
});
