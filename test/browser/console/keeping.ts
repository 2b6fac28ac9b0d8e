import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../support/harness.ts';
import { type Desk, expectQuiet, type Hired, type Visit } from './desk.ts';
import { comeIn, confirm } from './policies.ts';

/** What must not get lost between a person and the API: an order's answer, what was typed, the stream of changes. */
export function keeping(desk: () => Desk): void {
  describe('nothing is lost', () => {
    let visit: Visit;
    let person: Hired;
    let payment = '';
    beforeAll(async () => {
      const { system } = desk();
      const paid = await system.pay({
        amount: 2_000,
        currency: 'EUR',
        reference: 'order-keeping',
        payment_method: await system.card(),
      });
      payment = paid.body.id;
      ({ visit, person } = await comeIn(desk(), 'operator', `/payments/${payment}`));
      visit.forgive(/\b(401|503)\b|ERR_FAILED/);
    });
    afterAll(async () => {
      await visit?.close();
    });
    const dialog = () => visit.page.getByRole('dialog', { name: 'Refund' });
    const openRefund = async (reason: string) => {
      await visit.page.locator('[data-action="refund"]').click();
      await dialog().getByLabel('Amount in EUR').fill('5.00');
      await dialog().getByLabel('Reason').fill(reason);
    };

    it('when an answer is: Escape waits for it, and the same order in a new dialog refunds once', async () => {
      const { page } = visit;
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      await page.route('**/refunds', async (route) => {
        await route.fetch();
        await held;
        await route.abort();
      });
      await openRefund('the cup was broken');
      await dialog().getByRole('button', { name: 'Refund', exact: true }).click();
      await dialog().locator('[aria-busy="true"]').waitFor();
      for (const _press of [1, 2]) await page.keyboard.press('Escape');
      expect(await dialog().getByRole('button', { name: 'Cancel' }).isDisabled()).toBe(true);
      release();
      await dialog().getByText('No answer came').waitFor();
      await page.unroute('**/refunds');
      await page.keyboard.press('Escape');
      await dialog().waitFor({ state: 'detached' });
      // On the button that opened it, or where that is gone meanwhile on the page's content.
      expect(await page.evaluate<boolean>(`document.activeElement.closest('#content') !== null`)).toBe(true);
      await openRefund('a broken cup');
      await confirm(page, 'a broken cup', 'Refund');
      const refunds = await desk().system.sql('SELECT id FROM refund WHERE payment_id = $1', [payment]);
      expect(refunds).toHaveLength(1);
    });

    it('when the session ends: what was typed waits, unseen, until the same person is back', async () => {
      const { page } = visit;
      await openRefund('typed before the end');
      await desk().system.sql('DELETE FROM console_session WHERE operator_id = $1', [person.id]);
      await dialog().getByRole('button', { name: 'Refund', exact: true }).click();
      await page.getByRole('heading', { name: 'Sign in to Interlock' }).waitFor();
      expect(await page.getByText('order-keeping').first().isVisible()).toBe(false);
      await visit.signIn(person);
      expect(await dialog().getByLabel('Reason').inputValue()).toBe('typed before the end');
      await dialog().getByRole('button', { name: 'Cancel' }).click();
      await dialog().waitFor({ state: 'detached' });
    });

    it('when the stream is refused: it comes back, and rests while nobody looks', async () => {
      const { page } = visit;
      const state = (words: string) => page.getByText(words, { exact: true }).waitFor();
      await page.route('**/v1/operator/stream', (route) => route.fulfill({ status: 503 }));
      await page.reload();
      await state('Not live');
      await page.unroute('**/v1/operator/stream');
      await state('Live');
      const look = (hidden: boolean) =>
        page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
          document.dispatchEvent(new Event('visibilitychange'))`);
      await look(true);
      await state('Not live');
      await look(false);
      await state('Live');
    });

    it('when a filter is typed: it is asked for once, and Back takes it away', async () => {
      const { page } = visit;
      await visit.goto('/payments');
      const asked: string[] = [];
      page.on('request', (request) => {
        if (request.url().includes('/v1/operator/payments?')) asked.push(request.url());
      });
      await page.getByLabel('Order reference').pressSequentially('order-keeping');
      await page.waitForURL(/reference=order-keeping/);
      const narrowed = () => asked.filter((url) => url.includes('reference='));
      await waitFor(() => narrowed().length > 0, { what: 'the list to be asked for' });
      expect(narrowed()).toHaveLength(1);
      await page.goBack();
      await page.waitForURL((url) => !url.search.includes('reference='));
      expect(await page.getByLabel('Order reference').inputValue()).toBe('');
    });

    it('complained of nothing', () => expectQuiet(visit));
  });
}
