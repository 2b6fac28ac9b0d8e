import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useSearchParams } from 'wouter';
import { answer, api } from './client.ts';
import type { Answer } from './query.ts';
import { scopedMerchant, setScopedMerchant } from './scope.ts';

type MerchantRow = Answer<'/v1/operator/merchants'>['data'][number];

const MODES = ['test', 'live'] as const;
const REMEMBERED = 'interlock.merchant';

/**
 * The merchant and mode that the page looks at: in the address (`?merchant=mer_x/test`), else the one looked at last, else
 * the first there is. Requests to merchants' routes carry it by themselves (api/scope.ts).
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
    queryFn: async () => (await answer(api.GET('/v1/operator/merchants'))).data,
    staleTime: 60_000,
  });
  return data ?? [];
}

function remembered(): string | undefined {
  try {
    return localStorage.getItem(REMEMBERED) ?? undefined;
  } catch {
    return undefined;
  }
}

function remember(merchant: string): void {
  try {
    localStorage.setItem(REMEMBERED, merchant);
  } catch {
    // A browser that keeps nothing starts with the first merchant again.
  }
}
