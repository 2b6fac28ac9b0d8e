import { afterAll, beforeAll, expect, it } from 'vitest';
import { type System, startSystem } from '../../test/support/system.ts';
import { createMerchant } from './merchant.ts';
import { runDemo } from './run.ts';
import { connectSandboxes } from './sandboxes.ts';

let system: System;
beforeAll(async () => {
  system = await startSystem({ timeScale: 0.02 });
});
afterAll(async () => {
  await system?.close();
});

it('finds every payment as expected, also when it is run again on the same data', async () => {
  const merchant = createMerchant(system.apiUrl, system.apiKey);
  const sandboxes = connectSandboxes(system.adminUrls);
  for (const _ of ['first', 'again']) {
    const { rows, summary } = await runDemo(merchant, sandboxes);
    expect(rows.flatMap((row) => row.problems)).toEqual([]);
    expect(rows.length).toBeGreaterThanOrEqual(20);
    expect(summary).toEqual({
      payments: rows.length,
      as_expected: rows.length,
      charged_twice: 0,
      lost: 0,
    });
  }
  for (const provider of ['stripe', 'adyen'] as const) {
    expect(await system.admin(provider, 'GET', '/faults')).toEqual([]);
  }
}, 120_000);
