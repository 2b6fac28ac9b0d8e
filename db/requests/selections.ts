import type { Db } from '../client.ts';
import { doOnce, type NamedRequest } from './once.ts';
import type { StoredRequest } from './requests.ts';

/** What a command over many things was about, kept with its request: repeated, it is about the same ones. */
export interface SelectionKeeper {
  keep(
    owner: Parameters<typeof doOnce>[1],
    request: NamedRequest,
    select: () => Promise<Selection>,
  ): Promise<Pick<StoredRequest, 'bodyDigest'> & { readonly selection: Selection }>;
}

export interface Selection {
  readonly ids: readonly string[];
  /** There were more than one command may be about. */
  readonly hasMore: boolean;
}

export function createSelectionKeeper(db: Db): SelectionKeeper {
  return {
    async keep(owner, request, select) {
      const kept = await doOnce(db, owner, request, async () => ({
        subjectId: request.requestId,
        answer: await select(),
      }));
      if (kept.type === 'absent') throw new Error('a selection is never absent');
      // Written here alone, from a value of the type.
      return { bodyDigest: kept.stored.bodyDigest, selection: kept.stored.answer as Selection };
    },
  };
}
