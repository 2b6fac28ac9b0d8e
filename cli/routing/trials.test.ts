import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshKey, type System, startSystem } from '../../test/support/system.ts';
import { type Heard, heard } from '../../test/support/terminal.ts';
import { runBacktest, sayBacktest } from './backtest.ts';
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

  it('of which no payment could be compared says that, and no numbers', async () => {
    const path = policyFile(ADYEN_FIRST);
    const found = await said(
      runBacktest,
      path,
      '--from',
      '2020-01-01T00:00:00Z',
      '--to',
      '2020-01-02T00:00:00Z',
    );
    expect(found.out).toMatch(/ 0 of 0 payments\nNo payment could be compared: nothing is known/);
    expect(found.out).not.toContain('Success');
  });

  it('names the payments whose fee nobody knows, and a total that is a bound', () => {
    const change = { expected: -5, low: -9, high: -1 };
    const cost = { actual: 20, draft: 15, change, actual_rate_ppm: 2, draft_rate_ppm: 1, unpriced: 0 };
    const none = { expected: 0, low: 0, high: 0 };
    const nothing = { actual: 0, draft: 0, change: none, actual_rate_ppm: null, draft_rate_ppm: null };
    const words = sayBacktest({
      id: 'rbt_x',
      status: 'canceled',
      version: 3,
      progress: { read: 12, total: 100_000, at_least: true },
      failure: null,
      result: {
        compared: 9,
        skipped: {},
        elsewhere: 1,
        pairs: [],
        success: { actual_ppm: 900_000, draft_ppm: 910_000, change_ppm: change },
        costs: [
          { ...cost, currency: 'EUR' },
          { ...cost, currency: 'GBP', unpriced: 2 },
          { ...nothing, currency: 'USD', unpriced: 3 },
        ],
      },
    });
    expect(words.split('\n')).toEqual([
      'rbt_x  canceled  version 3  12 of at least 100000 payments',
      '1 of 9 would have gone elsewhere first.',
      expect.stringMatching(/^Success: 90.00% were approved/),
      'Cost in EUR (minor units): 20, 15 expected: -5 (-9 to -1)',
      'Cost in GBP (minor units): 20, 15 expected: -5 (-9 to -1); 2 without a known fee are left out',
      'Cost in USD: no fee is known of its 3 payments.',
    ]);
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
