import type { Db } from '../client.ts';

export interface StoredRequest {
  readonly bodyDigest: string;
  readonly subjectId: string;
  /** JSON as it was recorded; absent while the request is not answered for good. */
  readonly answer?: unknown;
}

export interface RequestReader {
  /** One round trip, by primary key. */
  find(requestId: string): Promise<StoredRequest | undefined>;
}

export function createRequestReader(db: Db): RequestReader {
  return {
    async find(requestId) {
      const row = await db.request.findUnique({
        where: { id: requestId },
        select: { bodyDigest: true, subjectId: true, answer: true },
      });
      if (row === null) return undefined;
      const { answer, ...rest } = row;
      return answer === null ? rest : { ...rest, answer };
    },
  };
}
