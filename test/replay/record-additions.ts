/**
 * Records what payments, and days, learned to do after the first version, into files of its own among those in
 * workflows/payment/histories/ (`ADDITIONS` names them) and workflows/reconciliation/histories/ (`ADDED_DAYS`); nothing
 * else is replaced. Run by
 * `npx vitest run --config test/replay/record.config.ts record-additions`.
 */
import { randomInt } from 'node:crypto';
import pg from 'pg';
import { describe, it } from 'vitest';
import { workflowIdOf } from '../../domain/ids.ts';
import { reconciliationId } from '../../domain/reconciliation/day.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey } from '../support/system.ts';
import {
  closed,
  command,
  done,
  generationOf,
  keep,
  operate,
  PATIENCE,
  paid,
  pay,
  reached,
  refundOutside,
  resolve,
  STRIPE_CARD,
  type Studio,
  studio,
  usd,
} from './studio.ts';

async function unconfirmed({ system }: Studio): Promise<string> {
  const payment_method = await system.card(STRIPE_CARD);
  return (await system.pay({ ...usd(620, { confirm: false }), payment_method })).body.id;
}

const rowsOf = ({ system }: Studio, sql: string, id: string) => system.sql<{ id: string }>(sql, [id]);

/** Claims of permits wait meanwhile: each is there, and nobody has it. */
async function withClaimsHeld<T>({ system }: Studio, work: () => Promise<T>): Promise<T> {
  await system.sql(`
    CREATE FUNCTION hold_claims() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF current_query() LIKE '%SET first_sent_at = clock_timestamp()%' THEN
        PERFORM pg_advisory_xact_lock_shared(1);
      END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER hold_claims BEFORE UPDATE ON operation FOR EACH STATEMENT EXECUTE FUNCTION hold_claims()`);
  const lock = new pg.Client({ connectionString: system.ownerUrl });
  await lock.connect();
  try {
    await lock.query('SELECT pg_advisory_lock(1)');
    return await work();
  } finally {
    await lock.end();
    await system.sql('DROP FUNCTION hold_claims CASCADE');
  }
}

describe('a refund that somebody made at the provider', () => {
  const at = studio({});

  it('is recorded by a later generation', async () => {
    const id = await paid(at, 'USD');
    await refundOutside(at, id, 300);
    await exists(at, 'SELECT id FROM external_refund WHERE payment_id = $1', id);
    const generation = await generationOf(at, id);
    await keep(at, 'succeeded-refunded-elsewhere', id, { ...done('succeeded'), generation });
  });
});

describe('a day that asks its provider', () => {
  const at = studio({ timeScale: 0.001 });
  /** Far ahead, so that what is withheld is overdue at once. */
  const date = new Date(Date.UTC(2040, 0, 1 + randomInt(9_000))).toISOString().slice(0, 10);

  it('closes with an answer, and with what was captured after its void given back', async () => {
    const voided = await pay(at, usd(640, { capture_method: 'manual' }));
    await reached(at, voided, 'requires_capture');
    await command(at, voided, 'void');
    await closed(at, workflowIdOf(voided, 1));
    for (let each = 0; each < 3; each += 1) await paid(at, 'USD');
    await at.system.admin('stripe', 'POST', '/settlement', {
      businessDate: date,
      breaks: [{ type: 'SETTLED_AFTER_VOID' }, { type: 'MISSING_IN_FILE_OVERDUE' }],
    });
    const accountId = 'pa_demo_stripe';
    const workflowId = reconciliationId(accountId, date);
    await at.client.workflow.start('reconciliation', {
      taskQueue: at.system.config.temporal.taskQueue,
      workflowId,
      args: [{ accountId, businessDate: date }],
    });
    await keep(at, 'closed-with-the-provider-asked', workflowId, done('closed'));
    await exists(at, `SELECT id FROM attempt WHERE payment_id = $1 AND status = 'refunded'`, voided);
    const generation = await generationOf(at, voided);
    await keep(at, 'canceled-captured-elsewhere', voided, { ...done('canceled'), generation });
  });
});

describe('commands', () => {
  const at = studio({});

  it('voids and cancels', async () => {
    const held = await pay(at, usd(610, { capture_method: 'manual' }));
    await operate(at, `payments/${held}/void`);
    await keep(at, 'canceled-voided-by-operator', held, done('canceled'));
    const early = await unconfirmed(at);
    await operate(at, `payments/${early}/cancel`);
    await keep(at, 'canceled-by-operator', early, done('canceled'));
  });

  it('moves what was never sent', async () => {
    const id = await unconfirmed(at);
    const asked = await withClaimsHeld(at, async () => {
      const confirmed = at.system.request('POST', `/v1/payments/${id}/confirm`, {
        key: freshKey(),
        body: {},
      });
      await exists(at, 'SELECT id FROM attempt WHERE payment_id = $1', id);
      const moved = operate(at, `payments/${id}/move`);
      await exists(at, 'SELECT id FROM attempt WHERE payment_id = $1 AND number = 2', id);
      return { confirmed, moved };
    });
    await Promise.all([asked.confirmed, asked.moved]);
    await keep(at, 'succeeded-moved-by-operator', id, done('succeeded'));
  });
});

function exists(at: Studio, sql: string, id: string): Promise<unknown> {
  return waitFor(async () => (await rowsOf(at, sql, id)).length > 0, { ...PATIENCE, what: sql });
}

describe('of payments that nobody can be asked about, scaled', () => {
  const at = studio({ timeScale: 0.000_01, completeByMs: 120_000 });

  async function parked(): Promise<string> {
    await at.system.fault('stripe', { operation: 'authorize', mode: 'reset_after_commit' });
    await at.system.fault('stripe', { operation: 'lookup', mode: 'status', status: 503 });
    const id = await pay(at, usd(630));
    await reached(at, id, 'requires_review');
    return id;
  }

  it('tries again now, or resolves by evidence', async () => {
    const [hurried, resolved] = [await parked(), await parked()];
    const [operation] = await rowsOf(at, 'SELECT id FROM operation WHERE owner_id = $1', resolved);
    const effect = (await at.system.journal('stripe', resolved)).find((line) => line.kind === 'effect');
    await resolve(at, `payments/${resolved}`, {
      operation: operation?.id ?? '',
      outcome: 'succeeded',
      provider_reference: effect?.providerReference ?? '',
    });
    await keep(at, 'succeeded-resolved-by-operators', resolved, done('succeeded'));
    await at.system.clearFaults();
    await operate(at, `payments/${hurried}/retry`);
    await keep(at, 'succeeded-hurried-by-operator', hurried, done('succeeded'));
  });
});
