import type { Db } from '../db/client.ts';
import type { ReconciledAccount } from '../db/reconciliation/accounts.ts';
import type { CopyPool } from '../db/reconciliation/index.ts';
import type { EventDoor, NewsDoor, PassRegister } from '../domain/door.ts';
import type { TargetRules } from '../domain/events/target.ts';
import type { WorkMeter } from '../domain/meter.ts';
import type { RoutingBook } from '../domain/routing/book.ts';
import type { Provider, ProviderConnection } from '../providers/provider.ts';
import type { Vault } from '../vault/index.ts';
import type { CanarySettings } from './canary/fly.ts';

/** What the worker hands to the activities. */
export interface Dependencies {
  readonly db: Db;
  readonly vault: Vault;
  readonly door: NewsDoor;
  /** Absent: nobody is told of events at once, and endpoints find them when they look for themselves. */
  readonly events?: EventDoor & PassRegister;
  /** Absent: as strict, and as patient, as the defaults are. Apart from `settings`, which travel into histories. */
  readonly webhooks?: WebhookSettings;
  readonly providers: Providers;
  /** What payments are routed by, kept warm. */
  readonly routing: RoutingBook;
  /** Whether the networks' limits hold for test cards too, whose declines no network counts. Absent: no. */
  readonly countTestDeclines?: boolean;
  /** Absent: nothing is counted. */
  readonly meter?: WorkMeter;
  /** Absent: no payments of our own are made. Apart from `settings`, which travel into histories. */
  readonly canary?: CanarySettings;
  /** Connections for work over whole settlement files. Absent: this worker reconciles nothing. */
  readonly copyPool?: CopyPool;
  readonly settings: {
    /** Scales key windows, horizons and lifetimes; never socket or send deadlines. */
    readonly timeScale: number;
    /** The total deadline of one provider call, milliseconds. */
    readonly providerDeadlineMs: number;
    /** Where payers' browsers reach the API, without a slash at its end. Absent: challenges have no way back. */
    readonly publicUrl?: string;
  };
}

export interface WebhookSettings extends TargetRules {
  /** The total deadline of one attempt at a merchant's endpoint, milliseconds. */
  readonly deadlineMs: number;
}

export interface Providers {
  /** The version that a route has sealed; without one, or where it ships no more, the current one. */
  named(name: string, version?: string): Provider;
  /** Where an account's settlement files come from. Undefined: they are uploaded. */
  settlementsOf(account: ReconciledAccount): ProviderConnection['fetchSettlement'];
  /** The connection of one account, made once and kept. */
  connection(account: {
    readonly id: string;
    readonly provider: string;
    readonly connectorVersion?: string;
    readonly baseUrl: string;
    readonly settings: Readonly<Record<string, string>>;
  }): ProviderConnection;
}
