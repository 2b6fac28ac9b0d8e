import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Db, openDb } from '../../db/client.ts';
import { waitFor } from '../../test/support/harness.ts';
import { freshKey, type System, startSystem } from '../../test/support/system.ts';
import { type Heard, heard } from '../../test/support/terminal.ts';
import { writeStackFile } from '../stack/stack-file.ts';
import { addOperator, revokeOperator } from './keys.ts';
import { runOperator } from './run.ts';

let system: System;
let db: Db;
const dataDir = mkdtempSync(join(tmpdir(), 'interlock-operator-'));
beforeAll(async () => {
  system = await startSystem({ providerDeadlineMs: 500 });
  db = openDb(system.databaseUrl, { maxConnections: 1 });
  // The file that `up` writes, as far as this verb reads it.
  const { apiUrl, apiKey, operatorKeys } = system;
  const stack = { apiUrl, apiKey, operatorKeys, merchantId: 'mer_demo', temporalAddress: '' };
  writeStackFile(dataDir, { ...stack, sandboxes: {}, env: {} });
});
afterAll(async () => {
  await db?.$disconnect();
  await system?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function operator(argv: string[], env: Record<string, string> = {}): Promise<Heard> {
  return heard((terminal) => runOperator(argv, { INTERLOCK_DATA_DIR: dataDir, ...env }, terminal));
}

const alice = (...argv: string[]) => operator([...argv, '--as', 'alice']);
const bob = (...argv: string[]) => operator([...argv, '--as', 'bob']);

async function authorized(): Promise<string> {
  const { body } = await system.pay({
    amount: 900,
    currency: 'USD',
    capture_method: 'manual',
    payment_method: await system.card(),
  });
  return body.id;
}

/** Repeats what nobody answered, as the verb itself advises: a loaded machine may be slower than the API waits. */
async function answered(command: () => Promise<Heard>): Promise<Heard> {
  let heard = await command();
  for (let again = 0; again < 5 && heard.err.includes('Repeating it is safe'); again++)
    heard = await command();
  return heard;
}

/** Taken by Stripe, and nobody can be asked whether it was. */
async function unknown(): Promise<string> {
  await system.fault('stripe', { operation: 'authorize', mode: 'hang_after_commit' });
  await system.fault('stripe', { operation: 'lookup', mode: 'status' });
  const { body } = await system.pay(
    { amount: 700, currency: 'USD', payment_method: await system.card() },
    { headers: { prefer: 'wait=1' } },
  );
  expect(body.status).toBe('processing');
  return body.id;
}

describe('a command', () => {
  it('says what happened, and --json gives the answer', async () => {
    const id = await authorized();
    const key = freshKey();
    const voided = await alice('void', id, '--reason', 'fraud team', '--key', key);
    expect(voided).toMatchObject({ code: 0, err: '' });
    expect(voided.out).toContain(`void: done\n${id} is canceled (voided_by_operator): 900 USD`);
    const again = await alice('void', id, '--reason', 'fraud team', '--key', key, '--json');
    expect(JSON.parse(again.out)).toMatchObject({ id, status: 'canceled' });
    const shown = await alice('show', id);
    expect(shown.out).toMatch(/merchant mer_demo\nOperations:\n {2}op_\S+ {2}authorize 900/);
  });

  it('that is refused ends with 1 and the rule', async () => {
    const id = await authorized();
    const refused = await alice('cancel', id, '--reason', 'a mistake', '--json');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.err).toMatch(/void or refund what was charged \(409 may_have_been_charged\)/);
    expect(JSON.parse(refused.out).error.code).toBe('may_have_been_charged');
    expect((await alice('show', `pay_${'a'.repeat(26)}`)).err).toContain('404 resource_missing');
  });

  it('that nobody answered may be repeated under the key that it names', async () => {
    const env = { INTERLOCK_API_URL: 'http://127.0.0.1:9', INTERLOCK_OPERATOR_KEY: 'iop_whatever' };
    const lost = await operator(['retry', 'pay_x', '--reason', 'the bank is back', '--key', 'k-1'], env);
    expect(lost.code).toBe(1);
    expect(lost.err).toMatch(/does not answer: .*Repeating it is safe with --key k-1/);
  });

  it.each([
    [['retry', 'pay_x'], 'needs --reason'],
    [['void', 'ref_x', '--reason', 'no'], 'only a payment'],
    [['resolve', 'pay_x', '--outcome', 'maybe', '--evidence', 'e', '--reason', 'r'], '--outcome is'],
    [['approove', 'res_x'], 'did you mean "approve"'],
    [['exceptions', 'pay_x'], 'takes no id'],
    [['show', 'cus_x', '--as', 'alice'], 'neither a payment'],
    [['show', 'pay_x', '--as', 'mallory'], 'alice or bob'],
    [['show', 'pay_x'], 'INTERLOCK_OPERATOR_KEY'],
  ])('%j is wrong use: %s', async (argv, message) => {
    await expect(operator(argv)).rejects.toThrow(message);
  });
});

it('two operators resolve what nobody can be asked about', async () => {
  const id = await unknown();
  const evidence = ['--evidence', 'pi_123 in the dashboard, succeeded', '--reason', 'ticket 4711'];
  const without = await alice('resolve', id, '--outcome', 'succeeded', ...evidence);
  expect([without.code, without.err]).toEqual([1, expect.stringContaining('provider_reference_required')]);
  const proposed = await alice(
    'resolve',
    id,
    '--outcome',
    'succeeded',
    '--provider-reference',
    'pi_123',
    ...evidence,
  );
  expect(proposed.out).toMatch(/says that op_\S+ succeeded \(captured\)\. Nothing has changed yet/);
  const resolution = /res_[a-z2-7]+/.exec(proposed.out)?.[0] ?? '';
  const alone = await alice('approve', resolution, '--reason', 'sure');
  expect([alone.code, alone.err]).toEqual([1, expect.stringContaining('403 second_operator_required')]);
  const approved = await answered(() =>
    bob('approve', resolution, '--reason', 'seen it too', '--key', 'approve-1'),
  );
  expect(approved.err).toBe('');
  expect(approved.out).toMatch(/is carried out: op_\S+ succeeded \(captured\), by opr_alice and opr_bob/);
  await system.clearFaults();
  expect((await alice('show', id)).out).toContain(`${id} is succeeded`);
});

it('exceptions names what needs a person, and what to look at', async () => {
  const { body } = await system.pay({ amount: 800, currency: 'USD', payment_method: await system.card() });
  await system.sql(`UPDATE payment SET route = jsonb_set(route, '{0,canRefund}', 'false') WHERE id = $1`, [
    body.id,
  ]);
  const made = await system.request('POST', `/v1/payments/${body.id}/refunds`, { key: freshKey(), body: {} });
  const listed = await alice('exceptions');
  expect(listed.out).toContain(`manual_refund  ${body.id}`);
  expect(listed.out).toContain(`(${made.body.id})`);
  const testimony = ['--outcome', 'not_executed', '--evidence', 'credited in the shop', '--reason', 'done'];
  const proposed = await bob('resolve', made.body.id, ...testimony, '--json');
  expect(JSON.parse(proposed.out)).toMatchObject({ operation: null, status: 'proposed' });
  const nothing = () => alice('resolve', body.id, ...testimony);
  await expect(nothing()).rejects.toThrow('nothing to resolve');
});

it('a key opens the API until it is revoked, and a name in use gets no second one', async () => {
  const digest = system.config.keys.digest;
  const { id, key } = await addOperator(db, 'carol', digest);
  expect([id, key]).toEqual(['opr_carol', expect.stringMatching(/^iop_[A-Za-z0-9_-]{43}$/)]);
  const env = { INTERLOCK_API_URL: system.apiUrl, INTERLOCK_OPERATOR_KEY: key };
  expect((await operator(['exceptions'], env)).code).toBe(0);
  await expect(addOperator(db, 'carol', digest)).rejects.toThrow('has a key already');
  await expect(addOperator(db, 'Carol Smith', digest)).rejects.toThrow('small letters');
  const stored = await system.sql<{ row: string }>('SELECT operator::text AS row FROM operator');
  expect(stored.map(({ row }) => row).join()).not.toContain(key);
  expect(await revokeOperator(db, 'carol')).toBe(true);
  await waitFor(async () => (await operator(['exceptions'], env)).err.includes('401 operator_key_invalid'), {
    what: 'the revoked key to be refused',
  });
  expect(await revokeOperator(db, 'carol')).toBe(false);
  const second = await addOperator(db, 'carol', digest);
  expect(second.key).not.toBe(key);
  expect((await operator(['exceptions'], { ...env, INTERLOCK_OPERATOR_KEY: second.key })).code).toBe(0);
});
