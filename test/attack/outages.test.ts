import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { waitFor } from '../support/harness.ts';
import { freshKey, type System, startSystem } from '../support/system.ts';
import { accepted, arrivals, effects, expectSound, payment } from './support/checks.ts';
import { tellOnFailure } from './support/dump.ts';

/** Providers and Postgres away for a while. */
let system: System;
const DEFAULT_WAIT_MS = 10_000;
vi.setConfig({ testTimeout: 120_000 });
beforeEach(async () => {
  system = await startSystem({ providerDeadlineMs: 1_500 });
});
afterEach(() => system?.close());
tellOnFailure(() => system);

const statusBecomes = (id: string, status: string) =>
  waitFor(async () => (await payment(system, id)).status === status, {
    what: `${id} to be ${status}`,
    timeoutMs: 40_000,
  });
const order = async (amount: number) => ({ amount, currency: 'USD', payment_method: await system.card() });
const pay = async (amount: number) => system.pay(await order(amount));
/** With a wait of a second. */
const hasty = async (amount: number) => accepted(system, await order(amount), freshKey());

describe('a provider that hangs', () => {
  it('is answered for within the wait that was asked for, and resolved to one charge later', async () => {
    // So that it is the wait which is measured, not the first use of every connection.
    expect((await pay(1_000)).body.status).toBe('succeeded');
    await system.fault('stripe', { operation: 'authorize', mode: 'hang_after_commit', times: 1 });
    const startedMs = performance.now();
    const answer = await hasty(1_100);
    expect(performance.now() - startedMs).toBeLessThan(DEFAULT_WAIT_MS);
    expect([answer.status, answer.body.status]).toEqual([202, 'processing']);
    const { id } = answer.body;
    await statusBecomes(id, 'succeeded');
    expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'captured']);
    expect(await arrivals(system, 'adyen', id)).toEqual([]);
    await expectSound(system, id);
  });
});

describe('both providers away', () => {
  it('is a failure that charged nobody, when both refuse connections', async () => {
    await system.fault('stripe', { operation: 'any', mode: 'refuse' });
    await system.fault('adyen', { operation: 'any', mode: 'refuse' });
    const answer = await pay(1_200);
    expect(answer.status).toBe(424);
    expect(answer.body.error.code).toBe('provider_unavailable');
    const { id } = answer.body.error.payment;
    await system.clearFaults();
    expect(await payment(system, id)).toMatchObject({ status: 'failed', amount_authorized: 0 });
    expect(await arrivals(system, 'stripe', id)).toEqual([]);
    expect(await arrivals(system, 'adyen', id)).toEqual([]);
    await expectSound(system, id);
  });
});

describe('a provider that answers only 503', () => {
  it('leaves payments unknown, opens its circuit, and loses its turn; healed, each is one charge', async () => {
    await system.fault('stripe', { operation: 'any', mode: 'status' });
    const first = await hasty(1_300);
    expect([first.status, first.body.status]).toEqual([202, 'processing']);
    const { id } = first.body;
    expect(await arrivals(system, 'adyen', id)).toEqual([]);
    await waitFor(
      async () => {
        const rows = await system.sql<{ state: string }>(
          `SELECT state FROM circuit WHERE account_id = 'pa_demo_stripe'`,
        );
        return rows[0]?.state === 'open';
      },
      { what: 'the circuit to open' },
    );
    // Kept open for as long as the test needs it to be.
    await system.sql(`UPDATE circuit SET probe_after = clock_timestamp() + interval '1 hour'`);
    const second = await pay(1_400);
    await statusBecomes(second.body.id, 'succeeded');
    expect(await effects(system, 'adyen', second.body.id)).toEqual(['authorized', 'captured']);
    expect(await arrivals(system, 'stripe', second.body.id)).toEqual([]);
    // No second provider for the first one: nobody has proven yet that it is uncharged.
    expect(await payment(system, id)).toMatchObject({ status: 'processing' });
    expect(await arrivals(system, 'adyen', id)).toEqual([]);
    await system.clearFaults();
    await statusBecomes(id, 'succeeded');
    expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'captured']);
    expect(await arrivals(system, 'adyen', id)).toEqual([]);
    await expectSound(system, id);
    await expectSound(system, second.body.id);
  });
});

describe('Postgres', () => {
  const seen = (id: string) =>
    system.sql<{ to_status: string }>('SELECT to_status FROM audit WHERE payment_id = $1 ORDER BY sequence', [
      id,
    ]);

  it('refusing the step for a while: it is written later, once', async () => {
    await system.sql(`
      CREATE FUNCTION attack_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'not now'; END $$;
      CREATE TRIGGER attack_refuse BEFORE INSERT ON audit FOR EACH ROW WHEN (NEW.sequence = 2)
        EXECUTE FUNCTION attack_refuse();`);
    const { body, status } = await hasty(1_500);
    expect(status).toBe(202);
    const { id } = body;
    await waitFor(async () => (await effects(system, 'stripe', id)).length === 2, { what: 'the charge' });
    expect(await seen(id)).toHaveLength(1);
    await system.sql('DROP TRIGGER attack_refuse ON audit');
    await statusBecomes(id, 'succeeded');
    expect(await seen(id)).toEqual([{ to_status: 'processing' }, { to_status: 'succeeded' }]);
    expect(await effects(system, 'stripe', id)).toEqual(['authorized', 'captured']);
    await expectSound(system, id);
  });

  it('refusing the step of a command: the command is not lost, and is answered under its key', async () => {
    const card = await system.card();
    const { body } = await system.pay({
      amount: 1_700,
      currency: 'USD',
      payment_method: card,
      capture_method: 'manual',
    });
    expect(body.status).toBe('requires_capture');
    await system.sql(`
      CREATE FUNCTION attack_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'not now'; END $$;
      CREATE TRIGGER attack_refuse BEFORE INSERT ON audit FOR EACH ROW WHEN (NEW.sequence = 3)
        EXECUTE FUNCTION attack_refuse();`);
    const key = freshKey();
    const capture = () =>
      system.request('POST', `/v1/payments/${body.id}/capture`, {
        key,
        body: {},
        headers: { prefer: 'wait=2' },
      });
    expect((await capture()).status).toBe(503);
    await system.sql('DROP TRIGGER attack_refuse ON audit');
    const answer = await waitFor(
      async () => {
        const again = await capture();
        expect([200, 202, 503]).toContain(again.status);
        return again.status === 200 ? again : undefined;
      },
      { what: 'the capture to be answered', timeoutMs: 40_000 },
    );
    expect(answer.body.status).toBe('succeeded');
    expect(await effects(system, 'stripe', body.id)).toEqual(['authorized', 'captured']);
    await expectSound(system, body.id);
  });

  it('losing every connection again and again: each payment is charged once and explained', async () => {
    const amounts = Array.from({ length: 6 }, (_, index) => 1_600 + index);
    const cards = await Promise.all(amounts.map(() => system.card()));
    let done = false;
    const asked = Promise.all(
      amounts.map((amount, index) =>
        retried({ amount, currency: 'USD', payment_method: cards[index], capture_method: 'manual' }),
      ),
    ).finally(() => {
      done = true;
    });
    await waitFor(
      async () => {
        await system.sql(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid() AND query NOT LIKE '%pg_terminate%'
             AND query LIKE '%payment%'`,
        );
        return done;
      },
      { what: 'the answers', intervalMs: 150, timeoutMs: 50_000 },
    );
    for (const id of await asked) {
      await waitFor(async () => (await payment(system, id)).status !== 'processing', {
        what: `${id} to leave processing`,
        timeoutMs: 40_000,
      });
      // A permit whose claim was lost with its connection is revoked: proven unsent, so others may be tried.
      expect(['requires_capture', 'failed']).toContain((await payment(system, id)).status);
      await expectSound(system, id);
    }
  });

  /** As a merchant does: on a 5xx, the same request with the same key. */
  async function retried(body: Record<string, unknown>): Promise<string> {
    const key = freshKey();
    return waitFor(
      async () => {
        const answer = await system.pay(body, { key });
        const told = answer.status < 300 ? answer.body : answer.body.error.payment;
        return told?.id as string | undefined;
      },
      { what: 'an answer', timeoutMs: 45_000 },
    );
  }
});
