import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { POLICY_EDGES, POLICY_STATUSES, type PolicyStatus } from '../../domain/routing/life.ts';
import { PLATFORM_DEFAULT } from '../../domain/routing/policy/index.ts';
import { type Database, openTestDatabase } from '../../test/attack/support/rows.ts';

/** What Postgres refuses of a policy, whoever asks. */
let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.close());

const text = JSON.stringify(PLATFORM_DEFAULT);
let merchant = '';
let count = 0;
beforeEach(() => {
  count += 1;
  merchant = `mer_life_${count}`;
});

const EVENT = `INSERT INTO routing_policy_event (merchant_id, mode, version, kind, from_status, to_status, actor, reason)
  VALUES ('%m', 'test', %v, 'moved', NULL, '%s', 'key:key_test', 'a test')`;
const event = (version: number, status: string) =>
  EVENT.replace('%m', merchant).replace('%v', String(version)).replace('%s', status);

/** A version in a status, as if it had come there along the table. */
async function put(version: number, status: PolicyStatus, activated = status === 'active'): Promise<void> {
  await database.asApplication(`BEGIN;
    INSERT INTO routing_policy (merchant_id, mode, version, name, status, canary_percent, source, document, author, activated_at)
    VALUES ('${merchant}', 'test', ${version}, 'test', '${status}', ${status === 'canary' ? 5 : 'NULL'}, '${text}', '${text}',
      'key:key_test', ${activated ? 'clock_timestamp()' : 'NULL'});
    ${event(version, status)};
    COMMIT;`);
}

const move = (version: number, to: PolicyStatus, more = '') =>
  database.asApplication(`BEGIN;
    ${event(version, to)};
    UPDATE routing_policy SET status = '${to}', canary_percent = ${to === 'canary' ? 5 : 'NULL'}
      ${to === 'active' ? ', activated_at = clock_timestamp()' : ''} ${more}
      WHERE merchant_id = '${merchant}' AND version = ${version};
    COMMIT;`);

const statusOf = async (version: number) =>
  (
    await database.sql<{ status: string }>(
      'SELECT status FROM routing_policy WHERE merchant_id = $1 AND version = $2',
      [merchant, version],
    )
  )[0]?.status;

describe('the life of a policy', () => {
  it('has the same edges in Postgres and in the domain', async () => {
    const rows = await database.sql<{ edge: string }>(
      `SELECT from_status || ' > ' || to_status AS edge FROM interlock_policy_edges()`,
    );
    const inDomain = Object.entries(POLICY_EDGES).flatMap(([from, all]) =>
      all.map((to) => `${from} > ${to}`),
    );
    expect(rows.map(({ edge }) => edge).sort()).toEqual(inDomain.sort());
  });

  it.each(POLICY_STATUSES)('goes from %s along listed edges only', async (from) => {
    for (const [at, to] of POLICY_STATUSES.entries()) {
      merchant = `mer_edge_${from}_${at}`;
      // What is archived was active once, so that the edge itself is judged.
      await put(1, from, from === 'active' || from === 'archived');
      const moved = await move(1, to).then(
        () => true,
        () => false,
      );
      expect(moved, `${from} > ${to}`).toBe(from === to || POLICY_EDGES[from].includes(to));
      expect(await statusOf(1)).toBe(moved ? to : from);
    }
  });

  it('brings nothing out of the archive that was never active', async () => {
    await put(1, 'archived', false);
    await expect(move(1, 'active')).rejects.toThrow(/never active/);
  });

  it.each(['active', 'canary', 'shadow'] as const)('has one %s at most', async (status) => {
    await put(1, status);
    await expect(put(2, status)).rejects.toThrow(`routing_policy_${status}`);
    await put(2, 'validated');
    await expect(move(2, status)).rejects.toThrow(`routing_policy_${status}`);
  });

  it.each([
    ['name', `name = 'another'`],
    ['text', `source = 'another'`],
    ['document', `document = '{}'`],
    ['author', `author = 'key:other'`],
    ['version', 'version = 9'],
  ])('never changes its %s', async (_what, set) => {
    await put(1, 'validated');
    await expect(
      database.asApplication(`UPDATE routing_policy SET ${set} WHERE merchant_id = '${merchant}'`),
    ).rejects.toThrow(/does not change/);
  });

  it('is never deleted, not even by the owner of the tables', async () => {
    await put(1, 'archived');
    const remove = `DELETE FROM routing_policy WHERE merchant_id = '${merchant}'`;
    await expect(database.asApplication(remove)).rejects.toThrow(/permission denied/);
    await expect(database.sql(remove)).rejects.toThrow(/archived, never deleted/);
  });

  it('has no status that nobody is named for', async () => {
    await put(1, 'validated');
    const silent = `UPDATE routing_policy SET status = 'shadow' WHERE merchant_id = '${merchant}'`;
    await expect(database.asApplication(silent)).rejects.toThrow(/who and why/);
    expect(await statusOf(1)).toBe('validated');
    await expect(
      database.asApplication(`UPDATE routing_policy_event SET reason = 'another'`),
    ).rejects.toThrow(/permission denied/);
    await expect(database.sql(`UPDATE routing_policy_event SET reason = 'another'`)).rejects.toThrow(
      /append-only/,
    );
    await expect(database.sql('DELETE FROM routing_policy_event')).rejects.toThrow(/append-only/);
  });

  it('has a percentage exactly while it is a canary', async () => {
    await put(1, 'validated');
    const set = (sets: string) =>
      database.asApplication(`UPDATE routing_policy SET ${sets} WHERE merchant_id = '${merchant}'`);
    await expect(set('canary_percent = 5')).rejects.toThrow(/routing_policy_whole/);
    await expect(set(`status = 'canary'`)).rejects.toThrow(/routing_policy_whole/);
    await expect(set(`status = 'canary', canary_percent = 100`)).rejects.toThrow(/routing_policy_whole/);
  });
});

describe('a catalogue that decisions name', () => {
  it('is never changed or removed', async () => {
    await database.asApplication(
      `INSERT INTO routing_catalogue (id, document) VALUES ('cat_test', '{"a":1}')`,
    );
    await expect(database.sql(`UPDATE routing_catalogue SET document = '{}'`)).rejects.toThrow(/append-only/);
    await expect(database.sql('DELETE FROM routing_catalogue')).rejects.toThrow(/append-only/);
  });
});
