import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from './chromium.ts';
import { eventually, type Merchant, type PublicPayment } from './merchant.ts';
import { payInsistently } from './pay.ts';
import { isOpen, openShop } from './shop.ts';
import { shown } from './tried.ts';

/**
 * One payment that needs a challenge, for a person to click through: the bank's page of the sandbox, our return
 * endpoint, and a shop that shows what the API says. What came of it is printed from the API, too.
 */
export interface BrowserOptions {
  readonly merchant: Merchant;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Nobody is there: press this button, or, with `leave`, none. */
  readonly headless?: Answer;
  /** Of the stack: how much shorter its waits are than real ones. */
  readonly timeScale?: number;
  say(line: string): void;
}

export const ANSWERS = { approve: 'Confirm payment', fail: 'Fail authentication', cancel: 'Cancel' } as const;
export type Answer = keyof typeof ANSWERS | 'leave';

/** Challenged by each provider of the sandbox. */
const CARD = '4000000003000082';
/** Until the payment's own limit ends the wait: EMV 3DS gives a payer twenty minutes at most. */
const PATIENCE_MS = 25 * 60_000;
const PAYERS_SECONDS = 20 * 60;

export async function runBrowserDemo(options: BrowserOptions): Promise<PublicPayment> {
  const { merchant, say } = options;
  const shop = await openShop(merchant);
  let browser: { close(): Promise<void> } | undefined;
  try {
    const payment_method = await merchant.card({ number: CARD });
    const order = { amount: 12_345, currency: 'USD', payment_method, return_url: shop.returnUrl };
    const answer = await payInsistently(merchant, order);
    const waiting = await eventually(
      () => merchant.payment(shown(answer.payment, 'the challenge', answer.errorCode).id),
      ({ next_action: action, status }) => action !== null || status !== 'processing',
      60_000,
    );
    const url = waiting.next_action?.redirect_to_url.url;
    if (url === undefined)
      throw new Error(`${waiting.id} is ${waiting.status}; nobody is asked to do anything`);
    say(
      `\n${waiting.id} waits for its payer. Open this in a browser, and confirm, fail, cancel or leave:\n\n  ${url}\n`,
    );
    if (options.timeScale !== undefined)
      say(
        `The bank's time is scaled, too: you have about ${Math.round(PAYERS_SECONDS * options.timeScale)} seconds.`,
      );
    browser = await openBrowser(url, options);
    const ended = await eventually(
      () => merchant.payment(waiting.id),
      (payment) => !isOpen(payment),
      PATIENCE_MS,
    );
    say(describe(ended));
    return ended;
  } finally {
    await browser?.close();
    await shop.close();
  }
}

async function openBrowser(
  url: string,
  { env, headless, say }: BrowserOptions,
): Promise<{ close(): Promise<void> } | undefined> {
  const found = await findChromium(env);
  if (headless !== undefined) {
    if (found.type === 'none') throw new Error(found.looked);
    return press(found.path, url, headless);
  }
  if (found.type === 'none') {
    say(`(${found.looked}, and it is opened for you.)`);
    return undefined;
  }
  const hasDisplay = Boolean(env.DISPLAY || env.WAYLAND_DISPLAY) || process.platform === 'darwin';
  return hasDisplay ? show(found.path, url) : undefined;
}

/** With a profile of its own, so that no window of the person's is touched; it stays open until the end is known. */
function show(path: string, url: string): { close(): Promise<void> } {
  const profile = mkdtempSync(join(tmpdir(), 'interlock-browser-'));
  const child: ChildProcess = spawn(
    path,
    [...sandboxOptions(), `--user-data-dir=${profile}`, '--no-first-run', '--new-window', url],
    { stdio: 'ignore' },
  );
  child.once('error', () => undefined);
  return {
    async close() {
      await new Promise((resolve) => setTimeout(resolve, LAST_PAGE_MS));
      child.kill();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** So long the shop's last page may be looked at. */
const LAST_PAGE_MS = 5_000;

async function press(path: string, url: string, answer: Answer): Promise<{ close(): Promise<void> }> {
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath: path, args: sandboxOptions() });
  const page = await browser.newPage();
  await page.goto(url);
  if (answer === 'leave') await page.close();
  else await page.getByRole('button', { name: ANSWERS[answer], exact: true }).click();
  return browser;
}

/** Chromium's own sandbox refuses root, which containers run as. */
export function sandboxOptions(): string[] {
  return process.getuid?.() === 0 ? ['--no-sandbox'] : [];
}

function describe(payment: PublicPayment): string {
  const lines = payment.attempts.flatMap(({ provider, status, authentication }) => [
    `  ${provider}: ${status}`,
    ...Object.entries(authentication ?? {})
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `    ${name.padEnd(20)} ${String(value)}`),
  ]);
  const failure = payment.failure === null ? '' : ` (${payment.failure.code})`;
  return [
    `\n${payment.id}: ${payment.status}${failure}, ${payment.amount_captured} ${payment.currency} captured`,
    ...lines,
  ].join('\n');
}
