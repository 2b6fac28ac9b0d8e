import { createHash } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/harness.ts';
import { type Db, openDb } from '../../client.ts';
import { ADMIN_CHAIN } from '../people/index.ts';
import { CHAIN_BEGINNING, type ChainCursor, type ChainStep, verifyChains } from './audit-chains.ts';

/** Which turn of the event loop each chain was recomputed in. */
const turnOf: number[] = [];
let turns = 0;
vi.mock(import('../../../domain/audit/chain.ts'), async (original) => {
  const real = await original();
  const brokenLinks: typeof real.brokenLinks = (owner, rows) => {
    turnOf.push(turns);
    return real.brokenLinks(owner, rows);
  };
  return { ...real, brokenLinks };
});

const ACTS = 1_100;
const PAYMENTS = 700;
const AT = new Date('2026-11-20T10:00:00Z');
let database: TestDatabase;
let owner: pg.Client;
let db: Db;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  // Chains without the lives that wrote them: guards are tried elsewhere.
  await owner.query('SET session_replication_role = replica');
  await insertActs();
  await insertPayments();
  db = openDb(database.url, { maxConnections: 2 });
});
afterAll(async () => {
  await db?.$disconnect();
  await owner?.end();
  await database?.drop();
});

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function link(previousHash: string, sequence: number, said: object) {
  const content = JSON.stringify({ sequence, atMs: AT.getTime(), ...said });
  const contentDigest = sha256(content);
  return {
    content,
    contentDigest,
    previousHash,
    hash: sha256(`${previousHash}:${sequence}:${contentDigest}`),
  };
}

async function insertActs(): Promise<void> {
  const said = { actor: 'operator:opr_a', action: 'merchant.changed', subject: 'mer_a', reason: 'so' };
  const rows: object[] = [];
  let head = ADMIN_CHAIN;
  for (let sequence = 1; sequence <= ACTS; sequence += 1) {
    const { content, contentDigest, previousHash, hash } = link(head, sequence, said);
    const chained = { content, content_digest: contentDigest, previous_hash: previousHash, hash };
    rows.push({ sequence, ...said, ...chained, at: AT });
    head = hash;
  }
  await owner.query(
    'INSERT INTO admin_audit SELECT * FROM jsonb_populate_recordset(NULL::admin_audit, $1::jsonb)',
    [JSON.stringify(rows)],
  );
}

async function insertPayments(): Promise<void> {
  const trigger = { type: 'created', actor: 'key:a' };
  const said = { generation: 1, trigger, status: 'failed', reason: 'so', policyVersion: null };
  const steps = Array.from({ length: PAYMENTS }, (_, n) => {
    const id = `pay_${String(n).padStart(4, '0')}`;
    return { id, ...link(id, 1, said) };
  });
  const heads = JSON.stringify(steps.map(({ id, hash }) => ({ id, hash })));
  await owner.query(
    `INSERT INTO payment (id, merchant_id, mode, status, sequence, generation, amount_minor, currency, capture_method,
       complete_by, audit_head)
     SELECT s.id, 'mer_a', 'test', 'failed', 1, 1, 100, 'EUR', 'automatic', now(), s.hash
     FROM jsonb_to_recordset($1::jsonb) s(id text, hash text)`,
    [heads],
  );
  await owner.query(
    `INSERT INTO audit (payment_id, owner_id, sequence, generation, trigger, actor, to_status, reason, content,
       content_digest, previous_hash, hash, at)
     SELECT s.id, s.id, 1, 1, 'created', 'key:a', 'failed', 'so', s.content, s."contentDigest", s."previousHash", s.hash, $2
     FROM jsonb_to_recordset($1::jsonb) s(id text, content text, "contentDigest" text, "previousHash" text, hash text)`,
    [JSON.stringify(steps), AT],
  );
}

/** All steps of a verification; `between` is what somebody else does after each. */
async function verified(between: () => Promise<void> = async () => undefined): Promise<ChainStep[]> {
  const steps: ChainStep[] = [];
  for (let cursor: ChainCursor | undefined = CHAIN_BEGINNING; cursor !== undefined; ) {
    const step: ChainStep = await verifyChains(db, 'all', cursor);
    steps.push(step);
    cursor = step.next;
    await between();
  }
  return steps;
}

describe('a verification of long chains', () => {
  it('goes a page at a time, however many acts and payments there are, and finds nothing in whole ones', async () => {
    const steps = await verified();
    expect(steps.flatMap(({ findings }) => findings)).toEqual([]);
    const of = (stage: ChainStep['stage']) => steps.filter((step) => step.stage === stage);
    expect(of('administrators').map(({ rows }) => rows)).toEqual([500, 500, 100]);
    expect(of('payments').map(({ owners }) => owners)).toEqual([500, 200]);
  });

  it('holds no transaction from one page to the next', async () => {
    await verified(async () => {
      const { rows } = await owner.query(
        `SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
           AND (xact_start IS NOT NULL OR state LIKE 'idle in transaction%') AND backend_type = 'client backend'`,
      );
      expect(rows).toEqual([]);
    });
  });

  it('lets the process do other things after every few chains', async () => {
    turnOf.length = 0;
    let next = setImmediate(function count() {
      turns += 1;
      next = setImmediate(count);
    });
    try {
      await verified();
    } finally {
      clearImmediate(next);
    }
    expect(turnOf).toHaveLength(PAYMENTS);
    const inOneTurn = new Map<number, number>();
    for (const turn of turnOf) inOneTurn.set(turn, (inOneTurn.get(turn) ?? 0) + 1);
    expect(Math.max(...inOneTurn.values())).toBeLessThanOrEqual(20);
  });

  it('finds an act and a step that were altered, on whichever page they stand', async () => {
    await owner.query(`UPDATE admin_audit SET actor = 'operator:opr_b' WHERE sequence = 701`);
    await owner.query(`UPDATE audit SET actor = 'key:b' WHERE owner_id = 'pay_0600'`);
    const found = (await verified()).flatMap(({ findings }) => findings);
    expect(found).toEqual([
      { owner: ADMIN_CHAIN, problem: 'step 701 has an altered actor' },
      { owner: 'pay_0600', problem: 'step 1 has an altered actor' },
    ]);
  });
});
