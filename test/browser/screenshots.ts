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
const TALL = { width: 1280, height: 1000 };
const PHONE = { width: 390, height: 844 };
/** As in the demo's own stack. */
const TIME_SCALE = 0.02;
/** Everything runs in this one process, beside a browser. */
const PATIENT = { apiWaitMs: 30_000, providerDeadlineMs: 8_000, completeByMs: 120_000 } as const;

const ORDER = 'order-20417';

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk({ checkout: true, timeScale: TIME_SCALE, ...PATIENT });
});
afterAll(() => desk?.close());

it('takes the screenshots', async () => {
  mkdirSync(IMAGES, { recursive: true });
  // Where the machine is too busy for one of the scenarios, the pictures are of what the others made.
  await runDemo(stageOf(desk.system)).catch((error: unknown) => console.warn(String(error)));
  const visit = await comeInAsAda(desk);
  await furnish(desk);
  const backtest = await leaveWork(desk);
  const pages = await pagesOf(desk, backtest);
  for (const [name, path] of Object.entries(pages)) {
    await visit.goto(path);
    await take(visit, name);
  }
  await verified(visit);
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

/** An administrator with a name of her own, and a picture of the door on her way in. */
async function comeInAsAda({ system, hire, open }: Desk): Promise<Visit> {
  const person = await hire('admin');
  const email = 'ada@example.test';
  await system.sql(`UPDATE operator SET name = 'Ada Moreau', email = $2 WHERE id = $1`, [person.id, email]);
  const visit = await open({ viewport: SCREEN });
  await visit.goto('/sign-in');
  await take(visit, 'sign-in');
  await visit.signIn({ ...person, email });
  return visit;
}

/** By name of their pictures. */
async function pagesOf({ system }: Desk, backtest: string) {
  const [eventful] = await system.sql<{ id: string }>(
    `SELECT payment_id AS id FROM audit WHERE payment_id LIKE 'pay\\_%' GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`,
  );
  const [exception] = await system.sql<{ id: string }>(
    `SELECT id FROM exception WHERE payment_id IS NOT NULL AND closed_at IS NULL ORDER BY opened_at LIMIT 1`,
  );
  const newest = await newestPolicy(system);
  return {
    overview: '/',
    payments: '/payments',
    payment: `/payments/${eventful?.id ?? ''}`,
    analytics: '/analytics/approval',
    declines: '/analytics/declines',
    queues: '/queues/exceptions',
    unknowns: '/queues/unknowns',
    'dead-letters': '/queues/webhooks',
    exception: `/queues/exceptions/${encodeURIComponent(exception?.id ?? '')}`,
    policies: '/policies',
    policy: `/policies/${newest}`,
    backtest: `/policies/backtests/${backtest}`,
    merchants: '/settings/merchants',
    keys: '/settings/keys',
    endpoints: '/settings/endpoints?of_merchant=mer_demo',
    account: '/settings/accounts/pa_demo_stripe',
    accounts: '/settings/accounts',
    people: '/settings/people',
  };
}

async function newestPolicy(system: System): Promise<number> {
  const [newest] = await system.sql<{ version: number }>(
    'SELECT max(version) AS version FROM routing_policy',
  );
  return newest?.version ?? 1;
}

/** Other merchants beside the demo's, with keys, endpoints, accounts and secrets: as an administrator would set them up. */
async function furnish({ system }: Desk): Promise<void> {
  const order = async (path: string, body: Record<string, unknown>) => {
    const asAlice = { apiKey: system.operatorKeys.alice, key: freshKey() };
    const answer = await system.request('POST', `/v1/operator/${path}`, { ...asAlice, body });
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
    return answer.body;
  };
  const merchants = [
    { name: 'Lindqvist Coffee', country: 'SE', category: '5814', routing_approval: true },
    {
      name: 'Tasca do Bairro',
      country: 'PT',
      category: '5812',
      case_limits: { four_eyes: { EUR: 50_000 }, write_off: { EUR: 2_500 } },
    },
    {
      name: 'Hallertau Hop Trade',
      country: 'DE',
      category: '5499',
      return_origins: ['https://hops.example'],
    },
  ];
  for (const each of merchants) {
    const { id: merchant } = await order('merchants', { ...each, reason: 'contract signed' });
    const { key: apiKey } = await order('keys', {
      merchant,
      mode: 'test',
      name: `${each.name}: shop`,
      reason: 'their shop',
    });
    const account = { merchant, mode: 'test', provider: 'stripe', base_url: system.providerUrls.stripe };
    await order('accounts', { ...account, reason: 'their account' });
    const url = `http://127.0.0.1:65010/${each.country}/interlock`;
    const body = { url, event_types: ['payment.succeeded', 'payment.failed'], description: each.name };
    await system.request('POST', '/v1/webhook_endpoints', { apiKey, key: freshKey(), body });
  }
  const spare = { merchant: 'mer_demo', mode: 'test', name: 'old terminal', reason: 'for a trial' };
  const { id: leaked } = await order('keys', spare);
  await order(`keys/${leaked}/revoke`, { reason: 'found in a public repository' });
  // The value is what the simulator takes already: payments go on.
  const secrets = system.config.providerSecrets.pa_demo_stripe;
  await order('accounts/pa_demo_stripe/secrets', { secrets, reason: 'rotated every quarter' });
}

/** What the demo has brought to an end, and pages want to show: doubts, dead letters, a back-test. Returns the back-test's id. */
async function leaveWork({ system }: Desk): Promise<string> {
  await system.pay({
    amount: 12_900,
    currency: 'EUR',
    reference: ORDER,
    payment_method: await system.card(),
  });
  for (const [name, error] of [
    ['warehouse', 'HTTP 500'],
    ['accounting', 'no answer within 10 s'],
    ['loyalty', 'HTTP 404'],
  ] as const)
    await deadLetter(desk, error, name, `http://127.0.0.1:65009/${name}`);
  const started = await system.request('POST', '/v1/routing/backtests', {
    key: freshKey(),
    body: { version: await newestPolicy(system) },
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
  // In dollars: the demo's policy sends euros to Adyen, and it is Stripe that gives no answer.
  const resolved = await doubtful(desk, { amount: 4_500, currency: 'USD', reference: 'order-20418' });
  await proposeOutcome(desk, resolved, 'Nothing of it in their dashboard; ticket 4711');
  await doubtful(desk, { amount: 8_990, currency: 'USD', reference: 'order-20419' });
  return id;
}

/** The audit log with its chains recomputed. */
async function verified(visit: Visit): Promise<void> {
  await visit.goto('/settings/audit');
  await visit.page.getByRole('button', { name: 'Verify', exact: true }).click();
  await visit.page.getByText('Every chain is whole.').waitFor();
  await take(visit, 'audit');
}

async function simulate(visit: Visit): Promise<void> {
  // The form and what comes of it, in one picture.
  await visit.page.setViewportSize(TALL);
  await visit.goto('/policies/simulator?merchant=mer_demo/test');
  await visit.page.getByLabel('Amount').fill('250');
  await visit.page.getByRole('button', { name: 'Simulate' }).click();
  await visit.page.getByRole('table', { name: 'Candidates' }).waitFor();
  await take(visit, 'simulator');
  await visit.page.setViewportSize(SCREEN);
}

async function search(visit: Visit, text: string): Promise<void> {
  await visit.goto('/payments');
  await settled(visit);
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
