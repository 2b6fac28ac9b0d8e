import type { ApiKeyOwner, SettingsReader } from '../db/settings/index.ts';
import { problem } from './problems.ts';

/** So long may a revoked key still work, and so seldom is the database asked about a busy one. */
const CACHE_MS = 2_000;
const MAX_CACHED_KEYS = 10_000;
const BEARER = /^Bearer +(sk_(?:test|live)_[A-Za-z0-9_-]{8,200})$/i;

export type Authenticate = (authorization: string | undefined) => Promise<ApiKeyOwner>;

/**
 * Knows a merchant by its bearer key, of which only a keyed digest is compared or kept. Only found keys are
 * cached: guesses cost the guesser a look-up each and cannot fill the memory.
 */
export function createAuthenticator(
  settings: SettingsReader,
  keyedDigest: (text: string) => string,
): Authenticate {
  const cached = new Map<
    string,
    { readonly owner: Promise<ApiKeyOwner | undefined>; readonly untilMs: number }
  >();

  const lookUp = (digest: string): Promise<ApiKeyOwner | undefined> => {
    const hit = cached.get(digest);
    if (hit !== undefined && hit.untilMs > performance.now()) return hit.owner;
    const forget = () => cached.delete(digest);
    const owner = settings.apiKeyOwner(digest);
    owner.then((found) => (found === undefined ? forget() : found), forget);
    if (cached.size >= MAX_CACHED_KEYS) cached.clear();
    cached.set(digest, { owner, untilMs: performance.now() + CACHE_MS });
    return owner;
  };

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
