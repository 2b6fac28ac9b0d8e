import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { seedDemo } from '../cli/seed.ts';
import { bumpGeneration } from '../db/generations.ts';
import { revokePermit } from '../db/permits.ts';
import { loadSendFacts } from '../db/sends.ts';
import { shredExpired } from '../db/sweep.ts';
import { decideReturned } from '../domain/payment/challenge.ts';
import type { OperationOutcome } from '../domain/payment/outcome.ts';
import type { Operation, Payment } from '../domain/payment/payment.ts';
import { type Transition, transitionOf } from '../domain/payment/transition.ts';
import type { ProviderConnection } from '../providers/provider.ts';
import { type Simulator, startSimulator } from '../sandbox/simulator.ts';
import { CLAIMS, closeGate } from '../test/attack/support/postgres-gate.ts';
import {
  captured,
  type Database,
  draft,
  lastOperation,
  mustRecord,
  openTestDatabase,
  plan,
  step,
  stepAfter,
} from '../test/attack/support/rows.ts';
import { waitFor } from '../test/support/harness.ts';
import { idleBook } from '../test/support/routing-book.ts';
import { CVC_LIFETIME_MS, createVault } from '../vault/index.ts';
import { createProviders } from '../worker/providers.ts';
import type { Dependencies } from './dependencies.ts';
import { createActivities } from './index.ts';
import { type SendResult, sendFirst } from './send.ts';

/** The list of DESIGN.md, point 4, line by line: real Postgres, the real adapter, a simulator that keeps a journal. */
const DEADLINE_MS = 1_500;
const PERMIT_MS = 2_000;
const SECRETS = { pa_demo_stripe: { apiKey: 'sk_test_simulated', webhookSecret: 'whsec_simulated' } };
const keys = { activeId: 'k1', keys: { k1: randomBytes(32) } };
const digestKey = randomBytes(32);
const vault = createVault({ keys, digestKey });

let database: Database;
let simulator: Simulator;
let dataDir: string;
const woken: string[] = [];

beforeAll(async () => {
  database = await openTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'interlock-send-'));
  simulator = await startSimulator({
    provider: 'stripe',
    port: 0,
    adminPort: 0,
    dataDir,
    timeScale: 1,
    ...SECRETS.pa_demo_stripe,
  });
  await seedDemo({
    databaseUrl: database.ownerUrl,
    accounts: [
      {
        id: 'pa_demo_stripe',
        provider: 'stripe',
        baseUrl: simulator.apiUrl,
        settings: {},
        secrets: SECRETS.pa_demo_stripe,
      },
    ],
    apiKeySecret: randomBytes(9).toString('base64url'),
    digestKey,
    passwordCost: { ln: 10, r: 8, p: 1 },
  });
});
afterAll(async () => {
  await simulator?.close();
  await database?.close();
  await rm(dataDir, { recursive: true, force: true });
});
beforeEach(async () => {
  await admin('DELETE', '/faults');
  await database.sql('DELETE FROM circuit');
  woken.length = 0;
});

async function admin(method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${simulator.adminUrl}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  return response.json();
}
const fault = (mode: string, more: object = {}) => admin('POST', '/faults', { mode, times: 1, ...more });

interface Line {
  readonly kind: string;
  readonly effect?: string;
  readonly reference: string;
}
async function journal(payment: Payment): Promise<{ arrivals: number; effects: (string | undefined)[] }> {
  const lines = ((await admin('GET', '/journal')) as Line[]).filter((line) =>
    line.reference.includes(payment.id.slice('pay_'.length)),
  );
  return {
    arrivals: lines.filter((line) => line.kind === 'arrival').length,
    effects: lines.filter((line) => line.kind === 'effect').map((line) => line.effect),
  };
}
const NOTHING = { arrivals: 0, effects: [] };
const ONE_CHARGE = ['authorized', 'captured'];

/** What happens around the adapter's own call. */
type Around = (
  send: () => ReturnType<ProviderConnection['authorize']>,
) => ReturnType<ProviderConnection['authorize']>;

function dependencies(over: Partial<Dependencies> = {}, around?: Around): Dependencies {
  const providers = createProviders((id) => (id === 'pa_demo_stripe' ? SECRETS[id] : undefined));
  return {
    db: database.db,
    vault,
    door: {
      async news(paymentId) {
        woken.push(paymentId);
        return 'signalled';
      },
    },
    providers: {
      named: providers.named,
      settlementsOf: providers.settlementsOf,
      connection(account) {
        const connection = providers.connection(account);
        if (around === undefined) return connection;
        return { ...connection, authorize: (request) => around(() => connection.authorize(request)) };
      },
    },
    routing: idleBook(),
    settings: { timeScale: 1, providerDeadlineMs: DEADLINE_MS },
    ...over,
  };
}

type Order = { readonly operationId: string; readonly generation: number };
async function run(
  name: 'authorize' | 'capture' | 'resend',
  order: Order,
  deps = dependencies(),
): Promise<SendResult> {
  return (await new MockActivityEnvironment().run(createActivities(deps)[name], order)) as SendResult;
}

async function paymentMethod(cvcExpiresAt: Date | null = null): Promise<string> {
  const id = `pm_${randomBytes(8).toString('hex')}`;
  const card = { number: '4242424242424242', expMonth: 3, expYear: 2030 };
  await database.sql(
    `INSERT INTO payment_method (id, merchant_id, mode, type, brand, last4, bin, fingerprint, exp_month, exp_year,
       sealed_card, sealed_cvc, cvc_expires_at)
     VALUES ($1, 'mer_demo', 'test', 'card', 'visa', '4242', '424242', 'f', 3, 2030, $2, $3, $4)`,
    [
      id,
      vault.sealCard(card, id),
      cvcExpiresAt === null ? null : vault.sealCvc('737', id, cvcExpiresAt.getTime()),
      cvcExpiresAt,
    ],
  );
  return id;
}

async function permit(
  over: Partial<Payment> = {},
  cvcExpiresAt: Date | null = null,
): Promise<{ payment: Payment; operation: Operation; order: Order }> {
  const paymentMethodId = await paymentMethod(cvcExpiresAt);
  const payment = await plan(database.db, draft({ paymentMethodId, route: [step('stripe')], ...over }));
  const operation = lastOperation(payment);
  return { payment, operation, order: { operationId: operation.id, generation: 1 } };
}

const record = (transition: Transition, deps: Dependencies) =>
  new MockActivityEnvironment().run(createActivities(deps).record, { transition });

/** Sent, executed, and the answer lost. */
async function lost(over: Partial<Payment> = {}, deps = dependencies()) {
  const sent = await permit(over);
  await fault('reset_after_commit');
  expect(await run('authorize', sent.order, deps)).toMatchObject({ outcome: { type: 'unknown' } });
  return sent;
}

const rowOf = async (operation: Operation) => {
  const [row] = await database.sql<{
    sends: number;
    first_sent_at: Date | null;
    revoked_at: Date | null;
    sealed_parameters: Buffer | null;
  }>('SELECT sends, first_sent_at, revoked_at, sealed_parameters FROM operation WHERE id = $1', [
    operation.id,
  ]);
  if (row === undefined) throw new Error('no operation');
  return row;
};
const observations = (payment: Payment) =>
  database.sql<{ source: string; type: string }>(
    `SELECT source, outcome->>'type' AS type FROM observation WHERE payment_id = $1 ORDER BY id`,
    [payment.id],
  );

/** Stops this process dead, as SIGSTOP, a paused machine or a long collection does. */
function freeze(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('a first send', () => {
  it('goes out under an unclaimed permit, once, with its parameters sealed beforehand', async () => {
    const { payment, operation, order } = await permit();
    expect(await run('authorize', order)).toMatchObject({
      type: 'outcome',
      outcome: { type: 'captured', amountMinor: 1_000 },
    });
    expect(await journal(payment)).toEqual({ arrivals: 1, effects: ONE_CHARGE });
    const { sends, sealed_parameters } = await rowOf(operation);
    expect(sends).toBe(1);
    expect(
      vault.openParameters(sealed_parameters ?? Buffer.alloc(0), operation.id, Date.now()),
    ).toMatchObject({
      amountMinor: 1_000,
      reference: payment.attempts[0]?.id,
    });
    // A quick answer's proof is the activity's own result.
    expect(await observations(payment)).toEqual([]);
  });

  it('claims before anything leaves: with the claim held up, nothing has arrived', async () => {
    const { payment, operation, order } = await permit();
    const gate = await closeGate(database.ownerUrl, CLAIMS);
    const sending = run('authorize', order);
    await gate.reached();
    expect(await journal(payment)).toEqual(NOTHING);
    expect((await rowOf(operation)).first_sent_at).toBeNull();
    await gate.remove();
    expect(await sending).toMatchObject({ outcome: { type: 'captured' } });
  });

  it('whose permit was claimed before is unknown, and nothing arrives', async () => {
    const { payment, order } = await permit();
    await run('authorize', order);
    const second = await run('authorize', order);
    expect(second).toEqual({ type: 'outcome', outcome: { type: 'unknown', cause: 'already_sent' } });
    expect(await journal(payment)).toEqual({ arrivals: 1, effects: ONE_CHARGE });
    // Whoever looks later sees that it was asked for twice.
    expect(await observations(payment)).toContainEqual({ source: 'permit', type: 'unknown' });
  });

  it('by ten executions at once arrives once; nine know nothing', async () => {
    const { payment, order } = await permit();
    const results = await Promise.all(Array.from({ length: 10 }, () => run('authorize', order)));
    const outcomes = results.map((each) => (each.type === 'outcome' ? each.outcome.type : each.type));
    expect(outcomes.filter((each) => each === 'captured')).toHaveLength(1);
    expect(outcomes.filter((each) => each === 'unknown')).toHaveLength(9);
    expect(await journal(payment)).toEqual({ arrivals: 1, effects: ONE_CHARGE });
  });

  it('of an older generation is superseded, and leaves the permit unclaimed', async () => {
    const { payment, operation, order } = await permit();
    await bumpGeneration(database.db, payment.id, 1);
    expect(await run('authorize', order)).toEqual({ type: 'superseded' });
    expect(await journal(payment)).toEqual(NOTHING);
    expect(await rowOf(operation)).toMatchObject({ first_sent_at: null, revoked_at: null });
  });

  it('of a revoked permit is proven not attempted', async () => {
    const { payment, operation, order } = await permit();
    await revokePermit(database.db, operation.id);
    expect(await run('authorize', order)).toEqual({
      type: 'outcome',
      outcome: { type: 'not_attempted', proof: 'permit_revoked' },
    });
    expect(await journal(payment)).toEqual(NOTHING);
  });

  it('past send_by is proven not attempted, and revoked for whoever comes later', async () => {
    const { payment, operation, order } = await permit({ completeByMs: Date.now() - 1 });
    expect(await run('authorize', order)).toEqual({
      type: 'outcome',
      outcome: { type: 'not_attempted', proof: 'too_late' },
    });
    expect((await rowOf(operation)).revoked_at).not.toBeNull();
    expect(await journal(payment)).toEqual(NOTHING);
  });

  it('without a row throws, and nothing arrives', async () => {
    await expect(run('authorize', { operationId: 'op_nobody', generation: 1 })).rejects.toThrow();
  });
});

describe('between the claim and the first byte', () => {
  const warm = async () => run('authorize', (await permit()).order);
  const patient = { timeScale: 1, providerDeadlineMs: 10_000 };

  it.each([
    [
      'before the request is made',
      (send: () => ReturnType<Around>) => {
        freeze(PERMIT_MS + 100);
        return send();
      },
    ],
    [
      'while it is on its way to the socket',
      (send: () => ReturnType<Around>) => {
        const sent = send();
        freeze(PERMIT_MS + 100);
        return sent;
      },
    ],
  ])('a process that froze past the permit %s sends nothing: proven not attempted', async (_when, around) => {
    // The whole deadline is longer than the permit, so that it is the permit which refuses.
    const settings = patient;
    for (const connection of ['fresh', 'kept alive']) {
      if (connection === 'kept alive') await warm();
      const { payment, operation, order } = await permit();
      const result = await run('authorize', order, dependencies({ settings }, around));
      expect([connection, result]).toEqual([
        connection,
        { type: 'outcome', outcome: { type: 'not_attempted', proof: 'no_byte_sent' } },
      ]);
      expect(await journal(payment)).toEqual(NOTHING);
      // The claim stands: whoever comes next must resolve it, not send it.
      expect((await rowOf(operation)).sends).toBe(1);
      expect(await run('authorize', order)).toMatchObject({ outcome: { cause: 'already_sent' } });
    }
  });

  it('the time of a slow claim counts: two seconds from before it was asked for', async () => {
    const settings = patient;
    const { payment, order } = await permit();
    const gate = await closeGate(database.ownerUrl, CLAIMS);
    const sending = run('authorize', order, dependencies({ settings }));
    await gate.reached();
    const reachedMs = performance.now();
    await waitFor(() => performance.now() > reachedMs + PERMIT_MS, { what: 'the permit to grow old' });
    await gate.remove();
    expect(await sending).toMatchObject({ outcome: { type: 'not_attempted', proof: 'no_byte_sent' } });
    expect(await journal(payment)).toEqual(NOTHING);
  });

  it('the deadline is armed before the claim: one that came back after it sends nothing', async () => {
    const settings = { ...patient, providerDeadlineMs: 300 };
    const { payment, operation, order } = await permit();
    const gate = await closeGate(database.ownerUrl, CLAIMS);
    const sending = run('authorize', order, dependencies({ settings }));
    await gate.reached();
    const reachedMs = performance.now();
    await waitFor(() => performance.now() > reachedMs + 300, { what: 'the deadline to pass' });
    await gate.remove();
    expect(await sending).toMatchObject({ outcome: { type: 'not_attempted', proof: 'no_byte_sent' } });
    expect((await rowOf(operation)).sends).toBe(1);
    expect(await journal(payment)).toEqual(NOTHING);
  });

  it('a refused connection is proven not attempted', async () => {
    const { payment, order } = await permit();
    await admin('POST', '/faults', { mode: 'refuse' });
    expect(await run('authorize', order)).toEqual({
      type: 'outcome',
      outcome: { type: 'not_attempted', proof: 'no_byte_sent' },
    });
    await admin('DELETE', '/faults');
    expect(await journal(payment)).toEqual(NOTHING);
  });
});

describe('an answer that is found after the first', () => {
  const challenged: OperationOutcome = {
    type: 'requires_action',
    providerReference: 'pi_test',
    action: 'redirect',
    nextAction: { type: 'redirect_to_url', url: 'https://acs.example/challenge' },
  };

  it.each([
    ['after a challenge', challenged, captured(), 'approved'],
    [
      'after a challenge that it ends',
      challenged,
      { type: 'declined', decline: { reason: 'insufficient_funds', providerCode: 'x', message: 'm' } },
      'soft_decline',
    ],
    ['once it is settled', { type: 'pending', providerReference: 'pi_test' }, captured(), 'approved'],
  ] as const)('is learnt once, %s', async (_when, first, then, result) => {
    const routing = idleBook();
    const deps = dependencies({ routing });
    const { payment } = await permit({
      authentication: { asked: { request: 'automatic' }, reasons: [], offSession: false },
    });
    const open = stepAfter(payment, first);
    expect(await record(open, deps)).toEqual({ type: 'recorded', refundedMinor: 0 });
    expect(routing.observations).toEqual([]);
    expect(await record(stepAfter(open.payment, then), deps)).toEqual({ type: 'recorded', refundedMinor: 0 });
    expect(routing.observations).toEqual([
      {
        accountId: 'pa_demo_stripe',
        method: 'card',
        brand: 'visa',
        currency: 'USD',
        result,
        amountMinor: 1_000,
        atMs: expect.any(Number),
      },
    ]);
  });

  it('is learnt once of a completion that was unknown when it was sent', async () => {
    const routing = idleBook();
    const deps = dependencies({ routing });
    const { payment } = await permit({
      authentication: { asked: { request: 'automatic' }, reasons: [], offSession: false },
      route: [step('stripe', { completesReturns: true })],
    });
    const open = stepAfter(payment, challenged);
    await record(open, deps);
    const back = decideReturned(open.payment, payment.attempts[0]?.id ?? '', 'in_1', Date.now());
    if (back === undefined) throw new Error('the return was not taken');
    const returned = transitionOf(open.payment, back, { type: 'test', actor: 'test' }, Date.now());
    await record(returned, deps);
    const facts = await loadSendFacts(database.db, lastOperation(returned.payment).id);
    const unknown: OperationOutcome = { type: 'unknown', cause: 'timeout' };
    await new MockActivityEnvironment().run(() =>
      sendFirst(deps, { facts, generation: 1, parameters: {}, effect: () => Promise.resolve(unknown) }),
    );
    expect(await observations(payment)).toEqual([{ source: 'send', type: 'unknown' }]);
    expect(routing.observations).toEqual([]);
    const doubted = stepAfter(returned.payment, unknown);
    await record(doubted, deps);
    await record(stepAfter(doubted.payment, captured()), deps);
    expect(routing.observations).toMatchObject([{ result: 'approved', amountMinor: 1_000 }]);
  });

  it('is learnt by the send alone where the send brought it', async () => {
    const routing = idleBook();
    const deps = dependencies({ routing });
    const { payment, order } = await permit();
    await run('authorize', order, deps);
    await record(stepAfter(payment, captured()), deps);
    expect(routing.observations).toMatchObject([{ result: 'approved', latencyMs: expect.any(Number) }]);
  });
});

describe('after the first byte', () => {
  it.each(['reset_before_commit', 'reset_after_commit', 'truncate', 'hang', 'hang_after_commit', 'status'])(
    '%s is unknown, and observed',
    async (mode) => {
      const { payment, order } = await permit();
      await fault(mode);
      expect(await run('authorize', order)).toMatchObject({ outcome: { type: 'unknown' } });
      expect(await observations(payment)).toEqual([{ source: 'send', type: 'unknown' }]);
      expect(woken).toEqual([]);
    },
  );

  it('a slow answer is observed before the activity answers, and wakes nobody while it is waited for', async () => {
    const { payment, order } = await permit();
    await fault('latency', { latencyMs: 1_050 });
    expect(await run('authorize', order)).toMatchObject({ outcome: { type: 'captured' } });
    expect(await observations(payment)).toEqual([{ source: 'send', type: 'captured' }]);
    expect(woken).toEqual([]);
  });

  it('a slow answer to a workflow that has moved on is observed, and wakes the payment', async () => {
    const { payment, order } = await permit();
    await fault('latency', { latencyMs: 1_050 });
    const sending = run('authorize', order);
    await waitFor(async () => (await journal(payment)).arrivals === 1, { what: 'the request to arrive' });
    await bumpGeneration(database.db, payment.id, 1);
    await sending;
    expect(await observations(payment)).toEqual([{ source: 'send', type: 'captured' }]);
    expect(woken).toEqual([payment.id]);
  });

  it('a slow answer for an operation that was closed without it is observed, and wakes the payment', async () => {
    const { payment, order } = await permit();
    await fault('latency', { latencyMs: 1_050 });
    const sending = run('authorize', order);
    await waitFor(async () => (await journal(payment)).arrivals === 1, { what: 'the request to arrive' });
    await mustRecord(
      database.db,
      stepAfter(payment, { type: 'not_attempted', proof: 'not_found_confirmed' }),
    );
    await sending;
    expect(woken).toEqual([payment.id]);
  });

  it('an adapter that throws leaves an unknown, never an error', async () => {
    const { payment, operation } = await permit();
    const facts = await loadSendFacts(database.db, operation.id);
    const thrown = await new MockActivityEnvironment().run(() =>
      sendFirst(dependencies(), {
        facts,
        generation: 1,
        parameters: {},
        effect: () => Promise.reject(new TypeError('a bug in the adapter')),
      }),
    );
    expect(thrown).toMatchObject({ type: 'outcome', outcome: { type: 'unknown' } });
    expect(await observations(payment)).toEqual([{ source: 'send', type: 'unknown' }]);
  });

  it('Postgres away while the answer is written down does not hide the answer', async () => {
    const { payment, order } = await permit();
    await database.sql('ALTER TABLE observation ADD CONSTRAINT refused CHECK (false) NOT VALID');
    try {
      await fault('latency', { latencyMs: 1_050 });
      expect(await run('authorize', order)).toMatchObject({ outcome: { type: 'captured' } });
    } finally {
      await database.sql('ALTER TABLE observation DROP CONSTRAINT refused');
    }
    expect(await observations(payment)).toEqual([]);
  });
});

describe('sending again', () => {
  it('is the same request under the same key, counted, and answers what the first one did', async () => {
    const { payment, operation, order } = await lost();
    expect(await run('resend', order)).toMatchObject({ type: 'outcome', outcome: { type: 'captured' } });
    expect(await rowOf(operation)).toMatchObject({ sends: 2 });
    expect(await journal(payment)).toEqual({ arrivals: 2, effects: ONE_CHARGE });
    expect(await observations(payment)).toEqual([
      { source: 'send', type: 'unknown' },
      { source: 'resend', type: 'captured' },
    ]);
  });

  it('brings an answer that routing learns when it is recorded: the money of what was counted as unknown', async () => {
    const routing = idleBook();
    const deps = dependencies({ routing });
    const { payment, order } = await lost({}, deps);
    const unknown = stepAfter(payment, { type: 'unknown', cause: 'connection_lost' });
    await record(unknown, deps);
    expect(await run('resend', order, deps)).toMatchObject({ outcome: { type: 'captured' } });
    expect(routing.observations).toMatchObject([{ result: 'unknown' }]);
    const found = stepAfter(unknown.payment, captured());
    await record(found, deps);
    expect(await record(found, deps)).toEqual({ type: 'already_recorded' });
    expect(routing.observations.slice(1)).toMatchObject([
      { accountId: 'pa_demo_stripe', result: 'late_approval', amountMinor: 1_000, currency: 'USD' },
    ]);
  });

  it('is refused where nothing was sent first', async () => {
    const { payment, order } = await permit();
    expect(await run('resend', order)).toEqual({ type: 'not_permitted' });
    expect(await journal(payment)).toEqual(NOTHING);
  });

  it('is refused to an older generation', async () => {
    const { payment, order } = await lost();
    await bumpGeneration(database.db, payment.id, 1);
    expect(await run('resend', order)).toEqual({ type: 'not_permitted' });
    expect((await journal(payment)).arrivals).toBe(1);
  });

  it('is refused once the operation is closed, also by a racing one that looked before', async () => {
    const { payment, order } = await lost();
    const gate = await closeGate(database.ownerUrl, {
      table: 'operation',
      event: 'UPDATE',
      when: 'NEW.closed_at IS NOT NULL',
    });
    const closing = mustRecord(
      database.db,
      stepAfter(payment, { type: 'not_attempted', proof: 'not_found_confirmed' }),
    );
    await gate.reached();
    // It has read the row as open, and waits for the lock that the closing step holds.
    const resending = run('resend', order);
    await waitFor(
      async () =>
        (
          await database.sql(
            `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%sends = sends + 1%'
               AND datname = current_database() AND pid <> pg_backend_pid()`,
          )
        ).length > 0,
      { what: 'the resend to wait for the row' },
    );
    await gate.remove();
    await closing;
    expect(await resending).toEqual({ type: 'not_permitted' });
    expect((await journal(payment)).arrivals).toBe(1);
    expect(await run('resend', order)).toEqual({ type: 'not_permitted' });
  });

  it('is refused once the key might expire under way', async () => {
    // A day of Stripe's keys, scaled: nine tenths of it must outlive the whole deadline.
    const settings = { timeScale: (DEADLINE_MS * 1.1) / 86_400_000, providerDeadlineMs: DEADLINE_MS };
    const { payment, order } = await lost({}, dependencies({ settings }));
    expect(await run('resend', order, dependencies({ settings }))).toEqual({ type: 'not_permitted' });
    expect((await journal(payment)).arrivals).toBe(1);
  });

  it('past send_by is refused to an authorization or sale: the shopper has gone', async () => {
    const { payment, operation, order } = await lost({ completeByMs: Date.now() + 700 });
    await waitFor(() => Date.now() > (operation.sendByMs ?? 0) + 20, { what: 'send_by to pass' });
    expect(await run('resend', order)).toEqual({ type: 'not_permitted' });
    expect((await journal(payment)).arrivals).toBe(1);
  });

  it('past send_by is permitted to a capture: it was asked for in time', async () => {
    const { payment, order } = await permit({ captureMethod: 'manual' });
    const authorized = await run('authorize', order);
    if (authorized.type !== 'outcome') throw new Error('not authorized');
    const held = await mustRecord(database.db, stepAfter(payment, authorized.outcome));
    const sendByMs = Date.now() + 700;
    const attempt = held.attempts[0];
    if (attempt === undefined) throw new Error('no attempt');
    const capture: Operation = {
      ...lastOperation(held),
      id: `${attempt.operations[0]?.id}_c`,
      kind: 'capture',
      cause: 'test',
      status: 'created',
      closed: false,
      sendByMs,
    };
    await insertOperation(capture, held, attempt.id);
    await fault('reset_after_commit', { operation: 'capture' });
    const captureOrder = { operationId: capture.id, generation: 1 };
    expect(await run('capture', captureOrder)).toMatchObject({ outcome: { type: 'unknown' } });
    await waitFor(() => Date.now() > sendByMs + 20, { what: 'send_by to pass' });
    expect(await run('resend', captureOrder)).toMatchObject({ outcome: { type: 'captured' } });
    expect((await journal(payment)).effects).toEqual(ONE_CHARGE);
  });

  it('is refused once its parameters are older than fifteen minutes, even while the row remains', async () => {
    const aged = createVault({ keys, digestKey, clock: () => Date.now() - CVC_LIFETIME_MS });
    const { payment, operation, order } = await lost({}, dependencies({ vault: aged }));
    expect((await rowOf(operation)).sealed_parameters).not.toBeNull();
    expect(await run('resend', order)).toEqual({ type: 'not_permitted' });
    expect((await rowOf(operation)).sends).toBe(1);
    expect((await journal(payment)).arrivals).toBe(1);
  });

  it('is refused once its parameters are shredded, which they are with the code they hold', async () => {
    const cvcExpiresAt = new Date(Date.now() + 600);
    const { payment, operation, order } = await permit({}, cvcExpiresAt);
    await fault('reset_after_commit');
    await run('authorize', order);
    await waitFor(() => Date.now() > cvcExpiresAt.getTime() + 20, { what: 'the code to expire' });
    expect(await run('resend', order)).toEqual({ type: 'not_permitted' });
    await shredExpired(database.db);
    expect((await rowOf(operation)).sealed_parameters).toBeNull();
    expect(await run('resend', order)).toEqual({ type: 'not_permitted' });
    expect((await journal(payment)).arrivals).toBe(1);
  });

  it('with another connector version is refused: it would be another request', async () => {
    const { payment, order } = await lost();
    await database.sql(`UPDATE attempt SET connector_version = 'stripe-0' WHERE payment_id = $1`, [
      payment.id,
    ]);
    expect(await run('resend', order)).toEqual({ type: 'not_permitted' });
    expect((await journal(payment)).arrivals).toBe(1);
  });

  it.each([400, 401, 402, 403, 404, 409, 422, 429, 500, 503])(
    'that is answered %i proves nothing: the first send may have been executed',
    async (status) => {
      const { payment, order } = await lost();
      await fault('status', { status });
      expect(await run('resend', order)).toMatchObject({ type: 'outcome', outcome: { type: 'unknown' } });
      expect((await journal(payment)).effects).toEqual(ONE_CHARGE);
    },
  );

  it('that could not be sent proves nothing either', async () => {
    const { order } = await lost();
    await admin('POST', '/faults', { mode: 'refuse' });
    expect(await run('resend', order)).toMatchObject({ type: 'outcome', outcome: { type: 'unknown' } });
  });
});

/** A capture with a `send_by` of the test's choosing, as `record` would have written it. */
async function insertOperation(operation: Operation, payment: Payment, attemptId: string): Promise<void> {
  const { id, kind, number, cause, amountMinor, sendByMs } = operation;
  await database.sql(
    `INSERT INTO operation (id, owner_id, payment_id, attempt_id, attempt_number, kind, number, cause, status, amount_minor,
       currency, provider_key, generation, send_by)
     VALUES ($1, $2, $2, $3, 1, $4, $5, $6, 'created', $7, $8, $1, 1, $9)`,
    [id, payment.id, attemptId, kind, number, cause, amountMinor, payment.currency, new Date(sendByMs ?? 0)],
  );
}
