import { afterAll, beforeAll, expect, it } from 'vitest';
import { type System, startSystem } from '../../test/support/system.ts';
import { connectDesk } from '../operator/desk.ts';
import { createMerchant } from './merchant.ts';
import { runDemo } from './run.ts';
import { connectSandboxes } from './sandboxes.ts';
import { connectBooks } from './stage.ts';

let system: System;
beforeAll(async () => {
  system = await startSystem({ timeScale: 0.02, privateTargets: true });
});
afterAll(async () => {
  await system?.close();
});

it('finds every payment as expected, also when it is run again on the same data', async () => {
  const { apiUrl, operatorKeys } = system;
  const stage = {
    merchant: createMerchant(apiUrl, system.apiKey),
    sandboxes: connectSandboxes(system.adminUrls),
    operators: { alice: connectDesk(apiUrl, operatorKeys.alice), bob: connectDesk(apiUrl, operatorKeys.bob) },
    books: connectBooks(apiUrl, operatorKeys.alice),
  };
  for (const _ of ['first', 'again']) {
    const { rows, summary, unheard, days } = await runDemo(stage);
    expect(unheard).toEqual([]);
    expect(
      days.flatMap(({ provider, missed, off }) => [...missed, ...off].map((each) => `${provider}: ${each}`)),
    ).toEqual([]);
    expect(rows.flatMap(({ name, problems }) => problems.map((each) => `${name}: ${each}`))).toEqual([]);
    expect(rows.length).toBeGreaterThanOrEqual(85);
    expect(summary).toEqual({
      payments: rows.length,
      as_expected: rows.length,
      charged_twice: 0,
      lost: 0,
      refunds: rows.reduce((sum, { expected }) => sum + (expected.refunds?.length ?? 0), 0),
      refunded_twice: 0,
      events: summary.events_delivered,
      events_delivered: summary.events,
      days_closed: 2,
      breaks_planted: summary.breaks_found,
      breaks_found: summary.breaks_planted,
      ledger_off: 0,
    });
    expect(summary.events).toBeGreaterThan(rows.length);
    expect(summary.refunds).toBeGreaterThanOrEqual(15);
    expect(summary.breaks_planted).toBeGreaterThanOrEqual(11);
  }
  for (const provider of ['stripe', 'adyen'] as const) {
    expect(await system.admin(provider, 'GET', '/faults')).toEqual([]);
  }
}, 240_000);
