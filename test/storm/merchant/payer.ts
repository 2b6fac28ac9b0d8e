import { setTimeout as delay } from 'node:timers/promises';
import type { ProviderName } from '../evidence-types.ts';
import type { Rig } from '../rig/rig.ts';
import type { MerchantJournal } from './journal.ts';

/** Where a payer's browser stands, and how it was answered. */
export interface Page {
  readonly status: number;
  /** Where it is sent on to; at the issuer's page: the page's own address. */
  readonly url: string;
}

export type Decision = 'approve' | 'fail' | 'cancel';

const TRIES = 12;
const AGAIN_AFTER_MS = 250;
const PATIENCE_MS = 4_000;

/**
 * A payer with a browser that is pointed at the issuer's page and comes back, or doesn't. What is away is tried again,
 * as people do. Each act is written down once it is over.
 */
export class Payer {
  readonly #rig: Pick<Rig, 'admin'>;
  readonly #journal: MerchantJournal;
  readonly #scenario: number;

  constructor(rig: Pick<Rig, 'admin'>, journal: MerchantJournal, scenario: number) {
    this.#rig = rig;
    this.#journal = journal;
    this.#scenario = scenario;
  }

  /** From the merchant's page to the issuer's: the provider's redirect, and what it leads to. */
  async open(payment: string, url: string): Promise<Page> {
    const entered = await this.#browse(url);
    const page = isRedirect(entered) ? { ...(await this.#browse(entered.url)), url: entered.url } : entered;
    return this.#wrote(payment, 'open', page);
  }

  /** One of the page's buttons. Where the browser is sent on to is where it should come back. */
  async decide(payment: string, pageUrl: string, decision: Decision): Promise<string | undefined> {
    const page = await this.#browse(pageUrl, {
      method: 'POST',
      body: new URLSearchParams({ outcome: decision }),
    });
    await this.#wrote(payment, decision, page);
    return isRedirect(page) ? page.url : undefined;
  }

  /** Opens the page and presses a button. */
  async authenticate(payment: string, url: string, decision: Decision): Promise<string | undefined> {
    const { status, url: pageUrl } = await this.open(payment, url);
    return status === 200 ? this.decide(payment, pageUrl, decision) : undefined;
  }

  /** Back to Interlock; answers the status of what the browser is shown. */
  async comeBack(payment: string, url: string, did = 'come_back'): Promise<number> {
    return (await this.#wrote(payment, did, await this.#browse(url))).status;
  }

  /** The payer approves, and the issuer's report takes its time. */
  async approveSlowly(
    provider: ProviderName,
    payment: string,
    attemptId: string,
    reportDelayMs: number,
  ): Promise<string | undefined> {
    const path = `/payments/${attemptId}/authenticate`;
    try {
      const { returnTo } = (await this.#rig.admin(provider, 'POST', path, {
        outcome: 'succeeded',
        reportDelayMs,
      })) as { returnTo?: string | null };
      await this.#wrote(payment, 'report', { status: 200, url: '' });
      return returnTo ?? undefined;
    } catch {
      // The simulator is away, or the provider has dropped the payment: nobody approves anything.
      await this.#wrote(payment, 'report', { status: 0, url: '' });
      return undefined;
    }
  }

  async #wrote(payment: string, did: string, page: Page): Promise<Page> {
    const scenario = this.#scenario;
    await this.#journal.write({ kind: 'payer', scenario, payment, did, status: page.status });
    return page;
  }

  async #browse(url: string, init: RequestInit = {}): Promise<Page> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (tries > 0) await delay(AGAIN_AFTER_MS);
      try {
        const signal = AbortSignal.timeout(PATIENCE_MS);
        const response = await fetch(url, { ...init, redirect: 'manual', signal });
        await response.arrayBuffer();
        if (response.status >= 500) continue;
        return { status: response.status, url: response.headers.get('location') ?? url };
      } catch {
        // Nobody is there just now.
      }
    }
    return { status: 0, url };
  }
}

function isRedirect({ status }: Page): boolean {
  return status === 303;
}
