import type { Db } from '../db/client.ts';
import type { NewsDoor } from '../domain/door.ts';
import type { Provider, ProviderConnection } from '../providers/provider.ts';
import type { Vault } from '../vault/index.ts';

/** What the worker hands to the activities. */
export interface Dependencies {
  readonly db: Db;
  readonly vault: Vault;
  readonly door: NewsDoor;
  readonly providers: Providers;
  readonly settings: {
    /** Scales key windows, horizons and lifetimes; never socket or send deadlines. */
    readonly timeScale: number;
    /** The total deadline of one provider call, milliseconds. */
    readonly providerDeadlineMs: number;
  };
}

export interface Providers {
  named(name: string): Provider;
  /** The connection of one account, made once and kept. */
  connection(account: {
    readonly id: string;
    readonly provider: string;
    readonly baseUrl: string;
    readonly settings: Readonly<Record<string, string>>;
  }): ProviderConnection;
}
