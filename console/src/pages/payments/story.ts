import { type InfiniteData, type QueryKey, useInfiniteQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { ApiProblem } from '../../api/problem.ts';
import { type Answer, readOnce } from '../../api/query.ts';
import { useLive } from '../../kit/index.ts';

export const STORY = '/v1/operator/payments/{id}/story';
export type Story = Answer<typeof STORY>;

/** As many as the API tells at once. Few payments have more; of those, the next ones are read when they are asked for. */
const ENTRIES = 500;
/** So often in a row is a story read anew that doesn't come out whole: the next news of it is a better moment than at once. */
const MOST_READS = 3;

/** What lies behind the entries that are shown. */
export interface Further {
  /** How many come next; 0: all are shown. */
  readonly next: number;
  readonly isReading: boolean;
  readonly problem: ApiProblem | null;
  show(): void;
  /** Shows as many as it takes to reach this entry. */
  showUpTo(entry: string): void;
  /** The same, and goes there. */
  goTo(entry: string): void;
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
 * A payment's story, as many pages of it as were asked for. Where something happened, and before the next one is read, all of them are
 * read anew one after the other, each from the end of the one before: an entry that came in between moves those behind it, and none is
 * lost at a seam. An entry that moves while they are read takes a seam with it; what that lost is seen at the end, by their number.
 */
export function useStory(id: string): Reading {
  const [wanted, setWanted] = useState(1);
  const [sought, setSought] = useState<string>();
  const [goal, setGoal] = useState<string>();
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
  const { data, isFetching, hasNextPage, isError, error: problem, refetch, fetchNextPage } = read;
  const isShown = (id: string) => data?.story.timeline.data.some((entry) => entry.id === id) ?? false;
  const isShort =
    hasNextPage && data !== undefined && (data.pages < wanted || (sought !== undefined && !isShown(sought)));
  const goOn = useCallback(async () => {
    const { isSuccess } = await refetch();
    if (isSuccess) await fetchNextPage();
  }, [refetch, fetchNextPage]);
  // Not by the click itself: an act's own re-read would end that read, and nobody would begin it again.
  useEffect(() => {
    if (isShort && !isFetching && !isError) void goOn();
  }, [isShort, isFetching, isError, goOn]);
  const isHoled = data !== undefined && lacksEntries(data.story);
  const reads = useRef(0);
  useEffect(() => {
    if (isFetching || isError) return;
    reads.current = isHoled ? reads.current + 1 : 0;
    if (isHoled && reads.current < MOST_READS) void refetch();
  }, [isHoled, isFetching, isError, refetch]);
  const isAtGoal = goal !== undefined && isShown(goal);
  useEffect(() => {
    if (!isAtGoal) return;
    location.hash = encodeURIComponent(goal);
    setGoal(undefined);
  }, [goal, isAtGoal]);
  const showUpTo = (entry: string) => {
    setSought(entry);
    if (isError) void goOn();
  };
  const left = data === undefined ? 0 : data.story.timeline.total - data.story.timeline.data.length;
  return {
    story: data?.story,
    problem,
    retry: () => void refetch(),
    further: {
      next: hasNextPage ? Math.min(ENTRIES, Math.max(1, left)) : 0,
      isReading: isShort && (isFetching || !isError),
      problem: isShort && !isFetching ? problem : null,
      show() {
        setWanted((data?.pages ?? 0) + 1);
        if (isError) void goOn();
      },
      showUpTo,
      goTo(entry) {
        setGoal(entry);
        showUpTo(entry);
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

/** Its last page is there, and yet not every entry: one moved while they were read, and those between are on no page. */
export function lacksEntries({ timeline: { data, total, has_more: hasMore } }: Story): boolean {
  return !hasMore && total > data.length;
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
