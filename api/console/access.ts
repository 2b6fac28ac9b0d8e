import type { CardSealer, SecretSealer } from '../deps.ts';
import { type AddressOf, createAddressOf } from './client-address.ts';
import { createSessionCookie, type SessionCookie } from './cookie.ts';
import { createSessions, type Sessions } from './sessions.ts';
import type { AccessParts } from './settings.ts';
import { createDoorkeeper, type Doorkeeper } from './sign-in.ts';

/** What the routes of people and sessions work with. */
export interface Access {
  readonly parts: AccessParts;
  readonly cookie: SessionCookie;
  readonly sessions: Sessions;
  readonly door: Doorkeeper;
  readonly publicUrl: string;
  /** Whose tries to sign in are counted together. */
  readonly addressOf: AddressOf;
}

export function createAccess(parts: AccessParts, vault: CardSealer & SecretSealer): Access {
  return {
    parts,
    cookie: createSessionCookie(parts.publicUrl),
    sessions: createSessions(parts, vault.keyedDigest),
    door: createDoorkeeper(parts, vault),
    publicUrl: parts.publicUrl,
    addressOf: createAddressOf(parts.trustedProxies),
  };
}
