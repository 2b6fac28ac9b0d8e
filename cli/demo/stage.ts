import { connectDesk, type Desk } from '../operator/desk.ts';
import { freshKey, type Merchant } from './merchant.ts';
import type { Sandboxes } from './sandboxes.ts';
import type { Tried } from './tried.ts';

/** Two people with keys of their own: what one proposes, only the other can carry out. */
export interface Operators {
  readonly alice: Desk;
  readonly bob: Desk;
}

/** An operator among the books: days, files and exceptions. */
export interface Books {
  /** Its paths begin right after `/v1/`. */
  readonly desk: Desk;
  /** Hands in a settlement file or a bank statement. */
  upload(about: Readonly<Record<string, string>>, content: string): Promise<void>;
}

export function connectBooks(apiUrl: string, key: string): Books {
  return {
    desk: connectDesk(apiUrl, key, ''),
    async upload(about, content) {
      const url = `${apiUrl.replace(/\/$/, '')}/v1/settlements?${new URLSearchParams(about)}`;
      const headers = {
        authorization: `Bearer ${key}`,
        'content-type': 'application/octet-stream',
        'idempotency-key': freshKey(),
      };
      const response = await fetch(url, { method: 'POST', headers, body: content });
      if (!response.ok) throw new Error(`POST ${url} answered ${response.status}: ${await response.text()}`);
    },
  };
}

/** Who takes part: a merchant's program, the sandboxes that can be broken, and two operators. */
export interface Stage {
  readonly merchant: Merchant;
  readonly sandboxes: Sandboxes;
  readonly operators: Operators;
  readonly books: Books;
  /** The merchant among its routing policies; its paths begin right after `/v1/`. */
  readonly routing: Desk;
}

/** What breaks on the way, and what must come of it: one charge or none. Each cleans up after itself. */
export type FaultScenario = (stage: Stage) => Promise<readonly Tried[]>;
