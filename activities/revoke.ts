import { revokePermit } from '../db/permits.ts';
import { loadResolution, type StoredResolution } from '../db/resolutions.ts';
import type { Dependencies } from './dependencies.ts';

/** Takes back a permit that nobody has claimed: from then on it is proven that nothing was sent under it. */
export function createRevoke(deps: Dependencies) {
  return async function revoke(operationId: string): Promise<'revoked' | 'already_sent'> {
    return revokePermit(deps.db, operationId);
  };
}

/** What an operator has proposed, for another one to approve. */
export function createReadResolution(deps: Dependencies) {
  return async function readResolution(id: string): Promise<{ readonly resolution?: StoredResolution }> {
    const resolution = await loadResolution(deps.db, id);
    return resolution === undefined ? {} : { resolution };
  };
}
