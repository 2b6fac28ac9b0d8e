import { afterAll, beforeAll, expect, it } from 'vitest';
import { type System, startSystem } from '../../test/support/system.ts';
import { connectDesk } from '../operator/desk.ts';
import { createMerchant } from './merchant.ts';
import { runDemo } from './run.ts';
import { connectSandboxes, PROVIDERS } from './sandboxes.ts';
import { connectBooks } from './stage.ts';

let system: System;
beforeAll(async () => {
  system = await startSystem({ timeScale: 0.02, privateTargets: true, checkout: true });
});
afterAll(async () => {
  await system?.close();
});

it('finds every payment as expected, also when it is run again on the same data', async () => {
  const { apiUrl, operatorKeys } = system;
  const stage = {
    merchant: createMerchant(apiUrl, system.apiKey),
    sandboxes: connectSandboxes({ checkout: '', ...system.adminUrls }),
    operators: { alice: connectDesk(apiUrl, operatorKeys.alice), bob: connectDesk(apiUrl, operatorKeys.bob) },
    books: connectBooks(apiUrl, operatorKeys.alice),
    routing: connectDesk(apiUrl, system.apiKey, ''),
  };
  for (const _ of ['first', 'again']) {
    const { rows, summary, unheard, days, routing } = await runDemo(stage);
    expect(unheard).toEqual([]);
    expect(routing.problems).toEqual([]);
    expect(routing.explained.decision.order[0]).toBe('pa_demo_checkout');
    expect(
      days.flatMap(({ provider, missed, off }) => [...missed, ...off].map((each) => `${provider}: ${each}`)),
    ).toEqual([]);
    expect(rows.flatMap(({ name, problems }) => problems.map((each) => `${name}: ${each}`))).toEqual([]);
    expect(rows.length).toBeGreaterThanOrEqual(94);
    expect(summary).toEqual({
      payments: rows.length,
      as_expected: rows.length,
      charged_twice: 0,
      lost: 0,
      refunds: rows.reduce((sum, { expected }) => sum + (expected.refunds?.length ?? 0), 0),
      refunded_twice: 0,
      events: summary.events_delivered,
      events_delivered: summary.events,
      policy_effective_ms: Math.round(routing.effectiveAfterMs),
      canary_decided: routing.canary.decided,
      shadow_differed: routing.shadow.differed,
      days_closed: 3,
      breaks_planted: summary.breaks_found,
      breaks_found: summary.breaks_planted,
      ledger_off: 0,
    });
    expect(summary.events).toBeGreaterThan(rows.length);
    expect(summary.refunds).toBeGreaterThanOrEqual(15);
    expect(summary.breaks_planted).toBeGreaterThanOrEqual(15);
  }
  for (const provider of PROVIDERS) {
    expect(await system.admin(provider, 'GET', '/faults')).toEqual([]);
  }
}, 480_000);
