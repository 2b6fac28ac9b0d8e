import { expect, it } from 'vitest';
import { endOf, joined, lacksEntries, type Story } from './story.ts';

type Entry = Story['timeline']['data'][number];

/** One page as the API answers, of which only what pages are joined by is looked at. */
function page(ids: readonly string[], hasMore: boolean, headline = 'paid'): Story {
  const data = ids.map((id) => ({ id, title: `${id} in ${headline}` }) as Entry);
  return {
    headline: { text: headline },
    timeline: { data, total: 5, has_more: hasMore, cut: [] },
  } as unknown as Story;
}

const idsOf = ({ timeline }: Story) => timeline.data.map(({ id }) => id);

it('is one story in the order of its pages, which says how it stands as the last read one does', () => {
  const story = joined([page(['a', 'b'], true), page(['c', 'd'], true), page(['e'], false, 'refunded')]);
  expect(idsOf(story)).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(story.headline.text).toBe('refunded');
  expect(story.timeline).toMatchObject({ total: 5, has_more: false });
});

it('has an entry once that moved while its pages were read, where and as the later page has it', () => {
  const story = joined([page(['a', 'b', 'c'], true), page(['d', 'b', 'e'], false, 'captured')]);
  expect(idsOf(story)).toEqual(['a', 'c', 'd', 'b', 'e']);
  expect(story.timeline.data[3]?.title).toBe('b in captured');
});

it('is seen to lack what an entry left behind that moved away from the end of a page before the next was read', () => {
  const first = page(['a', 'b'], true);
  expect(lacksEntries(joined([first]))).toBe(false);
  // The end of the first page stands behind c and d by now, so what comes after it leaves them out.
  const torn = joined([first, page(['e'], false)]);
  expect(idsOf(torn)).toEqual(['a', 'b', 'e']);
  expect(lacksEntries(torn)).toBe(true);
  expect(lacksEntries(joined([page(['a', 'c'], true), page(['d', 'b', 'e'], false)]))).toBe(false);
});

it('goes on after the last entry of a page, until there are no more', () => {
  expect(endOf(page(['a', 'b'], true))).toBe('b');
  expect(endOf(page(['a', 'b'], false))).toBeUndefined();
  // A page that promises more and has none would be asked for without end.
  expect(endOf(page([], true))).toBeUndefined();
});
