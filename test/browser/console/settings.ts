import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Desk, expectQuiet, type Hired, type Visit } from './desk.ts';
import { comeIn, confirm } from './policies.ts';

const HOSTILE = '<img src=x onerror=alert(1)>';
const SECRET = 'sk_test_typed_into_a_page';
const SECRET_THERE = 'sk_test_typed_for_another_place';
const THERE = 'http://127.0.0.1:65010';
const SECRET_ELSEWHERE = 'sk_test_typed_for_a_third_place';
const ELSEWHERE = 'http://127.0.0.1:65011';

/** An installation set up at the page: merchant, key, account with its secrets, people; and what the log says of it after. */
export function settings(desk: () => Desk): void {
  describe('the settings', () => {
    let visit: Visit;
    let person: Hired;
    let merchant = '';
    let account = '';
    beforeAll(async () => {
      ({ visit, person } = await comeIn(desk(), 'admin', '/settings/merchants'));
    });
    afterAll(async () => {
      await visit?.close();
    });

    it('make a merchant whose name is text, whatever it says', async () => {
      const { page } = visit;
      await page.getByRole('button', { name: 'New merchant' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name').fill(HOSTILE);
      await dialog.getByLabel('Country').fill('de');
      await confirm(page, 'a new customer', 'Save');
      await page.getByRole('row', { name: /onerror/ }).waitFor();
      expect(await page.locator('img[src=x]').count()).toBe(0);
      const rows = await desk().system.sql<{ id: string }>('SELECT id FROM merchant WHERE name = $1', [
        HOSTILE,
      ]);
      merchant = rows[0]?.id ?? '';
      expect(merchant).toMatch(/^mer_/);
    });

    it('change of a merchant what was changed, and keep what somebody else did meanwhile', async () => {
      const { page } = visit;
      const { system } = desk();
      await page
        .getByRole('row', { name: /onerror/ })
        .getByRole('button')
        .filter({ hasText: 'Change' })
        .click();
      await page.getByRole('dialog').getByLabel('Category').fill('5942');
      await system.sql(
        `UPDATE merchant SET country = 'FR', return_origins = '{https://shop.example}' WHERE id = $1`,
        [merchant],
      );
      await confirm(page, 'they sell books', 'Save');
      const rows = await system.sql(
        'SELECT name, country, category, return_origins FROM merchant WHERE id = $1',
        [merchant],
      );
      expect(rows).toEqual([
        { name: HOSTILE, country: 'FR', category: '5942', return_origins: ['https://shop.example'] },
      ]);
    });

    it('tell a key once, and revoke it', async () => {
      const { page } = visit;
      await visit.goto('/settings/keys');
      await page.getByRole('button', { name: 'New key' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Merchant').fill(merchant);
      await dialog.getByLabel('Name').fill('checkout page');
      await order(page, 'their shop needs it', 'Make the key');
      const key = (await page.locator('.settings-told code').textContent()) ?? '';
      expect(key).toMatch(/^sk_test_/);
      await page.getByRole('button', { name: 'I have kept it' }).click();
      expect(await page.content()).not.toContain(key);
      await page.getByRole('button', { name: 'Revoke checkout page' }).click();
      await page
        .getByRole('dialog')
        .getByLabel(/to confirm/)
        .fill('revoke');
      await confirm(page, 'it leaked', 'Revoke');
      await page
        .getByRole('row', { name: /checkout page/ })
        .getByText('revoked')
        .waitFor();
    });

    it('take an account’s secrets, and show who set them and never what they are', async () => {
      const { system } = desk();
      const { page } = visit;
      await visit.goto('/settings/accounts');
      await page.getByRole('button', { name: 'New account' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Merchant').fill(merchant);
      await dialog.getByLabel('Provider').selectOption('stripe');
      await dialog.getByLabel('Address').fill(system.providerUrls.stripe);
      await confirm(page, 'their account', 'Make the account');
      await page.waitForURL(/\/settings\/accounts\/pa_/);
      account = page.url().split('/').at(-1)?.split('?')[0] ?? '';
      await page.getByRole('button', { name: 'Set secrets' }).click();
      const fields = page.getByRole('dialog');
      await fields.getByLabel('apiKey').fill(SECRET);
      await fields.getByLabel('webhookSecret').fill('whsec_typed');
      await confirm(page, 'as they gave them', 'Seal them');
      await page
        .getByText(/^set .* by admin/)
        .first()
        .waitFor();
      expect(await page.content()).not.toContain(SECRET);
      await page.getByRole('button', { name: 'Set secrets' }).click();
      expect(await page.getByRole('dialog').getByLabel('apiKey').inputValue()).toBe('');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Test connection' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Ask' }).click();
      await page.getByText('The provider refuses this account.').waitFor();
      await page.getByRole('button', { name: 'Enable', exact: true }).click();
      await confirm(page, 'it is theirs', 'Enable');
      await page.getByRole('button', { name: 'Disable', exact: true }).waitFor();
    });

    it('move an account only with its secrets given again, or left behind', async () => {
      const { page } = visit;
      await visit.goto(`/settings/accounts/${account}`);
      await page.getByRole('button', { name: 'Change', exact: true }).click();
      const dialog = page.getByRole('dialog');
      const save = dialog.getByRole('button', { name: 'Save', exact: true });
      expect(await dialog.getByLabel('apiKey').count()).toBe(0);
      visit.forgive(/\b400\b.*\/v1\/operator\/accounts\//);
      await dialog.getByLabel('Address').fill(THERE);
      await dialog.getByLabel('Reason').fill('they changed their provider’s region');
      await save.click();
      await dialog.getByText('The account moves.').waitFor();
      expect(await dialog.getByLabel('apiKey').inputValue()).toBe('');
      // What was typed for one address is not kept for the next.
      await dialog.getByLabel('apiKey').fill(SECRET_ELSEWHERE);
      await dialog.getByLabel('Address').fill(ELSEWHERE);
      await dialog.getByText('The account moves.').waitFor({ state: 'detached' });
      await dialog.getByLabel('Address').fill(THERE);
      await save.click();
      await dialog.getByText('The account moves.').waitFor();
      expect(await dialog.getByLabel('apiKey').inputValue()).toBe('');
      await dialog.getByLabel('apiKey').fill(SECRET_THERE);
      expect(await save.isDisabled()).toBe(true);
      await dialog.getByLabel('Drop the ones that are left empty').check();
      await save.click();
      await dialog.waitFor({ state: 'detached' });
      await page.getByText(THERE).waitFor();
      expect(await page.content()).not.toContain(SECRET_THERE);
      const kept = await desk().system.sql<{ name: string }>(
        'SELECT jsonb_object_keys(facts) AS name FROM provider_secret WHERE account_id = $1',
        [account],
      );
      expect(kept).toEqual([{ name: 'apiKey' }]);
    });

    it('change of an account what was changed, and keep what somebody else did meanwhile', async () => {
      const { page } = visit;
      const { system } = desk();
      await page.getByRole('button', { name: 'Change', exact: true }).click();
      await page
        .getByRole('dialog')
        .getByLabel('What differs from the catalogue')
        .fill('{"dailyLimitsMinor": {"EUR": 5}}');
      const move = (to: string) =>
        system.sql('UPDATE provider_account SET base_url = $2 WHERE id = $1', [account, to]);
      await move(ELSEWHERE);
      await confirm(page, 'no more a day', 'Save');
      const rows = await system.sql('SELECT base_url, catalogue FROM provider_account WHERE id = $1', [
        account,
      ]);
      expect(rows).toEqual([{ base_url: ELSEWHERE, catalogue: { dailyLimitsMinor: { EUR: 5 } } }]);
      await move(THERE);
    });

    it('let somebody in with a one-time password, and change their role', async () => {
      const { page } = visit;
      await visit.goto('/settings/people');
      await page.getByRole('button', { name: 'Add somebody' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name').fill('Nadia');
      await dialog.getByLabel('E-mail').fill('nadia@example.test');
      await order(page, 'she starts on Monday', 'Add');
      await page.locator('.settings-told code').waitFor();
      await page.getByRole('button', { name: 'I have kept it' }).click();
      await page.getByLabel('Act on Nadia').selectOption('role');
      await page.getByRole('dialog').getByLabel('Role').selectOption('analyst');
      await confirm(page, 'she analyses', 'Confirm');
      await page.getByRole('row', { name: /Nadia/ }).getByText('analyst').waitFor();
    });

    it('have it all in the audit log, whose chains are whole', async () => {
      const { page } = visit;
      await visit.goto(`/settings/audit?subject=${account}`);
      await page.getByText('account.secrets_set').waitFor();
      await page.getByText('as they gave them').waitFor();
      await page.getByText('account.moved').waitFor();
      for (const secret of [SECRET, SECRET_ELSEWHERE, SECRET_THERE])
        expect(await page.content()).not.toContain(secret);
      await page.getByRole('button', { name: 'Verify', exact: true }).click();
      await page.getByText('Every chain is whole.').waitFor();
      await visit.goto(`/settings/audit?actor=operator:${person.id}`);
      await page.getByText('merchant.created').waitFor();
      expectQuiet(visit);
    });

    it('take a secret away again', async () => {
      const { page } = visit;
      await visit.goto(`/settings/accounts/${account}`);
      await page.getByRole('button', { name: 'Set secrets' }).click();
      await page.getByRole('dialog').getByLabel('Take one away').selectOption('apiKey');
      await confirm(page, 'it was for trying', 'Seal them');
      // The other one was left behind when the account moved.
      await page.getByText('missing', { exact: true }).nth(1).waitFor();
      expect(await page.getByText('missing', { exact: true }).count()).toBe(2);
    });

    it('are only looked at by who may not change them', async () => {
      const { visit: reader } = await comeIn(desk(), 'read_only', '/settings/merchants');
      for (const place of ['merchants', 'keys', 'accounts', `accounts/${account}`, 'endpoints']) {
        await reader.goto(`/settings/${place}`);
        await reader.page.getByText('Only administrators change them.').waitFor();
        expect(
          await reader.page
            .getByRole('button', { name: /^(New |Set|Change|Revoke|Enable|Disable|Rotate)/ })
            .count(),
        ).toBe(0);
      }
      expectQuiet(reader);
      await reader.close();
    });
  });
}

/** As `confirm`, where another dialog follows that tells something once. */
async function order(page: Page, reason: string, label: string): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Reason').fill(reason);
  await dialog.getByRole('button', { name: label, exact: true }).click();
  await page.locator('.settings-told').waitFor();
}
