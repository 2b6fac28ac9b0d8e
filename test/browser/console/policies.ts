import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../../domain/access/roles.ts';
import { type Desk, expectQuiet, type Hired, type Visit } from './desk.ts';

const LIST = '/policies?merchant=mer_demo/test';

const POLICY = (name: string, condition: string) => `format: interlock/routing@1
name: ${name}
rules:
  - name: large tickets
    when: ${condition}
    choose: { order: [adyen, stripe] }
otherwise:
  choose: { order: [stripe, adyen] }
`;

/** A policy from its first line to deciding payments: written, corrected where it is wrong, tried, and moved by people. */
export function policies(desk: () => Desk): void {
  describe('a routing policy', () => {
    let visit: Visit;
    let version = 0;
    beforeAll(async () => {
      ({ visit } = await comeIn(desk(), 'operator', LIST));
    });
    afterAll(async () => {
      await visit?.close();
    });
    const editor = () => visit.page.getByRole('textbox', { name: 'Policy in YAML' });

    it('is marked where it is wrong, with the reason and a hint, and valid once that is mended', async () => {
      const { page } = visit;
      await page.getByRole('link', { name: 'New version' }).click();
      await rewrite(page, POLICY('Console', 'amonut >= minor(100, currency)'));
      await page.getByRole('button', { name: /^Line 5, column \d+:/ }).waitFor();
      await page.locator('.cm-lintRange-error').first().waitFor();
      await page.getByRole('button', { name: /^Line 5/ }).click();
      expect(await page.evaluate<boolean>(`document.activeElement.classList.contains('editor')`)).toBe(true);
      await rewrite(page, POLICY('Console', 'amount >= minor(100, currency)'));
      await page.getByText('Valid.').waitFor();
      expect(await page.locator('.cm-lintRange-error').count()).toBe(0);
    });

    it('is typed into the editor as text: no key of it is a shortcut', async () => {
      await editor().focus();
      await visit.page.keyboard.press('Control+End');
      await visit.page.keyboard.type('# /?gpjx');
      expect(new URL(visit.page.url()).pathname).toBe('/console/policies/new');
      expect(await visit.page.locator('dialog[open]').count()).toBe(0);
      expect(await editor().textContent()).toContain('# /?gpjx');
    });

    it('is tried on a payment that nobody makes, before it is saved', async () => {
      const { page } = visit;
      await page.getByLabel('Amount').fill('250');
      await page.getByRole('button', { name: 'Simulate' }).click();
      await page.getByText('Goes to adyen, then stripe.').waitFor();
      await page.getByLabel('Amount').fill('20');
      await page.getByRole('button', { name: 'Simulate' }).click();
      await page.getByText('Goes to stripe, then adyen.').waitFor();
      await page.getByRole('table', { name: 'Candidates' }).waitFor();
    });

    it('keeps the currency that was simulated beside its numbers, whatever the form says by now', async () => {
      const { page } = visit;
      const simulations = '**/v1/routing/simulate';
      // These accounts have no prices; what matters is what stands beside one.
      await page.route(simulations, async (route) => {
        const response = await route.fetch();
        const decision = await response.json();
        const candidates = decision.candidates.map((each: object) => ({ ...each, fee: 123 }));
        await route.fulfill({ response, json: { ...decision, candidates } });
      });
      await page.getByRole('button', { name: 'Simulate' }).click();
      const found = page.getByRole('table', { name: 'Candidates' });
      await found.getByText('1.23 EUR').first().waitFor();
      await page.unroute(simulations);
      const shown = await found.textContent();
      await page.getByLabel('Currency').fill('JPY');
      expect(await found.textContent()).toBe(shown);
      await page.getByLabel('Currency').fill('EUR');
    });

    it('is saved with a reason, and then in turn compared, a canary’s, and the one that decides', async () => {
      const { page } = visit;
      await page.getByRole('button', { name: 'Save…' }).click();
      await confirm(page, 'written in the console', 'Save');
      await page.waitForURL(/\/console\/policies\/\d+/);
      version = Number(/policies\/(\d+)/.exec(page.url())?.[1]);
      for (const [press, label, status] of [
        ['Shadow…', 'Shadow', 'shadow'],
        ['Start canary at 5%…', 'Canary at 5%', 'canary 5%'],
        ['Promote…', 'Promote', 'active'],
      ] as const) {
        await page.getByRole('button', { name: press }).click();
        await confirm(page, `${label} by the test`, label);
        await page.locator('.page-head .badge', { hasText: status }).waitFor();
      }
      const [row] = await desk().system.sql<{ status: string; author: string }>(
        `SELECT status, author FROM routing_policy WHERE merchant_id = 'mer_demo' AND mode = 'test' AND version = $1`,
        [version],
      );
      expect(row).toMatchObject({ status: 'active', author: expect.stringMatching(/^operator:opr_/) });
      const said = await page.locator('.history').textContent();
      for (const part of ['Promote by the test', 'Shadow by the test', 'written in the console'])
        expect(said).toContain(part);
    });

    it('is compared with another line by line', async () => {
      const { page } = visit;
      const diff = page.getByRole('region', { name: /^Differences from version/ });
      await diff.waitFor();
      expect(await diff.locator('.added').first().textContent()).toMatch(/^\+/);
    });

    it('keeps its page, and the dialog with what was typed, when it cannot be read again', async () => {
      const { page } = visit;
      visit.forgive(/\b429\b.*\/v1\/routing\/policies\//);
      await page.getByRole('button', { name: 'Roll back to the one before…' }).click();
      const reason = page.getByRole('dialog').getByLabel('Reason');
      await reason.fill('typed before the failure');
      const here = `**/v1/routing/policies/${version}`;
      await page.route(here, (route) =>
        route.fulfill({ status: 429, json: { error: { type: 'api_error', message: 'Too many requests.' } } }),
      );
      await page.getByText('Too many requests.').waitFor({ timeout: 20_000 });
      expect(await reason.inputValue()).toBe('typed before the failure');
      await page.unroute(here);
      await page.getByText('Too many requests.').waitFor({ state: 'detached', timeout: 20_000 });
      expect(await reason.inputValue()).toBe('typed before the failure');
      await page.keyboard.press('Escape');
    });

    it('is known to decide, and compared with, however many versions were saved since', async () => {
      const { page } = visit;
      // As if so many were saved since that it is on no first page.
      const lists = '**/v1/routing/policies?limit=*';
      await page.route(lists, async (route) => {
        const response = await route.fetch();
        const list = await response.json();
        const data = list.data.filter(({ status }: { status: string }) => status !== 'active');
        await route.fulfill({ response, json: { ...list, data } });
      });
      await visit.goto(LIST);
      const other = page.getByRole('table', { name: 'Versions, newest first' }).getByRole('link').first();
      await other.waitFor();
      expect(await page.getByText('No version of this merchant is active').count()).toBe(0);
      await other.click();
      await page.getByRole('region', { name: `Differences from version ${version}` }).waitFor();
      await page.unroute(lists);
      await visit.goto(`/policies/${version}?merchant=mer_demo/test`);
    });

    it('is held against the merchant’s past payments, with how sure that is', async () => {
      const { page } = visit;
      const { system } = desk();
      for (const amount of [2_000, 25_000])
        await system.pay({ amount, currency: 'EUR', payment_method: await system.card() });
      await page.getByRole('link', { name: 'Back-tests' }).click();
      await page.getByRole('button', { name: 'Start', exact: true }).click();
      await page.waitForURL(/\/policies\/backtests\/rbt_/);
      await page.getByText(/^Success would change by/).waitFor();
      await page.getByText('In 95 of 100 cases between').waitFor();
      await visit.goto(`/policies/${version}?merchant=mer_demo/test`);
    });

    it('needs a second person where the merchant wants two', async () => {
      const { page } = visit;
      await desk().system.sql(`UPDATE merchant SET routing_approval = true WHERE id = 'mer_demo'`);
      await visit.goto(`/policies/new?merchant=mer_demo/test&from=${version}`);
      await rewrite(page, POLICY('Console, again', 'amount >= minor(200, currency)'));
      await page.getByText('Valid.').waitFor();
      await page.getByRole('button', { name: 'Save…' }).click();
      await confirm(page, 'for two people', 'Save');
      await page.waitForURL(/\/console\/policies\/\d+/);
      await page.getByText('This merchant wants two people').waitFor();
      await page.getByRole('button', { name: 'Promote…' }).click();
      await confirm(page, 'should decide', 'Propose');
      const approve = page.getByRole('button', { name: 'Approve…' });
      await approve.waitFor();
      expect(await approve.isDisabled()).toBe(true);
      const { visit: other } = await comeIn(desk(), 'operator', '/queues/approvals');
      await other.page.getByRole('link', { name: /^Console, again, version/ }).click();
      await other.page.getByRole('button', { name: 'Approve…' }).click();
      await confirm(other.page, 'read and agreed', 'Approve');
      await other.page.locator('.page-head .badge', { hasText: 'active' }).waitFor();
      expectQuiet(other);
      await other.close();
      await desk().system.sql(`UPDATE merchant SET routing_approval = false WHERE id = 'mer_demo'`);
    });

    it('is rolled back to the one before', async () => {
      const { page } = visit;
      await page.reload();
      await page.getByRole('button', { name: 'Roll back to the one before…' }).click();
      await confirm(page, 'it was a mistake', 'Roll back');
      await page.locator('.page-head .badge', { hasText: 'archived' }).waitFor();
    });

    it('is read, and neither written nor moved, by who only reads', async () => {
      const { visit: reader } = await comeIn(
        desk(),
        'read_only',
        `/policies/${version}?merchant=mer_demo/test`,
      );
      await reader.page.getByRole('heading', { name: 'History' }).waitFor();
      for (const name of ['Promote…', 'Shadow…', 'New version from this', 'Roll back to this…'])
        expect(await reader.page.getByText(name).count()).toBe(0);
      expectQuiet(reader);
      await reader.close();
    });

    it('complained of nothing', () => expectQuiet(visit));
  });
}

/** Somebody of a role, signed in and at a place, in a window of their own. */
export async function comeIn(
  desk: Desk,
  role: Role,
  place: string,
): Promise<{ readonly visit: Visit; readonly person: Hired }> {
  const [visit, person] = await Promise.all([desk.open(), desk.hire(role)]);
  await visit.goto(place);
  await visit.signIn(person);
  return { visit, person };
}

/** The whole text, at once: typed line by line the editor would indent it. */
async function rewrite(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Policy in YAML' }).focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(text);
}

export async function confirm(page: Page, reason: string, label: string): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Reason').fill(reason);
  await dialog.getByRole('button', { name: label, exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
}
