import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCase, taken } from '../../attack/support/cases.ts';
import { waitFor } from '../../support/harness.ts';
import { type Desk, expectQuiet, type Hired, type Visit } from './desk.ts';
import { comeIn, confirm } from './policies.ts';
import { deadLetter, doubtful } from './rows.ts';

/** What waits for a person, worked off: cases told the same at once, doubts asked about and resolved by two, letters resent. */
export function queues(desk: () => Desk): void {
  describe('the queues', () => {
    let visit: Visit;
    let person: Hired;
    beforeAll(async () => {
      const place = '/queues/exceptions?account=pa_demo_adyen&kind=amount_under';
      ({ visit, person } = await comeIn(desk(), 'operator', place));
    });
    afterAll(async () => {
      await desk().system.clearFaults();
      await visit?.close();
    });

    it('assign two exceptions at once, by the keyboard', async () => {
      const { system } = desk();
      const { page } = visit;
      const ids = [
        await openCase(system, { agoMs: 7_200_000 }),
        await openCase(system, { agoMs: 3_600_000 }),
      ];
      await Promise.all(ids.map((id) => taken(system, id)));
      await page.reload();
      const table = page.getByRole('table', { name: 'Exceptions, oldest first' });
      await table.getByRole('checkbox').nth(2).waitFor();
      for (const key of ['j', 'x', 'j', 'x']) await page.keyboard.press(key);
      await page.getByText('2 selected').waitFor();
      await page.getByRole('button', { name: 'Assign…' }).click();
      await confirm(page, 'mine from now on', 'Assign');
      await page.getByText('2 done, 0 refused, 0 not known.').waitFor();
      const rows = await system.sql<{ owner: string }>('SELECT owner FROM exception WHERE id = ANY($1)', [
        ids,
      ]);
      expect(rows.map(({ owner }) => owner)).toEqual([person.id, person.id]);
    });

    it('keep a dialog and what was typed when its row is gone from the list', async () => {
      const { system } = desk();
      const { page } = visit;
      const id = await openCase(system, { kind: 'fee_variance' });
      await taken(system, id);
      await visit.goto('/queues/exceptions?account=pa_demo_adyen&kind=fee_variance');
      await page.getByRole('checkbox', { name: new RegExp(`^Select ${id}`) }).check();
      await page.getByRole('button', { name: 'Dispose…' }).click();
      const dialog = page.getByRole('dialog', { name: 'Dispose this exception' });
      await dialog.getByLabel('Disposition').selectOption('remap');
      await dialog.getByLabel('Target').fill('interchange');
      await dialog.getByLabel('Disposition').selectOption('accept');
      await dialog.getByLabel('Reason').fill('typed before it went');
      await system.sql(`UPDATE exception SET kind = 'fee_variance_elsewhere' WHERE id = $1`, [id]);
      await page.getByText('No exception is like this.').waitFor({ timeout: 30_000 });
      expect(await dialog.getByLabel('Reason').inputValue()).toBe('typed before it went');
      await system.sql(`UPDATE exception SET kind = 'fee_variance' WHERE id = $1`, [id]);
      await confirm(page, 'typed before it went', 'Dispose');
      // What was typed for another disposition, and is not shown any more, was not told: it would have been refused.
      await page.getByText('1 done, 0 refused, 0 not known.').waitFor();
      await visit.goto('/queues/exceptions?account=pa_demo_adyen&kind=amount_under');
      await page
        .getByRole('checkbox', { name: /^Select exc_/ })
        .first()
        .waitFor();
    });

    it('show one exception with what was said, and dispose of it', async () => {
      const { page } = visit;
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/queues\/exceptions\/exc_amount_under/);
      await page.getByText('mine from now on').waitFor();
      await page.getByRole('button', { name: 'Comment…' }).click();
      await confirm(page, 'asked <b>the provider</b> by mail', 'Comment');
      await page.getByText('asked <b>the provider</b> by mail').waitFor();
      await page.getByRole('button', { name: 'Dispose…' }).click();
      await page.getByRole('dialog').getByLabel('Disposition').selectOption('accept');
      await confirm(page, 'they are right', 'Dispose');
      await page.locator('.badge', { hasText: 'resolved' }).first().waitFor();
      expect(await page.getByRole('button', { name: 'Dispose…' }).count()).toBe(0);
    });

    it('have an unknown outcome resolved by two people, with evidence', async () => {
      const { system } = desk();
      const { page } = visit;
      const id = await doubtful(desk());
      await visit.goto('/queues/unknowns?of_merchant=mer_demo&provider=stripe');
      const row = page.getByRole('row', { name: new RegExp(id.slice(0, 12)) });
      await row.getByText('sale at stripe').waitFor();
      await row.getByRole('button', { name: 'Propose…' }).click();
      const dialog = page.getByRole('dialog');
      expect(await dialog.getByRole('button', { name: 'Propose', exact: true }).isDisabled()).toBe(true);
      // The dialog was opened from a row that is a link.
      await dialog.getByLabel('Evidence').click();
      expect(page.url()).toContain('/queues/unknowns');
      await dialog.getByLabel('Evidence').fill('nothing of it in the dashboard, and their support agrees');
      await confirm(page, 'ticket 4711', 'Propose');
      await row.getByText('another person has to approve that').waitFor();
      expect(await row.getByRole('button', { name: 'Approve…' }).isDisabled()).toBe(true);
      const { visit: other } = await comeIn(desk(), 'operator', '/queues/approvals');
      const proposed = other.page.getByRole('row', { name: new RegExp(id.slice(0, 12)) });
      await proposed.getByText('nothing of it in the dashboard').waitFor();
      await proposed.getByRole('button', { name: 'Approve…' }).click();
      await confirm(other.page, 'read, and agreed', 'Approve and carry out');
      await proposed.waitFor({ state: 'detached' });
      await system.clearFaults();
      expectQuiet(other);
      await other.close();
      const approved = await system.sql(
        `SELECT 1 FROM resolution WHERE payment_id = $1 AND status = 'approved' AND proposed_by = $2`,
        [id, person.id],
      );
      expect(approved).toHaveLength(1);
    });

    it('resend a dead letter, and it is no longer one', async () => {
      const { system } = desk();
      const { page } = visit;
      const endpoint = await deadLetter(desk());
      await visit.goto(`/queues/webhooks?endpoint=${endpoint}`);
      await page.getByRole('checkbox', { name: new RegExp(`^Select ${endpoint}`) }).check();
      await page.getByRole('button', { name: 'Resend 1 selected…' }).click();
      await confirm(page, 'the endpoint is back', 'Resend');
      await page.getByText('1 will be delivered again.').waitFor();
      await waitFor(
        async () => {
          const [row] = await system.sql<{ status: string }>(
            'SELECT status FROM webhook_delivery WHERE endpoint_id = $1',
            [endpoint],
          );
          return row?.status !== 'dead';
        },
        { what: 'the delivery to be pending' },
      );
    });

    it('are read, and not worked off, by who only reads', async () => {
      const { visit: reader } = await comeIn(desk(), 'read_only', '/queues/exceptions');
      await reader.page.getByRole('table', { name: 'Exceptions, oldest first' }).waitFor();
      expect(await reader.page.getByRole('checkbox').count()).toBe(0);
      for (const place of ['unknowns', 'webhooks', 'letters', 'reviews', 'approvals']) {
        await reader.goto(`/queues/${place}`);
        await reader.page.getByRole('heading', { level: 1 }).waitFor();
        expect(await reader.page.getByRole('button', { name: /…$/ }).count()).toBe(0);
      }
      expectQuiet(reader);
      await reader.close();
    });

    it('complained of nothing', () => expectQuiet(visit));
  });
}
