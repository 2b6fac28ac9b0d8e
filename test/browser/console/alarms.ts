import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../support/harness.ts';
import { type Desk, expectQuiet, type Hired, type Visit } from './desk.ts';
import { comeIn, confirm } from './policies.ts';
import { alarm, clearAlarms, damage } from './rows.ts';

/** Woken by an alarm: from the overview to what to do, and to its end where a person decides that. */
export function alarms(desk: () => Desk): void {
  describe('an alarm', () => {
    let visit: Visit;
    let person: Hired;
    beforeAll(async () => {
      await alarm(desk());
      await damage(desk());
      ({ visit, person } = await comeIn(desk(), 'operator', '/'));
    });
    afterAll(async () => {
      await clearAlarms(desk());
      await visit?.close();
    });
    const fired = (name: string) => visit.page.getByRole('region', { name: 'Alarms' }).getByText(name);

    it('leads to its runbook, a page of the console, and from there to others', async () => {
      const { page } = visit;
      await page.getByRole('link', { name: 'Runbook of ProviderNotAnswering' }).click();
      await page.waitForURL(/\/console\/runbooks\/provider-not-answering/);
      await page.getByRole('heading', { level: 1, name: /leaves requests without an answer/ }).waitFor();
      const sections = await page.locator('main h2').allTextContents();
      expect(sections).toEqual(['What it means', 'First look', 'What to do', 'How it ends']);
      await page.getByRole('link', { name: 'All alarms' }).click();
      await page.getByRole('heading', { level: 1, name: 'Runbooks' }).waitFor();
      await page.getByRole('link', { name: "Providers' webhooks are not read" }).click();
      await page.waitForURL(/\/console\/runbooks\/inbox-stale/);
      await visit.goto('/runbooks/no-such-page');
      await page.getByRole('heading', { name: 'There is no such runbook' }).waitFor();
    });

    it('that does not end by itself is cleared by who may act, once, with a reason that is kept', async () => {
      const { page } = visit;
      await visit.goto('/');
      // The other one ends by itself: nobody is asked to say so.
      await fired('ProviderNotAnswering').first().waitFor();
      expect(await page.getByRole('button', { name: 'Clear…' }).count()).toBe(1);
      await page.getByRole('button', { name: 'Clear… LedgerUnbalanced', exact: true }).click();
      const dialog = page.getByRole('dialog', { name: 'Clear LedgerUnbalanced' });
      await dialog.getByText('one transaction does not come to nothing').waitFor();
      expect(await dialog.getByRole('button', { name: 'Clear' }).isDisabled()).toBe(true);
      await confirm(page, 'corrected by case exc_1', 'Clear');
      await fired('LedgerUnbalanced').first().waitFor({ state: 'detached' });
      const acts = await desk().system.sql<{ actor: string; reason: string }>(
        `SELECT actor, reason FROM admin_audit WHERE action = 'alarm.cleared'`,
      );
      expect(acts).toEqual([
        { actor: expect.stringContaining(person.id), reason: 'corrected by case exc_1' },
      ]);
    });

    it('is told in words where somebody else has cleared it meanwhile', async () => {
      const { page } = visit;
      await damage(desk());
      await visit.goto('/');
      await page.getByRole('button', { name: 'Clear… LedgerUnbalanced', exact: true }).click();
      await desk().system.sql(`UPDATE alarm SET resolved_at = now() WHERE name = 'LedgerUnbalanced'`);
      visit.forgive(/\b404\b.*alarms\/clear/);
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Reason').fill('as well');
      await dialog.getByRole('button', { name: 'Clear' }).click();
      await dialog.getByRole('alert').getByText('No such object.').waitFor();
      await fired('LedgerUnbalanced').first().waitFor({ state: 'detached' });
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
    });

    it('is seen by who may only look, who is not asked to clear it', async () => {
      await damage(desk());
      const { visit: other } = await comeIn(desk(), 'read_only', '/');
      const region = other.page.getByRole('region', { name: 'Alarms' });
      await waitFor(async () => (await region.getByText('LedgerUnbalanced').count()) > 0, {
        what: 'the alarm to be shown',
      });
      expect(await other.page.getByRole('button', { name: 'Clear…' }).count()).toBe(0);
      expectQuiet(other);
      await other.close();
    });

    it('complained of nothing', () => expectQuiet(visit));
  });
}
