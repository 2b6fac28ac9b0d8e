import { type InfiniteData, type QueryKey, useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { ApiProblem } from '../../api/problem.ts';
import { type Answer, readOnce } from '../../api/query.ts';
import { useLive } from '../../kit/index.ts';

export const STORY = '/v1/operator/payments/{id}/story';
export type Story = Answer<typeof STORY>;

/** As many as the API tells at once. Few payments have more; of those, the next ones are read when they are asked for. */
const ENTRIES = 500;

/** What lies behind the entries that are shown. */
export interface Further {
  /** How many come next; 0: all are shown. */
  readonly next: number;
  readonly isReading: boolean;
  readonly problem: ApiProblem | null;
  show(): void;
  /** Shows as many as it takes to reach this entry, and goes there. */
  showUpTo(entry: string): void;
}

interface Reading {
  /** As much of it as has been read. */
  readonly story: Story | undefined;
  readonly problem: ApiProblem | null;
  retry(): void;
  readonly further: Further;
}

/** The entry that a page begins after; undefined: it is the first page. */
type Cursor = string | undefined;

interface Shown {
  readonly story: Story;
  readonly pages: number;
}

/**
 * A payment's story, as many pages of it as were asked for. Where something happened, all of them are read anew one after the other,
 * each from the end of the one before: an entry that came in between moves those behind it, and none is lost at a seam.
 */
export function useStory(id: string): Reading {
  const [wanted, setWanted] = useState(1);
  const [sought, setSought] = useState<string>();
  const read = useInfiniteQuery<Story, ApiProblem, Shown, QueryKey, Cursor>({
    queryKey: [STORY, id],
    queryFn: ({ pageParam, signal }) => {
      const query = { limit: ENTRIES, ...(pageParam === undefined ? {} : { starting_after: pageParam }) };
      return readOnce(STORY, { params: { path: { id }, query }, signal });
    },
    initialPageParam: undefined,
    getNextPageParam: endOf,
    select: shownOf,
  });
  useLive([STORY], (change) => change.payment === id || change.type === 'many');
  const { data, isFetching, hasNextPage, isFetchNextPageError, error: problem, fetchNextPage } = read;
  const isFound = data?.story.timeline.data.some((entry) => entry.id === sought) ?? false;
  const isShort =
    hasNextPage && data !== undefined && (data.pages < wanted || (sought !== undefined && !isFound));
  // Not by the click itself: news of a busy payment would end that read, and nobody would begin it again.
  useEffect(() => {
    if (isShort && !isFetching && !isFetchNextPageError) void fetchNextPage();
  }, [isShort, isFetching, isFetchNextPageError, fetchNextPage]);
  useEffect(() => {
    if (sought === undefined || !isFound) return;
    location.hash = encodeURIComponent(sought);
    setSought(undefined);
  }, [sought, isFound]);
  const left = data === undefined ? 0 : data.story.timeline.total - data.story.timeline.data.length;
  return {
    story: data?.story,
    problem,
    retry: () => void read.refetch(),
    further: {
      next: hasNextPage ? Math.min(ENTRIES, Math.max(1, left)) : 0,
      isReading: isShort && !isFetchNextPageError,
      problem: isFetchNextPageError ? problem : null,
      show() {
        setWanted((data?.pages ?? 0) + 1);
        if (isFetchNextPageError) void fetchNextPage();
      },
      showUpTo(entry) {
        setSought(entry);
        if (isFetchNextPageError) void fetchNextPage();
      },
    },
  };
}

function shownOf({ pages }: InfiniteData<Story, Cursor>): Shown {
  return { story: joined(pages), pages: pages.length };
}

/** From where the page after this one goes on; undefined: it is the last. */
export function endOf({ timeline: { data, has_more: hasMore } }: Story): Cursor {
  return hasMore ? data.at(-1)?.id : undefined;
}

/**
 * One story of its pages. Each says how the payment stands, the last read it last. An entry that is on two of them has moved while
 * they were read, and stands where the later one has it.
 */
export function joined(pages: readonly Story[]): Story {
  const last = pages.at(-1);
  if (last === undefined) throw new Error('A story has at least one page.');
  const entries = new Map<string, Story['timeline']['data'][number]>();
  for (const entry of pages.flatMap(({ timeline }) => timeline.data)) {
    entries.delete(entry.id);
    entries.set(entry.id, entry);
  }
  return { ...last, timeline: { ...last.timeline, data: [...entries.values()] } };
}
