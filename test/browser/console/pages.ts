import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../support/harness.ts';
import { type Desk, expectQuiet, type Visit } from './desk.ts';
import { alarm, clearAlarms, damage, hostileRows, type Rows } from './rows.ts';

/** What must hold of every page, however it looks and whoever made it. */

/** The budget of a first load, everything that is requested, compressed. */
const FIRST_LOAD_BYTES = 350 * 1024;
const LAYOUT_SHIFT = 0.01;
const PHONE = { width: 390, height: 844 };
const SCREEN = { width: 1280, height: 800 };

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** `:payment`, `:exception` and `:backtest` stand for ids of the rows that are made before. */
export const PAGES = [
  '/',
  '/payments',
  '/payments/:payment',
  '/analytics',
  '/queues',
  '/queues/exceptions',
  '/queues/exceptions/:exception',
  '/queues/webhooks',
  '/queues/letters',
  '/queues/reviews',
  '/queues/unknowns',
  '/queues/approvals',
  '/policies',
  '/policies/1',
  '/policies/new',
  '/policies/simulator',
  '/policies/backtests',
  '/policies/backtests/:backtest',
  '/policies/experiments',
  '/policies/health',
  '/policies/catalogue',
  '/policies/platform',
  '/settings',
  '/settings/keys',
  '/settings/endpoints',
  '/settings/accounts/pa_demo_stripe',
  '/settings/accounts/pa_hostile',
  '/settings/people',
  '/settings/accounts',
  '/settings/audit',
  '/runbooks',
  '/runbooks/unknown-outcome-too-old',
  '/account',
] as const;

/** Lists that would say nothing of their pages if they were empty. */
const FULL = [
  '/queues',
  '/queues/exceptions',
  '/queues/webhooks',
  '/queues/letters',
  '/queues/reviews',
  '/queues/approvals',
];

/** A dialog of each kind: where, and what opens it. */
const DIALOGS = [
  ['/payments/:payment', 'Refund'],
  ['/queues/unknowns', 'Ask now'],
  ['/queues/exceptions/:exception', 'Dispose…'],
  ['/policies/experiments', 'Start…'],
  ['/settings/merchants', 'New merchant'],
  ['/settings/accounts/pa_demo_stripe', 'Set secrets'],
] as const;

export function everyPage(desk: () => Desk): void {
  describe('every page', () => {
    let visit: Visit;
    let rows: Rows;
    beforeAll(async () => {
      rows = await hostileRows(desk());
      visit = await desk().open();
      await visit.context.addInitScript(WATCH_LAYOUT);
      await visit.goto('/account');
      await visit.signIn(await desk().hire('admin'));
    });
    afterAll(async () => {
      await desk().system.clearFaults();
      await visit?.close();
    });
    const open = async (pattern: string) => {
      const merchant = pattern.startsWith('/policies') ? '?merchant=mer_demo/test' : '';
      const path = pattern.replace(/:(payment|exception|backtest)/, (_, name: keyof Rows) =>
        encodeURIComponent(rows[name]),
      );
      await visit.page.setViewportSize(SCREEN);
      await visit.goto(`${path}${merchant}`);
      await settled(visit);
    };

    it.each(PAGES)('%s is accessible, still, quiet, and no wider than a phone', async (pattern) => {
      const { page } = visit;
      await open(pattern);
      if (FULL.includes(pattern)) expect(await page.locator('main tbody tr').count()).toBeGreaterThan(0);
      expect(await movesOf(visit)).toEqual([]);
      expect(await visit.page.evaluate<readonly string[]>(OVERFLOW)).toEqual([]);
      expect(await findingsOf(visit)).toEqual([]);
      // Of the theme only colours depend, and some of what a screen shows a phone doesn't. Axe is what takes long: so no more of it.
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await findingsOf(visit, CONTRAST)).toEqual([]);
      await page.setViewportSize(PHONE);
      expect(await visit.page.evaluate<readonly string[]>(OVERFLOW)).toEqual([]);
      expect(await findingsOf(visit)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'light' });
      expect(await page.evaluate<boolean>(`'ran' in window`)).toBe(false);
      expectQuiet(visit);
    });

    it.each(DIALOGS)(
      '%s has a dialog "%s" that is accessible, in either theme and on a phone',
      async (...at) => {
        const [pattern, opener] = at;
        const { page } = visit;
        await open(pattern);
        await page.locator('main').getByRole('button', { name: opener, exact: true }).first().click();
        await page.getByRole('dialog').waitFor();
        expect(await findingsOf(visit)).toEqual([]);
        await page.emulateMedia({ colorScheme: 'dark' });
        expect(await findingsOf(visit)).toEqual([]);
        await page.emulateMedia({ colorScheme: 'light' });
        await page.setViewportSize(PHONE);
        expect(await page.evaluate<readonly string[]>(OVERFLOW)).toEqual([]);
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
        expectQuiet(visit);
      },
    );

    it('/ is still and accessible while an alarm fires', async () => {
      const { page } = visit;
      await alarm(desk());
      await damage(desk());
      await open('/');
      await page.getByRole('link', { name: 'Runbook of ProviderNotAnswering' }).waitFor();
      expect(await movesOf(visit)).toEqual([]);
      expect(await findingsOf(visit)).toEqual([]);
      await page.setViewportSize(PHONE);
      expect(await page.evaluate<readonly string[]>(OVERFLOW)).toEqual([]);
      await page.getByRole('button', { name: 'Clear… LedgerUnbalanced', exact: true }).click();
      await page.getByRole('dialog').waitFor();
      expect(await findingsOf(visit)).toEqual([]);
      expect(await page.evaluate<readonly string[]>(OVERFLOW)).toEqual([]);
      await clearAlarms(desk());
    });

    it('/sign-in is, too', async () => {
      const stranger = await desk().open();
      await stranger.context.addInitScript(WATCH_LAYOUT);
      await stranger.goto('/sign-in');
      await settled(stranger);
      expect(await movesOf(stranger)).toEqual([]);
      expect(await findingsOf(stranger)).toEqual([]);
      await stranger.page.emulateMedia({ colorScheme: 'dark' });
      expect(await findingsOf(stranger)).toEqual([]);
      await stranger.page.setViewportSize(PHONE);
      expect(await stranger.page.evaluate<readonly string[]>(OVERFLOW)).toEqual([]);
      expectQuiet(stranger);
      await stranger.close();
    });

    it.each(['/sign-in', '/'])('%s is loaded for the first time within its budget', async (path) => {
      const fresh = await desk().open(
        path === '/' ? { storageState: await visit.context.storageState() } : {},
      );
      const urls = new Set<string>();
      fresh.page.on('requestfinished', (request) => {
        if (!request.url().startsWith('data:')) urls.add(request.url());
      });
      await fresh.goto(path);
      await settled(fresh);
      const cookie = (await fresh.context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
      const sizes = await Promise.all([...urls].map((url) => gzippedBytes(url, cookie)));
      const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
      console.info(`first load of ${path}: ${urls.size} requests, ${Math.round(total / 1024)} KB gzipped`);
      expect(total).toBeGreaterThan(50 * 1024);
      expect(total).toBeLessThan(FIRST_LOAD_BYTES);
      await fresh.close();
    });
  });
}

/** Runs in the page, before anything of it: what moves without anybody's doing is written down, with how far. */
const WATCH_LAYOUT = `
  window.moved = [];
  new PerformanceObserver((list) => {
    for (const { hadRecentInput, value, sources } of list.getEntries()) {
      if (hadRecentInput) continue;
      const nodes = sources.map(({ node }) => (node?.outerHTML ?? String(node?.textContent)).slice(0, 120));
      window.moved.push({ value, nodes });
    }
  }).observe({ type: 'layout-shift', buffered: true });`;

interface Move {
  readonly value: number;
  readonly nodes: readonly string[];
}

/** Nothing to speak of; else what moved. */
async function movesOf({ page }: Visit): Promise<readonly Move[]> {
  const moves = await page.evaluate<readonly Move[]>('moved');
  return moves.reduce((sum, { value }) => sum + value, 0) < LAYOUT_SHIFT ? [] : moves;
}

/** What of the page lies beyond its right edge, where that makes it wider than the window. */
const OVERFLOW = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const isBeyond = (element) => element.getBoundingClientRect().right > clientWidth + 1;
  const beyond = [...document.querySelectorAll('body *')].filter(isBeyond);
  return [\`\${scrollWidth - clientWidth} px\`, ...beyond.slice(0, 12).map(({ outerHTML }) => outerHTML.slice(0, 120))];
})()`;

/** Two frames after it was asked: whether nothing of the page is on its way any more. */
const IS_STILL = `new Promise((resolve) => {
  const isDone = () => document.querySelector('[aria-busy="true"], .skeleton') === null;
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(isDone())));
})`;

const AXE = `axe.run(document, { resultTypes: ['violations'] })`;
const CONTRAST = `axe.run(document, { resultTypes: ['violations'], runOnly: ['color-contrast'] })`;

/** Its heading is there, and everything that it asked for. */
export async function settled({ page }: Visit): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await waitFor(() => page.evaluate<boolean>(IS_STILL), { what: `${page.url()} to be there` });
}

/** What axe holds for serious or critical, in words that name the element. */
async function findingsOf({ page }: Visit, asked = AXE): Promise<readonly string[]> {
  // By the debugger, which the page's policy doesn't hold.
  if (!(await page.evaluate<boolean>(`'axe' in window`))) await page.evaluate(axeSource);
  const { violations } = await page.evaluate<AxeResults>(asked);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

/** Of the response as it comes over the wire to whoever accepts gzip, headers left out. */
async function gzippedBytes(url: string, cookie: string): Promise<number> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { 'accept-encoding': 'gzip', cookie } }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.byteLength;
      });
      response.on('end', () => resolve(bytes));
      response.on('error', reject);
    });
    asked.on('error', reject).end();
  });
}
