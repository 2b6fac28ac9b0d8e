import type { ApiKeyOwner } from '../db/settings/index.ts';

/** How whoever calls stands in records: a merchant's key, or the person who looks at the merchant through the console. */
export function actorOf({ keyId, operator }: Pick<ApiKeyOwner, 'keyId' | 'operator'>): string {
  return operator === undefined ? `key:${keyId}` : `operator:${operator.operatorId}`;
}
