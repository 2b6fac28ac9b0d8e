import {
  type CredentialRegister,
  type LockRules,
  PASSWORD_COST,
  type PasswordCost,
  type PeopleRegister,
  type SessionRegister,
  type TryBook,
} from '../../db/settings/index.ts';
import type { PointStore } from '../rate-limits/lease.ts';

/** How long a person stays signed in, and how often one may be wrong. Real time, whatever the time scale. */
export interface AccessSettings {
  /** A session that nobody used for so long is over. */
  readonly idleMs: number;
  /** And every session after so long. */
  readonly absoluteMs: number;
  /** So seldom is written that a session was used. */
  readonly renewEveryMs: number;
  readonly lock: LockRules;
  /** Of one network address, an office's at times, whoever it names. */
  readonly triesPerAddress: { readonly points: number; readonly seconds: number };
  readonly passwordCost: PasswordCost;
  readonly now: () => number;
}

const MINUTE_MS = 60_000;

export const ACCESS: AccessSettings = {
  idleMs: 30 * MINUTE_MS,
  absoluteMs: 12 * 60 * MINUTE_MS,
  renewEveryMs: MINUTE_MS,
  lock: { failures: 5, withinMs: 15 * MINUTE_MS, forMs: 15 * MINUTE_MS },
  triesPerAddress: { points: 60, seconds: 300 },
  passwordCost: PASSWORD_COST,
  now: Date.now,
};

export interface AccessParts {
  readonly people: PeopleRegister;
  readonly credentials: CredentialRegister;
  readonly sessions: SessionRegister;
  readonly tries: TryBook;
  readonly points: PointStore;
  readonly settings: AccessSettings;
  /** Where browsers reach the console: it decides how the cookie is marked. */
  readonly publicUrl: string;
  /** Addresses and CIDRs of our own proxies, whose word on the client's address counts. */
  readonly trustedProxies: readonly string[];
}
