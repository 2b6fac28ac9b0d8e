import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compilePolicy, parsePolicy, validatePolicy } from '../../domain/routing/policy/index.ts';
import { createEmptyDatabase } from '../../test/support/harness.ts';

/** A stack of before policies had a language and a life is migrated, and its merchants' policies go on deciding. */
const MIGRATIONS = new URL('../../prisma/migrations/', import.meta.url);
const ROUTING = '20261121000008_routing';

let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
let sql: pg.Client;
beforeAll(async () => {
  database = await createEmptyDatabase();
  sql = new pg.Client({ connectionString: database.ownerUrl });
  await sql.connect();
});
afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

const apply = (name: string) => sql.query(readFileSync(new URL(`${name}/migration.sql`, MIGRATIONS), 'utf8'));

const FIRST_FORM = {
  rules: [
    { name: 'euros', when: { currencies: ['EUR', 'GBP'], minAmountMinor: 500 }, order: ['adyen', 'stripe'] },
    {
      name: 'a "quoted" card',
      when: { brands: ['visa'], countries: ['DE'], maxAmountMinor: 100 },
      order: ['stripe'],
    },
    { name: 'everybody', when: {}, order: ['pa_own'] },
  ],
  otherwise: ['stripe', 'adyen'],
};

it('documents of the first form become policies that say the same', async () => {
  const names = readdirSync(MIGRATIONS, { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .map(({ name }) => name)
    .toSorted();
  for (const name of names.filter((each) => each < ROUTING)) await apply(name);
  const insert = (version: number, active: boolean) =>
    sql.query(
      `INSERT INTO routing_policy (merchant_id, mode, version, document, active) VALUES ('mer_old', 'test', $1, $2, $3)`,
      [version, JSON.stringify(FIRST_FORM), active],
    );
  await insert(1, true);
  await insert(2, true);
  await insert(3, false);
  await apply(ROUTING);

  const { rows } = await sql.query(
    `SELECT p.version, p.status, p.source, p.document, e.to_status, e.actor FROM routing_policy p
     JOIN routing_policy_event e USING (merchant_id, mode, version) ORDER BY p.version`,
  );
  // The newest of two active ones was the one that decided.
  expect(rows.map(({ status }) => status)).toEqual(['archived', 'active', 'archived']);
  expect(rows.map(({ to_status, actor }) => [to_status, actor])).toEqual([
    ['archived', 'system'],
    ['active', 'system'],
    ['archived', 'system'],
  ]);
  const [, active] = rows;
  const parsed = parsePolicy(active.source);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  expect(parsed.document).toEqual(active.document);
  // A rule for everybody hides what comes after it; that is all there is to say of it.
  expect(validatePolicy(parsed.document, {})).toEqual([]);
  expect(compilePolicy(parsed.document).otherwise).toEqual({ order: ['stripe', 'adyen'] });
  expect(parsed.document.rules).toEqual([
    {
      name: 'euros',
      when: 'currency in ["EUR", "GBP"] && amount >= 500',
      choose: { order: ['adyen', 'stripe'] },
    },
    {
      name: 'a "quoted" card',
      when: 'brand in ["visa"] && issuer_country in ["DE"] && amount <= 100',
      choose: { order: ['stripe'] },
    },
    { name: 'everybody', when: 'true', choose: { order: ['pa_own'] } },
  ]);
});
