import {
  QueryClient,
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import type { FetchResponse, MaybeOptionalInit } from 'openapi-fetch';
import type { PathsWithMethod } from 'openapi-typescript-helpers';
import { answer, api } from './client.ts';
import { ApiProblem } from './problem.ts';
import type { paths } from './schema.d.ts';
import { scopedMerchant } from './scope.ts';

/** One cache a tab. What was asked a moment ago isn't asked again; what was refused isn't insisted on. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) => failures < 2 && error instanceof ApiProblem && isPassing(error),
    },
  },
});

/** Refusals stay refusals; a server that was away may be back. */
function isPassing({ status }: ApiProblem): boolean {
  return status === 0 || status === 502 || status === 503;
}

type Media = `${string}/${string}`;
export type ReadPath = PathsWithMethod<paths, 'get'>;
export type SendPath = PathsWithMethod<paths, 'post'>;
export type ReadInit<P extends ReadPath> = MaybeOptionalInit<paths[P], 'get'>;
export type SendInit<P extends SendPath> = MaybeOptionalInit<paths[P], 'post'>;
/** What a GET of this path answers: `type Payment = Answer<'/v1/payments/{id}'>`. */
export type Answer<P extends ReadPath> = NonNullable<FetchResponse<paths[P]['get'], object, Media>['data']>;
/** What a POST to this path answers. */
export type Sent<P extends SendPath> = NonNullable<FetchResponse<paths[P]['post'], object, Media>['data']>;

/** The client without its types: the hooks below have checked path and parameters against each other already. */
type Call = (path: string, init: unknown) => Promise<{ readonly data?: unknown }>;
const get = api.GET as unknown as Call;
const post = api.POST as unknown as Call;

export interface ReadOptions {
  readonly enabled?: boolean;
  readonly refetchIntervalMs?: number;
  /** While the next page or filter loads, the last answer stays on the screen. */
  readonly keepPrevious?: boolean;
}

/**
 * Reads a path of the API through the cache: `useRead('/v1/payments/{id}', { params: { path: { id } } })`. The cache's
 * key begins with the path, so that `useLive` and `useRefresh` can invalidate by it.
 */
export function useRead<P extends ReadPath>(
  path: P,
  init?: ReadInit<P>,
  { enabled = true, refetchIntervalMs, keepPrevious = false }: ReadOptions = {},
): UseQueryResult<Answer<P>, ApiProblem> {
  return useQuery<Answer<P>, ApiProblem, Answer<P>>({
    queryKey: [path, scopedMerchant(), init],
    queryFn: async ({ signal }) => (await answer(get(path, { ...init, signal }))) as Answer<P>,
    enabled,
    ...(refetchIntervalMs === undefined ? {} : { refetchInterval: refetchIntervalMs }),
    ...(keepPrevious ? { placeholderData: keepLast } : {}),
  });
}

function keepLast<T>(last: T | undefined): T | undefined {
  return last;
}

/** A single read outside of a component's rendering, e.g. for a file to download. */
export async function readOnce<P extends ReadPath>(path: P, init?: ReadInit<P>): Promise<Answer<P>> {
  return (await answer(get(path, init))) as Answer<P>;
}

/**
 * Sends to a path of the API: `const capture = useSend('/v1/payments/{id}/capture', [storyPath])`, then
 * `await capture.mutateAsync({ params: ..., body: ... })`. What is read from the paths in `refreshes` is read again.
 */
export function useSend<P extends SendPath>(
  path: P,
  refreshes: readonly ReadPath[] = [],
): UseMutationResult<Sent<P>, ApiProblem, SendInit<P>> {
  const refresh = useRefresh();
  return useMutation<Sent<P>, ApiProblem, SendInit<P>>({
    mutationFn: async (init) => (await answer(post(path, init))) as Sent<P>,
    onSuccess: () => refresh(refreshes),
  });
}

/** Has the queries of these paths ask again. */
export function useRefresh(): (stale: readonly ReadPath[]) => Promise<void> {
  const client = useQueryClient();
  return async (stale) => {
    await Promise.all(stale.map((path) => client.invalidateQueries({ queryKey: [path] })));
  };
}
