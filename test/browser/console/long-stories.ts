import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../support/harness.ts';
import { type Desk, expectQuiet, type Visit } from './desk.ts';
import { comeIn } from './policies.ts';

/** More than two pages of them, as a merchant's loop makes them that asks for what is refused. */
const REFUSALS = 1_040;

/** A payment of which the API doesn't tell everything at once. */
export function longStories(desk: () => Desk): void {
  describe('a story of more entries than are told at once', () => {
    let visit: Visit;
    let payment = '';
    beforeAll(async () => {
      const { system } = desk();
      const paid = await system.pay({ amount: 900, currency: 'EUR', payment_method: await system.card() });
      payment = paid.body.id;
      await refuse(desk(), payment, REFUSALS);
      ({ visit } = await comeIn(desk(), 'read_only', `/payments/${payment}`));
    });
    afterAll(async () => {
      await visit?.close();
    });
    const entries = () => visit.page.locator('.timeline .entry-item');
    const next = () => visit.page.getByRole('button', { name: /^Show the next/ });
    const ids = () =>
      visit.page.evaluate<readonly string[]>(
        `[...document.querySelectorAll('.entry-item')].map(({ id }) => id)`,
      );
    const count = (expected: (shown: number) => boolean, what: string) =>
      waitFor(async () => expected(await entries().count()), { what });

    it('shows the next ones when it is asked, behind those that were there, and goes on reading there', async () => {
      const { page } = visit;
      await page.getByLabel('Technical details').check();
      await count((shown) => shown === 500, 'the first page');
      const first = (await ids()).slice(0, -1);
      // Its last entry moves behind all the others, and no news of it comes: what is read next must not begin there.
      await moveToTheEnd(desk(), (await ids()).at(-1) ?? '');
      await page.getByRole('button', { name: 'Show the next 500 entries' }).click();
      await count((shown) => shown === 1_000, 'the second page');
      const both = await ids();
      expect(both.slice(0, first.length)).toEqual(first);
      expect(new Set(both).size).toBe(1_000);
      const focused = () => page.evaluate<string>(`document.activeElement.closest('.entry-item')?.id ?? ''`);
      await waitFor(async () => (await focused()) === both[500], {
        what: 'the focus on the first new entry',
      });
    });

    it('is shown up to what stood out when that is asked for, and stays whole while it goes on', async () => {
      const { page } = visit;
      await page.locator('.highlights a').last().click();
      await count((shown) => shown > REFUSALS, 'all of it');
      await next().waitFor({ state: 'detached' });
      const atTop = () =>
        page.evaluate<number>(`document.querySelector(':target').getBoundingClientRect().top`);
      expect(await atTop()).toBeLessThan(800);
      expect(await page.getByText(/^The first .* entries are shown/).count()).toBe(0);
      const before = await entries().count();
      const refunded = await desk().system.request('POST', `/v1/payments/${payment}/refunds`, {
        key: `refund-${payment}`,
        body: { amount: 100 },
      });
      expect(refunded.status).toBe(201);
      await count((shown) => shown > before, 'the refund to be told');
      const shown = await ids();
      expect(new Set(shown).size).toBe(shown.length);
      expect(await next().count()).toBe(0);
    });

    it('complained of nothing', () => expectQuiet(visit));
  });
}

/** As a delivery's entry does that is sent again: it keeps its id. */
async function moveToTheEnd({ system }: Desk, entry: string): Promise<void> {
  const moved = await system.sql(
    `UPDATE request_note SET first_at = now() + interval '1 hour', last_at = now() + interval '1 hour'
     WHERE 'request_note:' || id || ':at' = $1 RETURNING id`,
    [decodeURIComponent(entry)],
  );
  expect(moved).toHaveLength(1);
}

/** Each its own kind of refusal, or they would be one row that was met more often. */
async function refuse({ system }: Desk, payment: string, times: number): Promise<void> {
  await system.sql(
    `INSERT INTO request_note (payment_id, path, code, status, detail, request_id, first_at, last_at)
     SELECT $1, 'POST /v1/payments/:id/capture', 'refused_' || n, 409, 'refused', 'req_' || n,
       now() + n * interval '1 millisecond', now() + n * interval '1 millisecond'
     FROM generate_series(1, $2::int) n`,
    [payment, times],
  );
}
