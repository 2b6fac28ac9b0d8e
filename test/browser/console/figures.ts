import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../support/harness.ts';
import { type Desk, expectQuiet, type Visit } from './desk.ts';

/** Overview and analytics: from a figure to its filters, its table, its file, and the payments behind it. */
export function figures(desk: () => Desk): void {
  describe('figures', () => {
    let visit: Visit;

    beforeAll(async () => {
      const { system } = desk();
      for (let each = 0; each < 3; each += 1) {
        const payment_method = await system.card('4242424242424242');
        await system.pay({ amount: 1_000 + each, currency: 'USD', payment_method });
      }
      const apiKey = system.operatorKeys.alice;
      const counted = async () =>
        (await system.request('GET', '/v1/operator/overview?mode=test', { apiKey })).body.payments.payments >=
        3;
      await waitFor(counted, { timeoutMs: 90_000, what: 'the figures of three payments' });
      visit = await desk().open();
      await visit.goto('/');
      await visit.signIn(await desk().hire('analyst'));
    });
    afterAll(async () => {
      await visit?.close();
    });

    it('show on the overview how it stands', async () => {
      const { page } = visit;
      await page.getByText(/Figures complete until/).waitFor();
      await page.getByRole('link', { name: /^Payments\s*\d+/ }).waitFor();
      await page
        .getByRole('table', { name: /Provider accounts/ })
        .getByText('healthy')
        .first()
        .waitFor();
      await page.getByRole('link', { name: /^Payments\s*\d+/ }).click();
      await page.waitForURL(/\/payments\?.*created_from=.*created_before=/);
      await page.getByRole('row', { name: /10\.02 USD/ }).waitFor();
      await page.goBack();
      await page.getByRole('link', { name: /^Approval\s/ }).click();
      await page.getByRole('heading', { name: 'Approval', level: 1 }).waitFor();
    });

    it('keep their filters in the address, and have a table for what is drawn', async () => {
      const { page } = visit;
      await page.getByLabel('By time').selectOption('day');
      await page.waitForURL(/bucket=day/);
      await page.getByLabel('Told apart by').selectOption('brand');
      await page.waitForURL(/by=brand/);
      await page.getByRole('cell', { name: 'visa' }).first().waitFor();
      await page.reload();
      await page.getByRole('cell', { name: 'visa' }).first().waitFor();
      await page
        .getByText(/too few/)
        .first()
        .waitFor();
    });

    it('can be taken away as a file', async () => {
      const { page } = visit;
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: 'Download CSV' }).click(),
      ]);
      const lines = (await readFile(await download.path(), 'utf8')).split('\r\n');
      expect(lines[0]).toMatch(/^from,brand,/);
      expect(lines.some((line) => line.includes(',visa,'))).toBe(true);
    });

    it('lead to every report, and to the payments behind a row', async () => {
      const { page } = visit;
      for (const name of ['Declines', 'Retries', 'Routing', 'Fees', '3DS2', 'Latency', 'Volume']) {
        await page.getByRole('navigation', { name: 'Reports' }).getByRole('link', { name }).click();
        await page.getByRole('heading', { name, level: 1 }).waitFor();
      }
      await page.getByRole('cell', { name: 'USD' }).first().click();
      await page.waitForURL(/\/payments\?.*currency=USD/);
      // The list stands at the period of the figures, and says so.
      const [from, before] = await Promise.all([
        page.getByLabel('Created from').inputValue(),
        page.getByLabel('Created before').inputValue(),
      ]);
      expect(Date.parse(before) - Date.parse(from)).toBe(30 * 86_400_000);
      await page.getByRole('row', { name: /10\.02 USD/ }).waitFor();
      expectQuiet(visit);
    });
  });
}
