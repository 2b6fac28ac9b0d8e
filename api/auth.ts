import type { ApiKeyOwner, SettingsReader } from '../db/settings/index.ts';
import { problem } from './problems.ts';
import { createShortCache } from './short-cache.ts';

/** So long may a revoked key still work, and so seldom is the database asked about a busy one. */
const CACHE_MS = 2_000;
const MAX_CACHED_KEYS = 10_000;
const BEARER = /^Bearer +(sk_(?:test|live)_[A-Za-z0-9_-]{8,200})$/i;

export type Authenticate = (authorization: string | undefined) => Promise<ApiKeyOwner>;

/**
 * Knows a merchant by its bearer key, of which only a keyed digest is compared or kept.
 */
export function createAuthenticator(
  settings: SettingsReader,
  keyedDigest: (text: string) => string,
): Authenticate {
  const lookUp = createShortCache((digest: string) => settings.apiKeyOwner(digest), {
    ttlMs: CACHE_MS,
    max: MAX_CACHED_KEYS,
  });

  return async (authorization) => {
    if (authorization === undefined || authorization === '') throw problem('api_key_missing');
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) throw problem('api_key_invalid');
    const owner = await lookUp(keyedDigest(token));
    // The mode is written into the key; a row that says otherwise is not this key's.
    if (owner === undefined || !token.startsWith(`sk_${owner.mode}_`)) throw problem('api_key_invalid');
    return owner;
  };
}
