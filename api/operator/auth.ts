import type { OperatorIdentity, OperatorRegister } from '../../db/settings/index.ts';
import { problem } from '../problems.ts';
import { createShortCache } from '../short-cache.ts';

const CACHE_MS = 2_000;
const MAX_CACHED_KEYS = 1_000;
const BEARER = /^Bearer +(iop_[A-Za-z0-9_-]{16,200})$/i;
const MERCHANT_BEARER = /^Bearer +sk_(?:test|live)_/i;

export type AuthenticateOperator = (authorization: string | undefined) => Promise<OperatorIdentity>;

/** Knows an operator by a key of their own. A merchant's key opens nothing here, and says so. */
export function createOperatorAuthenticator(
  register: OperatorRegister,
  keyedDigest: (text: string) => string,
): AuthenticateOperator {
  const lookUp = createShortCache((digest: string) => register.operatorOf(digest), {
    ttlMs: CACHE_MS,
    max: MAX_CACHED_KEYS,
  });
  return async (authorization) => {
    if (authorization === undefined || authorization === '') throw problem('operator_key_missing');
    if (MERCHANT_BEARER.test(authorization)) throw problem('operator_key_required');
    const token = BEARER.exec(authorization)?.[1];
    const operator = token === undefined ? undefined : await lookUp(keyedDigest(token));
    if (operator === undefined) throw problem('operator_key_invalid');
    return operator;
  };
}
