import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findExperiment } from '../../db/routing/index.ts';
import { type Database, openTestDatabase } from '../../test/attack/support/rows.ts';
import { createLookAtExperiment, type LookedAt } from './look.ts';

/** Looks whose counting fails, on a real Postgres. */
let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
  await database.sql(`INSERT INTO merchant (id, name) VALUES ('mer_look', 'Look')`);
  await database.sql(`
    WITH made AS (
      INSERT INTO routing_policy (merchant_id, mode, version, name, status, source, document, author, activated_at)
      VALUES ('mer_look', 'test', 1, 'Control', 'active', '{}', '{}', 'key:key_test', now()))
    INSERT INTO routing_policy_event (merchant_id, mode, version, kind, to_status, actor, reason)
    VALUES ('mer_look', 'test', 1, 'saved', 'active', 'key:key_test', 'a test')`);
});
afterAll(() => database?.close());

const SEEN = {
  control: { attempts: 40, successes: 30 },
  treatment: { attempts: 20, successes: 16 },
  test: {
    verdict: 'continue',
    pValuePpm: 900_000,
    differencePpm: 50_000,
    lowPpm: -100_000,
    highPpm: 200_000,
  },
};

async function begun(id: string, endsIn: string): Promise<string> {
  await database.sql(
    `INSERT INTO routing_experiment (id, merchant_id, mode, control_version, treatment_version, percent, actor, reason,
       seen, looks, started_at, ends_by)
     VALUES ($1, 'mer_look', 'test', 1, 2, 10, 'key:test', 'a test', $2, 1, now() - interval '2 days', now() + $3::interval)`,
    [id, SEEN, endsIn],
  );
  return id;
}

const look = (id: string): Promise<LookedAt> =>
  new MockActivityEnvironment().run(
    createLookAtExperiment({ db: database.db, settings: { timeScale: 1, providerDeadlineMs: 1_000 } }),
    id,
  );

/** As a statement that takes longer than it is given: the answer never comes. */
async function uncountable<T>(ask: () => Promise<T>): Promise<T> {
  await database.sql('ALTER TABLE attempt RENAME TO attempt_away');
  try {
    return await ask();
  } finally {
    await database.sql('ALTER TABLE attempt_away RENAME TO attempt');
  }
}

it('an experiment whose payments can’t be counted is looked at again, and ends when its time is up, with what was seen', async () => {
  const early = await begun('rex_early', '1 hour');
  await expect(uncountable(() => look(early))).rejects.toThrow('attempt');
  expect(await findExperiment(database.db, early)).toMatchObject({ status: 'running', seen: SEEN, looks: 1 });
  await database.sql(`UPDATE routing_experiment SET status = 'out_of_time', ended_at = now() WHERE id = $1`, [
    early,
  ]);

  const late = await begun('rex_late', '-1 second');
  const ended = { status: 'out_of_time', attempts: { control: 40, treatment: 20 }, waitMs: 0 };
  expect(await uncountable(() => look(late))).toEqual(ended);
  expect(await findExperiment(database.db, late)).toMatchObject({
    status: 'out_of_time',
    seen: SEEN,
    looks: 1,
    endedAtMs: expect.any(Number),
  });
});
