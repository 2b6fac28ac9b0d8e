import { useRead } from '../../api/query.ts';
import type { Listed } from './list.tsx';

export interface Active {
  /** Null where none is active (the platform's policy decides), undefined while that isn't known. */
  readonly version: Listed | null | undefined;
  /** It was asked for, and that failed: who can do without it need not wait. */
  readonly hasFailed: boolean;
}

/** The merchant's version that decides, asked for by its status: it may be older than every version on a page of the list. */
export function useActive(): Active {
  const { data, isFetched } = useRead(
    '/v1/routing/policies',
    { params: { query: { status: 'active', limit: 1 } } },
    { refetchIntervalMs: 10_000 },
  );
  // Not by the error: that is gone each time it is asked again, and the page would wait anew.
  if (data === undefined) return { version: undefined, hasFailed: isFetched };
  return { version: data.data[0] ?? null, hasFailed: false };
}
