import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMerchant } from '../../cli/demo/merchant.ts';
import { runDemo } from '../../cli/demo/run.ts';
import { connectSandboxes } from '../../cli/demo/sandboxes.ts';
import { connectBooks } from '../../cli/demo/stage.ts';
import { connectDesk } from '../../cli/operator/desk.ts';
import { ROOT } from '../../cli/stack/paths.ts';
import { waitFor } from '../support/harness.ts';
import type { System } from '../support/system.ts';
import { freshKey } from '../support/system.ts';
import { type Desk, openDesk, type Visit } from './console/desk.ts';
import { settled } from './console/pages.ts';
import { deadLetter, doubtful, proposeOutcome } from './console/rows.ts';

/** The pictures in docs/images: each page of the console with what the demo leaves behind. */
const IMAGES = join(ROOT, 'docs/images');
const MOST_BYTES = 200 * 1024;
const SCREEN = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };
/** As in the demo's own stack. */
const TIME_SCALE = 0.02;
/** Everything runs in this one process, beside a browser. */
const PATIENT = { apiWaitMs: 30_000, providerDeadlineMs: 8_000, completeByMs: 120_000 } as const;

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk({ checkout: true, timeScale: TIME_SCALE, ...PATIENT });
});
afterAll(() => desk?.close());

it('takes the screenshots', async () => {
  mkdirSync(IMAGES, { recursive: true });
  // Where the machine is too busy for one of the scenarios, the pictures are of what the others made.
  await runDemo(stageOf(desk.system)).catch((error: unknown) => console.warn(String(error)));
  const { system } = desk;
  const person = await desk.hire('admin');
  await system.sql(`UPDATE operator SET name = 'Ada Moreau', email = 'ada@example.test' WHERE id = $1`, [
    person.id,
  ]);
  const signedIn = { ...person, email: 'ada@example.test' };
  const visit = await desk.open({ viewport: SCREEN });
  await visit.goto('/sign-in');
  await take(visit, 'sign-in');
  await visit.signIn(signedIn);
  const [eventful] = await system.sql<{ id: string }>(
    `SELECT payment_id AS id FROM audit WHERE payment_id LIKE 'pay\\_%' GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`,
  );
  const payment = eventful?.id ?? '';
  const [exception] = await system.sql<{ id: string }>(
    `SELECT id FROM exception WHERE payment_id IS NOT NULL AND closed_at IS NULL ORDER BY opened_at LIMIT 1`,
  );
  const backtest = await leaveWork(desk);
  const [newest] = await system.sql<{ version: number }>(
    'SELECT max(version) AS version FROM routing_policy',
  );
  const pages = {
    overview: '/',
    payments: '/payments',
    payment: `/payments/${payment}`,
    analytics: '/analytics/approval',
    declines: '/analytics/declines',
    queues: '/queues/exceptions',
    unknowns: '/queues/unknowns',
    'dead-letters': '/queues/webhooks',
    exception: `/queues/exceptions/${encodeURIComponent(exception?.id ?? '')}`,
    policies: '/policies',
    policy: `/policies/${newest?.version ?? 1}`,
    backtest: `/policies/backtests/${backtest}`,
    merchants: '/settings/merchants',
    keys: '/settings/keys',
    endpoints: '/settings/endpoints',
    account: '/settings/accounts/pa_demo_stripe',
    accounts: '/settings/accounts',
    people: '/settings/people',
    audit: '/settings/audit',
  };
  for (const [name, path] of Object.entries(pages)) {
    await visit.goto(path);
    await take(visit, name);
  }
  await simulate(visit);
  await search(visit, ORDER);
  await visit.page.emulateMedia({ colorScheme: 'dark' });
  for (const name of ['overview', 'payment'] as const) {
    await visit.goto(pages[name]);
    await take(visit, `${name}-dark`);
  }
  await visit.page.emulateMedia({ colorScheme: 'light' });
  await visit.page.setViewportSize(PHONE);
  for (const name of ['overview', 'payment'] as const) {
    await visit.goto(pages[name]);
    await take(visit, `${name}-phone`);
  }
});

const ORDER = 'order-20417';

/** What the demo has brought to an end, and pages want to show: doubts, dead letters, a back-test. Returns the back-test's id. */
async function leaveWork({ system }: Desk): Promise<string> {
  await system.pay({
    amount: 12_900,
    currency: 'EUR',
    reference: ORDER,
    payment_method: await system.card(),
  });
  await deadLetter(desk);
  const started = await system.request('POST', '/v1/routing/backtests', {
    key: freshKey(),
    body: { version: 1 },
  });
  expect(started.status, JSON.stringify(started.body)).toBe(202);
  const { id } = started.body;
  await waitFor(
    async () => {
      const { body } = await system.request('GET', `/v1/routing/backtests/${id}`);
      return body.status === 'completed';
    },
    { what: 'the back-test to be through', timeoutMs: 60_000 },
  );
  const resolved = await doubtful(desk, { amount: 4_500, currency: 'EUR', reference: 'order-20418' });
  await proposeOutcome(desk, resolved, 'Nothing of it in their dashboard; ticket 4711');
  await doubtful(desk, { amount: 8_990, currency: 'EUR', reference: 'order-20419' });
  return id;
}

async function simulate(visit: Visit): Promise<void> {
  await visit.goto('/policies/simulator?merchant=mer_demo/test');
  await visit.page.getByLabel('Amount').fill('250');
  await visit.page.getByRole('button', { name: 'Simulate' }).click();
  const candidates = visit.page.getByRole('table', { name: 'Candidates' });
  await candidates.waitFor();
  await candidates.scrollIntoViewIfNeeded();
  await take(visit, 'simulator');
}

async function search(visit: Visit, text: string): Promise<void> {
  await visit.page.keyboard.press('/');
  await visit.page.keyboard.insertText(text);
  await visit.page.getByRole('listbox', { name: 'Results' }).getByRole('option').first().waitFor();
  await take(visit, 'search');
  await visit.page.keyboard.press('Escape');
}

async function take(visit: Visit, name: string): Promise<void> {
  const { page } = visit;
  // A page that is still on its way is no picture of it.
  await settled(visit);
  const path = join(IMAGES, `console-${name}.png`);
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  expect(statSync(path).size, `bytes of ${path}`).toBeLessThanOrEqual(MOST_BYTES);
}

function stageOf({ apiUrl, apiKey, operatorKeys, adminUrls }: System) {
  const { stripe, adyen, checkout } = adminUrls;
  if (checkout === undefined) throw new Error('the demo needs all three simulators');
  return {
    merchant: createMerchant(apiUrl, apiKey),
    sandboxes: connectSandboxes({ stripe, adyen, checkout }),
    operators: { alice: connectDesk(apiUrl, operatorKeys.alice), bob: connectDesk(apiUrl, operatorKeys.bob) },
    books: connectBooks(apiUrl, operatorKeys.alice),
    routing: connectDesk(apiUrl, apiKey, ''),
  };
}
