import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDb } from '../../db/client.ts';
import { type System, startSystem } from '../../test/support/system.ts';
import { type Heard, heard } from '../../test/support/terminal.ts';
import { loadDossier } from '../payment/load.ts';
import { renderDossier } from '../payment/render.ts';
import { writeStackFile } from '../stack/stack-file.ts';
import { runRouting } from './run.ts';

let system: System;
const dataDir = mkdtempSync(join(tmpdir(), 'interlock-routing-'));
beforeAll(async () => {
  system = await startSystem();
  const { apiUrl, apiKey, operatorKeys } = system;
  const stack = { apiUrl, apiKey, operatorKeys, merchantId: 'mer_demo', temporalAddress: '' };
  writeStackFile(dataDir, { ...stack, sandboxes: {}, env: {} });
});
afterAll(async () => {
  await system?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function routing(...argv: string[]): Promise<Heard> {
  return heard((terminal) => runRouting(argv, { INTERLOCK_DATA_DIR: dataDir }, terminal));
}

const policy = (order: string, when = 'currency == "USD"') => `format: interlock/routing@1
name: Dollars
rules:
  - name: dollars
    when: ${when}
    choose: { order: ${order} }
otherwise: { choose: { order: [stripe, adyen] } }
`;

function file(text: string, name = 'policy.yaml'): string {
  const path = join(dataDir, name);
  writeFileSync(path, text);
  return path;
}

describe('./interlock routing validate', () => {
  it('needs no stack, and names line, reason and hint of all that is wrong', async () => {
    const good = file(policy('[adyen, stripe]'));
    const offline = (...argv: string[]) => {
      const said: string[] = [];
      const terminal = {
        out: (line: string) => void said.push(line),
        err: (line: string) => void said.push(line),
      };
      return runRouting(['validate', ...argv], {}, terminal).then((code) => [code, said.join('\n')]);
    };
    expect(await offline(good)).toEqual([0, `${good} is valid.`]);
    const bad = file(policy('[adyen, strype]', 'curency == "USD"'), 'bad.yaml');
    const [code, words] = await offline(bad, '--accounts', 'stripe,pa_eu:adyen');
    expect(code).toBe(1);
    expect(words).toMatch(/line 5, column \d+ \(rules\.0\.when\): .*curency.*\n .*currency/);
    expect(words).toMatch(/line 6, column \d+ .*strype.*\n .*stripe/);
    await expect(offline(join(dataDir, 'none.yaml'))).rejects.toThrow('cannot be read');
  });

  it('asks about the accounts that there are with --online', async () => {
    const path = file(policy('[adyen, checkout_of_ours]'));
    expect((await routing('validate', path)).code).toBe(0);
    const online = await routing('validate', path, '--online');
    expect([online.code, online.out]).toEqual([1, expect.stringContaining('checkout_of_ours')]);
    const refused = await routing('save', path, '--reason', 'a test');
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('line 6')]);
  });
});

describe('./interlock routing', () => {
  it('saves a policy, tries it out, takes it into use, explains a payment by it, and goes back', async () => {
    const path = file(policy('[adyen, stripe]'));
    const tried = await routing('simulate', '--amount', '1250', '--currency', 'USD', '--file', path);
    expect(tried.out).toContain('pa_demo_adyen, then pa_demo_stripe');
    expect(tried.out).toContain('✓ dollars: currency == "USD"');
    const saved = await routing('save', path, '--reason', 'dollars are cheaper there');
    expect(saved.out).toMatch(/^version 2 {2}validated {2}Dollars {2}by key:key_demo/);
    expect((await routing('canary', '2', '--percent', '20', '--reason', 'a first look')).out).toContain(
      'canary 20 %',
    );
    expect((await routing('promote', '2', '--reason', 'it did well')).out).toContain('version 2  active');
    expect((await routing('list')).out).toMatch(/version 2 {2}active.+\nversion 1 {2}archived {2}Demo/);
    expect((await routing('show', '2')).out).toMatch(/moved: canary → active by key:key_demo: it did well/);
    expect((await routing('show')).out).toContain(policy('[adyen, stripe]').trimEnd());

    // The change counts without a restart, within two seconds on every worker.
    let id = '';
    await expect
      .poll(
        async () => {
          const body = { amount: 1250, currency: 'USD', payment_method: await system.card() };
          const paid = await system.pay(body);
          id = paid.body.id;
          return paid.body.attempts[0]?.provider;
        },
        { timeout: 10_000 },
      )
      .toBe('adyen');
    const explained = await routing('explain', id);
    expect([explained.code, explained.err]).toEqual([0, '']);
    expect(explained.out).toContain('decided by version 2, rule "dollars" (order)');
    expect(explained.out).toContain('the same, to the last number');

    const db = openDb(system.databaseUrl, { maxConnections: 1 });
    const dossier = await loadDossier(db, id, { namespace: 'default' });
    await db.$disconnect();
    if (dossier === undefined) throw new Error('no dossier');
    expect(renderDossier(dossier)).toMatch(
      /Routing\n {2}pa_demo_adyen, then pa_demo_stripe: .+\n {2}policy version 2, rule "dollars"/,
    );

    const back = await routing('rollback', '--reason', 'it costs more after all');
    expect(back.out).toContain('version 1  active');
    expect((await routing('explain', id)).code).toBe(0);
    expect((await routing('health')).out).toMatch(/pa_demo_adyen \(adyen\) {2}circuit closed/);
    expect((await routing('catalogue')).out).toContain('pa_demo_stripe');
    expect((await routing('compare', '2')).out.length).toBeGreaterThan(10);
  });

  it('says so, with both answers, where evaluating again gives another one', async () => {
    const body = { amount: 700, currency: 'USD', payment_method: await system.card() };
    const { body: paid } = await system.pay(body);
    const [row] = await system.sql<{ document: Record<string, unknown> }>(
      'SELECT document FROM route_explanation WHERE payment_id = $1',
      [paid.id],
    );
    // As if a release had changed what the evaluator makes of the same inputs.
    await system.sql('ALTER TABLE route_explanation DISABLE TRIGGER route_explanation_immutable');
    await system.sql('UPDATE route_explanation SET document = $2 WHERE payment_id = $1', [
      paid.id,
      JSON.stringify({ ...row?.document, order: ['pa_demo_other'] }),
    ]);
    const explained = await routing('explain', paid.id);
    expect(explained.code).toBe(1);
    expect(explained.out).toContain('✗ evaluated again');
    expect(explained.out).toContain('pa_demo_other');
    // A later round is told as well, and judged by itself.
    await system.sql(
      `INSERT INTO retry_explanation (attempt_id, payment_id, document) VALUES ('att_second', $1, $2)`,
      [paid.id, JSON.stringify({ ...row?.document, order: ['pa_demo_later'] })],
    );
    const both = await routing('explain', paid.id);
    expect([both.code, both.out.match(/routed anew for att_second\n {2}pa_demo_later/)?.length]).toEqual([
      1, 1,
    ]);
  });

  it('asks a second person where the merchant wants one, and an operator may be that', async () => {
    await system.sql(`UPDATE merchant SET routing_approval = true WHERE id = 'mer_demo'`);
    const path = file(policy('[stripe, adyen]'));
    const version =
      /version (\d+)/.exec((await routing('save', path, '--reason', 'four eyes')).out)?.[1] ?? '';
    const proposed = await routing('promote', version, '--reason', 'it is better');
    expect(proposed.out).toContain('key:key_demo proposes: active (it is better)');
    const alone = await routing('approve', version, '--to', 'active', '--reason', 'sure');
    expect([alone.code, alone.err]).toEqual([1, expect.stringContaining('403 second_person_required')]);
    const approved = await routing(
      'approve',
      version,
      '--to',
      'active',
      '--reason',
      'seen it',
      '--as',
      'alice',
    );
    expect(approved.out).toContain(`version ${version}  active`);
    expect((await routing('show', version)).out).toContain(
      'by operator:opr_alice, proposed by key:key_demo: seen it',
    );
  });

  it.each([
    [['lst'], 'did you mean "list"'],
    [['promote'], 'takes a version'],
    [['promote', 'two', '--reason', 'because'], 'takes a version'],
    [['promote', '2'], 'needs --reason'],
    [['canary', '2', '--reason', 'because'], 'needs --percent'],
    [['canary', '2', '--percent', 'x', '--reason', 'because'], 'from 1 to 99'],
    [['approve', '2', '--reason', 'because'], 'needs --to'],
    [['approve', '2', '--to', 'canary', '--reason', 'because'], 'from 1 to 99'],
    [['simulate', '--amount', '12.50', '--currency', 'EUR'], 'whole number'],
    [['simulate', '--amount', '12', '--currency', 'EUR', '--metadata', 'x'], 'key=value'],
    [['explain', 'ref_x'], 'takes a payment'],
    [['health', 'pa_x'], 'takes options only'],
    [['validate', '/none', '--accounts', ':'], 'cannot be read'],
  ])('%j is wrong use: %s', async (argv, message) => {
    await expect(routing(...argv)).rejects.toThrow(message);
  });
});
