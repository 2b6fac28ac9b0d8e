import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sandboxOptions } from '../../cli/demo/browser.ts';
import { findChromium } from '../../cli/demo/chromium.ts';
import { createMerchant } from '../../cli/demo/merchant.ts';
import { openShop, type Shop } from '../../cli/demo/shop.ts';
import { expectSound } from '../attack/support/checks.ts';
import { tellOnFailure } from '../attack/support/dump.ts';
import { waitFor } from '../support/harness.ts';
import { type System, startSystem } from '../support/system.ts';

/**
 * A person in a browser, through the whole stack: the shop, the provider's redirect, the bank's page, our return
 * endpoint, the shop again. Without a Chromium it is skipped and says so; under CI that is a failure.
 */
const found = await findChromium(process.env);
const missing = found.type === 'none' ? found.looked : undefined;
if (missing !== undefined && !process.env.CI)
  console.warn(`interlock: browser tests are skipped: ${missing}`);

/** Challenged by every provider of the sandbox. */
const CHALLENGED = '4000000003000082';
/** A browser on a busy machine needs seconds where the other tests need milliseconds: the bank waits 15, we wait 30. */
const TIME_SCALE = 0.025;

const PROVIDERS = [
  ['stripe', 'USD'],
  ['adyen', 'EUR'],
] as const;

// Only there: everywhere else it would stand among the skipped.
if (missing !== undefined && process.env.CI) it('has a Chromium under CI', () => expect.fail(missing));

describe.skipIf(missing !== undefined)('a challenge in a browser', () => {
  let system: System;
  let shop: Shop;
  let browser: Browser;
  beforeAll(async () => {
    system = await startSystem({ timeScale: TIME_SCALE });
    shop = await openShop(createMerchant(system.apiUrl, system.apiKey));
    browser = await chromium.launch({
      executablePath: found.type === 'found' ? found.path : '',
      args: sandboxOptions(),
    });
  });
  afterAll(async () => {
    await browser?.close();
    await shop?.close();
    await system?.close();
  });
  tellOnFailure(() => system);

  async function pay(currency: string): Promise<{ readonly id: string; readonly url: string }> {
    const { status, body } = await system.pay({
      amount: 12_345,
      currency,
      payment_method: await system.card(CHALLENGED),
      return_url: shop.returnUrl,
    });
    expect([status, body.status]).toEqual([201, 'requires_action']);
    const { type, redirect_to_url: redirect } = body.next_action;
    expect([type, redirect.return_url]).toEqual(['redirect_to_url', shop.returnUrl]);
    return { id: body.id, url: redirect.url };
  }

  async function open(url: string): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(url);
    await page.getByRole('heading', { name: 'Confirm your payment' }).waitFor();
    return page;
  }

  const payment = async (id: string) => (await system.request('GET', `/v1/payments/${id}`)).body;
  const authentications = async (id: string) =>
    (await payment(id)).attempts.map((attempt: { authentication: unknown }) => attempt.authentication);
  const ended = (id: string) =>
    waitFor(async () => !['processing', 'requires_action'].includes((await payment(id)).status), {
      what: `${id} to end`,
      timeoutMs: 60_000,
    });

  describe.each(PROVIDERS)('at %s', (provider, currency) => {
    it('approved: the shop says that it is paid, once', async () => {
      const { id, url } = await pay(currency);
      const page = await open(url);
      await expect(page.locator('.amount').textContent()).resolves.toContain('123.45');
      await page.getByRole('button', { name: 'Confirm payment' }).click();
      await page.getByText('succeeded', { exact: true }).waitFor();
      expect(page.url()).toBe(`${shop.returnUrl}&payment=${id}`);
      expect(await payment(id)).toMatchObject({
        status: 'succeeded',
        amount_captured: 12_345,
        next_action: null,
      });
      const [authentication, ...others] = await authentications(id);
      expect(others).toEqual([]);
      expect(['challenged', 'completed_without_return']).toContain(authentication.status);
      expect(authentication).toMatchObject({
        trans_status: 'Y',
        eci: '05',
        version: '2.2.0',
        liability_shift: true,
      });
      await page.close();
      await expectSound(system, id);
      const charged = (await system.journal(provider, id)).filter(({ effect }) => effect === 'captured');
      expect(charged).toHaveLength(1);
    });

    it.each([
      ['Fail authentication', null],
      ['Cancel', '01'],
    ])('%s: the shop says that it failed, and nothing is charged', async (button, challengeCancel) => {
      const { id, url } = await pay(currency);
      const page = await open(url);
      await page.getByRole('button', { name: button, exact: true }).click();
      await page.getByText('failed', { exact: true }).waitFor();
      expect(page.url()).toBe(`${shop.returnUrl}&payment=${id}`);
      const [authentication] = await authentications(id);
      expect(authentication).toMatchObject({
        status: 'failed',
        trans_status: 'N',
        challenge_cancel: challengeCancel,
      });
      await page.close();
      await expectNothingCharged(id);
    });

    it('walked away: the bank gives up, and nothing is charged', async () => {
      const { id, url } = await pay(currency);
      const page = await open(url);
      await page.close();
      await ended(id);
      expect((await payment(id)).status).toBe('failed');
      const [authentication] = await authentications(id);
      expect(authentication).toMatchObject({ trans_status_reason: '14', returned_at: null });
      expect(authentication.status).toBe('timed_out');
      expect(shop.visits.filter((visit) => visit.includes(id))).toEqual([]);
      await expectNothingCharged(id);
    });
  });

  async function expectNothingCharged(id: string): Promise<void> {
    await expectSound(system, id);
    for (const [provider] of PROVIDERS) {
      const effects = (await system.journal(provider, id)).map(({ effect }) => effect);
      expect(effects).not.toContain('authorized');
      expect(effects).not.toContain('captured');
    }
  }
});
