import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshKey, type System, startSystem } from '../../test/support/system.ts';
import { type Heard, heard } from '../../test/support/terminal.ts';
import { runBacktest } from './backtest.ts';
import { runExperiment } from './experiment.ts';

let system: System;
const folder = mkdtempSync(join(tmpdir(), 'interlock-trials-'));
beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  await system?.close();
  rmSync(folder, { recursive: true, force: true });
});

type Run = typeof runBacktest;

async function said(run: Run, ...argv: string[]): Promise<Heard> {
  const env = { INTERLOCK_API_URL: system.apiUrl, INTERLOCK_API_KEY: system.apiKey };
  return heard((terminal) => run(argv, terminal, env));
}

function policyFile(rest: string): string {
  const path = join(folder, `${freshKey()}.yaml`);
  writeFileSync(path, `format: interlock/routing@1\nname: draft\n${rest}`);
  return path;
}

const ADYEN_FIRST = 'rules: []\notherwise: { choose: { order: [adyen, stripe] } }\n';

describe('./interlock routing backtest', () => {
  it('waits for the answer, and says it in words', async () => {
    expect((await said(runBacktest, 'list')).out).toBe('No back-test yet.');
    const payment_method = await system.card();
    await system.pay({ amount: 1_500, currency: 'USD', payment_method });
    const found = await said(runBacktest, policyFile(ADYEN_FIRST));
    expect(found.code).toBe(0);
    expect(found.err).toMatch(/^rbt_\w+: 0 of 1/);
    expect(found.out).toMatch(/^rbt_\w+ {2}completed {2}a text {2}1 of 1 payments\n1 of 1 would have gone/);
    expect(found.out).toContain('  stripe -> adyen: 1, of which 1 were approved');
    expect(found.out).toMatch(/Success: 100\.00% were approved at first, \d+\.\d\d% expected: -\d/);
    expect(found.out).toMatch(/Cost in USD \(minor units\): \d+, \d+ expected/);
    const [id = ''] = found.out.split(' ');
    expect((await said(runBacktest, 'show', id)).out).toBe(found.out);
    expect((await said(runBacktest, 'list')).out).toContain(id);
  });

  it('refuses a policy with the line and a hint', async () => {
    const refused = await said(
      runBacktest,
      policyFile(
        `rules:\n  - { name: x, when: 'curency == "EUR"', choose: { order: [stripe] } }\n${ADYEN_FIRST.slice(10)}`,
      ),
    );
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('422 policy_invalid');
    expect(refused.err).toMatch(/4.*curency/);
  });

  it.each([[[]], [['show']], [['list', 'rbt_x']], [['1', '2', '3']]])('%j is wrong use', async (argv) => {
    await expect(said(runBacktest, ...argv)).rejects.toThrow('say: routing backtest');
  });
});

describe('./interlock routing experiment', () => {
  it('starts, shows and stops one', async () => {
    const source = `format: interlock/routing@1\nname: other\n${ADYEN_FIRST}`;
    const saved = await system.request('POST', '/v1/routing/policies', {
      key: freshKey(),
      body: { source, reason: 'a try' },
    });
    const version = String(saved.body.version);
    const begun = await said(runExperiment, 'start', version, '--reason', 'a try', '--percent', '20');
    expect(begun.out).toMatch(/^rex_\w+ {2}running {2}20% by the treatment/);
    expect(begun.out).toContain(`treatment  version ${version}: 0 of 0 approved`);
    const [id = ''] = begun.out.split(' ');
    const second = await said(runExperiment, 'start', version, '--reason', 'another');
    expect([second.code, second.err]).toEqual([1, expect.stringContaining('experiment_running')]);
    expect((await said(runExperiment, 'stop', id, '--reason', 'enough')).out).toContain('stopped');
    expect((await said(runExperiment, 'list')).out).toContain(id);
  });

  it.each([
    [['start', 'x', '--reason', 'r'], 'takes a version'],
    [['start', '3'], 'needs --reason'],
    [['list', 'rex_x'], 'takes nothing'],
    [['show'], 'which one'],
    [['begin'], 'say: routing experiment'],
  ])('%j is wrong use: %s', async (argv, message) => {
    await expect(said(runExperiment, ...argv)).rejects.toThrow(message);
  });
});
