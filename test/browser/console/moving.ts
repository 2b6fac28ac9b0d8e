import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../../domain/access/roles.ts';
import { type Desk, expectQuiet, type Visit } from './desk.ts';
import { settled } from './pages.ts';

type Place = readonly [path: string, text: string];
const VOID: Place = ['/payments/:payment', 'Void'];
const FILE: Place = ['/analytics/approval', 'Download CSV'];
const NEW_POLICY: Place = ['/policies?merchant=mer_demo/test', 'New version'];
const SIMULATE: Place = ['/policies/simulator?merchant=mer_demo/test', 'Simulate'];
const MOVE: Place = ['/policies/experiments?merchant=mer_demo/test', 'Start…'];
const LOG: Place = ['/settings', 'Audit log'];
const NEW_MERCHANT: Place = ['/settings', 'New merchant'];
const PEOPLE: Place = ['/settings', 'People'];

/** By role: what its pages offer, and what they don't. */
const HIDDEN: readonly (readonly [Role, readonly Place[], readonly Place[]])[] = [
  ['read_only', [], [VOID, FILE, NEW_POLICY, SIMULATE, MOVE, LOG, NEW_MERCHANT, PEOPLE]],
  ['analyst', [FILE, NEW_POLICY, SIMULATE], [VOID, MOVE, LOG, NEW_MERCHANT, PEOPLE]],
  ['admin', [VOID, FILE, NEW_POLICY, SIMULATE, MOVE, LOG, NEW_MERCHANT, PEOPLE], []],
];

/** From page to page without a mouse, in either theme. */
export function moving(desk: () => Desk): void {
  describe('the shell', () => {
    let visit: Visit;
    beforeAll(async () => {
      visit = await desk().open();
      await visit.goto('/');
      await visit.signIn(await desk().hire('admin'));
    });
    afterAll(async () => {
      await visit?.close();
    });
    const focused = () => visit.page.evaluate<string>('document.activeElement.textContent.trim()');

    it.each([
      ['p', 'Payments'],
      ['q', 'Queues'],
      ['a', 'Analytics'],
      ['r', 'Policies'],
      ['s', 'Settings'],
      ['o', 'Overview'],
    ])('goes to a page by g and %s', async (key, place) => {
      await visit.page.keyboard.press('g');
      await visit.page.keyboard.press(key);
      await visit.page
        .getByRole('navigation', { name: 'Main' })
        .locator('[aria-current="page"]', { hasText: place })
        .waitFor();
    });

    it('is reached by the tabulator alone, the content first', async () => {
      await visit.goto('/');
      await visit.page.getByRole('heading', { level: 1 }).first().waitFor();
      await visit.page.keyboard.press('Tab');
      expect(await focused()).toBe('Skip to the content');
      await visit.page.keyboard.press('Enter');
      expect(await visit.page.evaluate<string>('document.activeElement.id')).toBe('content');
    });

    it('explains its keys, and closes what is open by Escape', async () => {
      await visit.page.keyboard.press('?');
      const keys = visit.page.getByRole('dialog', { name: 'Keys' });
      await keys.waitFor();
      await visit.page.keyboard.press('Escape');
      await keys.waitFor({ state: 'detached' });
    });

    it('searches by / and opens what was found by Enter', async () => {
      const { system } = desk();
      const paid = await system.pay({
        amount: 4_200,
        currency: 'USD',
        reference: 'order-search-4200',
        payment_method: await system.card(),
      });
      expect(paid.status).toBe(201);
      await visit.page.keyboard.press('/');
      await visit.page.keyboard.type('order-search-4200');
      await visit.page.getByRole('listbox', { name: 'Results' }).getByRole('option').first().waitFor();
      await visit.page.keyboard.press('Enter');
      await visit.page.waitForURL(new RegExp(`/console/payments/${paid.body.id}`));
    });

    it('tells plainly that nothing has an id, and opens nothing', async () => {
      await visit.page.keyboard.press('Control+k');
      await visit.page.keyboard.type('pay_zzzzzzzzzzzzzzzzzzzzzzzzzz');
      await visit.page.getByText('Nothing has this id or reference.').waitFor();
      await visit.page.keyboard.press('Enter');
      await visit.page.getByRole('dialog', { name: 'Search' }).waitFor();
      await visit.page.keyboard.press('Escape');
    });

    it('has a theme that is chosen, kept, and the system’s otherwise', async () => {
      const ground = () =>
        visit.page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
      const { page } = visit;
      await page.emulateMedia({ colorScheme: 'light' });
      const light = await ground();
      await page.emulateMedia({ colorScheme: 'dark' });
      const dark = await ground();
      expect(dark).not.toBe(light);
      await page.getByLabel('Theme').selectOption('light');
      expect(await ground()).toBe(light);
      await page.reload();
      await page.getByRole('navigation', { name: 'Main' }).waitFor();
      expect(await ground()).toBe(light);
      await page.getByLabel('Theme').selectOption('system');
      expect(await ground()).toBe(dark);
      await page.emulateMedia({ colorScheme: 'light' });
    });

    it('says in a page’s own place that there is no such page', async () => {
      await visit.goto('/nowhere');
      await visit.page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    });

    it.each(HIDDEN)('hides what a role may not do: %s', async (role, shown, hidden) => {
      const { system } = desk();
      const paid = await system.pay({
        amount: 3_100,
        currency: 'EUR',
        capture_method: 'manual',
        payment_method: await system.card(),
      });
      const someone = await desk().open();
      await someone.goto('/');
      await someone.signIn(await desk().hire(role));
      const pathOf = (path: string) => path.replace(':payment', paid.body.id);
      // Each is there for who may: that nothing of the kind is found must not be for want of it.
      const places = [...shown, ...hidden];
      for (const path of new Set(places.map(([path]) => path))) {
        await someone.goto(pathOf(path));
        await settled(someone);
        for (const place of places.filter((each) => each[0] === path)) {
          const found = someone.page.locator('main').getByText(place[1], { exact: true });
          expect([...place, (await found.count()) > 0]).toEqual([...place, shown.includes(place)]);
        }
      }
      expectQuiet(someone);
      await someone.close();
    });

    it('complained of nothing', () => expectQuiet(visit));
  });
}
