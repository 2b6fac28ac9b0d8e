import { useRead } from '../../api/query.ts';
import type { Listed } from './list.tsx';

/**
 * The merchant's version that decides, asked for by its status: it may be older than every version on a page of the list. Null where
 * none is active (the platform's policy decides), undefined while that isn't known.
 */
export function useActive(): Listed | null | undefined {
  const { data } = useRead(
    '/v1/routing/policies',
    { params: { query: { status: 'active', limit: 1 } } },
    { refetchIntervalMs: 10_000 },
  );
  return data === undefined ? undefined : (data.data[0] ?? null);
}
