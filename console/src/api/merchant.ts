import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useSearchParams } from 'wouter';
import { answer, api } from './client.ts';
import type { Answer } from './query.ts';
import { scopedMerchant, setScopedMerchant } from './scope.ts';

type MerchantPage = Pick<Answer<'/v1/operator/merchants'>, 'data' | 'has_more'>;
type MerchantRow = MerchantPage['data'][number];

const MODES = ['test', 'live'] as const;
const REMEMBERED = 'interlock.merchant';

/**
 * The merchant and mode that the page looks at: in the address (`?merchant=mer_x/test`), else the one that this tab looked at last
 * (another tab's choice changes nothing here), else the one that any did, else the first there is. Requests to merchants' routes carry it by themselves (api/scope.ts).
 */
export function useMerchant() {
  const [search, setSearch] = useSearchParams();
  const known = useMerchants();
  const fallback = remembered() ?? (known[0] === undefined ? undefined : `${known[0].id}/test`);
  const merchant = search.get('merchant') ?? fallback;
  // While rendering: the first query of the page below must already carry it.
  if (merchant !== scopedMerchant()) setScopedMerchant(merchant);
  useEffect(() => {
    if (merchant !== undefined) remember(merchant);
  }, [merchant]);
  const [merchantId, mode] = merchant?.split('/') ?? [];
  return {
    merchant,
    merchantId,
    mode: mode === 'live' ? 'live' : 'test',
    /** Every merchant in every mode, as the chooser lists them. */
    options: known.flatMap(({ id, name }) =>
      MODES.map((each) => ({ value: `${id}/${each}`, label: `${name} · ${each}` })),
    ),
    choose(next: string) {
      setSearch((before) => {
        const after = new URLSearchParams(before);
        after.set('merchant', next);
        return after;
      });
    },
  };
}

function useMerchants(): readonly MerchantRow[] {
  const { data } = useQuery({
    queryKey: ['/v1/operator/merchants', 'chooser'],
    queryFn: ({ signal }) =>
      everyMerchant((after) => {
        const query = { limit: LONGEST_PAGE, ...(after === undefined ? {} : { starting_after: after }) };
        return answer(api.GET('/v1/operator/merchants', { params: { query }, signal }));
      }),
    staleTime: 60_000,
  });
  return data ?? [];
}

/** As long as the API gives one. */
const LONGEST_PAGE = 100;

/** Every page's merchants: a merchant that is on none of the pages read could not be chosen at all. */
export async function everyMerchant(
  readPage: (after: string | undefined) => Promise<MerchantPage>,
): Promise<readonly MerchantRow[]> {
  const rows: MerchantRow[] = [];
  for (;;) {
    const { data, has_more: hasMore } = await readPage(rows.at(-1)?.id);
    rows.push(...data);
    if (!hasMore || data.length === 0) return rows;
  }
}

function remembered(): string | undefined {
  return scopedMerchant() ?? kept(() => sessionStorage) ?? kept(() => localStorage);
}

function kept(storage: () => Storage): string | undefined {
  try {
    return storage().getItem(REMEMBERED) ?? undefined;
  } catch {
    return undefined;
  }
}

/** For this tab, and for where the next one begins. */
function remember(merchant: string): void {
  try {
    sessionStorage.setItem(REMEMBERED, merchant);
    localStorage.setItem(REMEMBERED, merchant);
  } catch {
    // A browser that keeps nothing starts with the first merchant again.
  }
}

/** A place of the console with the merchant that the address names, unless it names one itself: every link and every step keeps it. */
export function withMerchant(to: string): string {
  const merchant = new URLSearchParams(location.search).get('merchant');
  const place = new URL(to, location.href);
  if (merchant === null || place.searchParams.has('merchant') || place.pathname.endsWith('/sign-in'))
    return to;
  place.searchParams.append('merchant', merchant);
  return `${place.pathname}${place.search}${place.hash}`;
}
