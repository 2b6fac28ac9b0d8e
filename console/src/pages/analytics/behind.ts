import { type PaymentFilters, paymentsHref } from '../payments/filters.ts';
import { endOf } from './buckets.ts';
import type { FiguresQuery } from './query.ts';

/** What the list of payments can tell payments apart by. */
const LISTED = new Set(['merchant', 'provider', 'currency']);

interface Row {
  /** When its bucket begins; null: it is of the whole period. */
  readonly at: string | null;
  readonly group: Readonly<Record<string, string | undefined>>;
}

/**
 * The list of the payments behind a row; nothing where the list cannot tell them apart (a card's brand, a reason), because
 * another list under a row's link would be taken for its payments.
 */
export function paymentsBehind(
  { at, group }: Row,
  query: FiguresQuery,
  period: { readonly from: string; readonly to: string },
  keep: string,
): string | undefined {
  const { mode, from: _from, to: _to, bucket, by: _by, ...filters } = query;
  const told: Readonly<Record<string, string | undefined>> = { ...filters, ...group };
  const isListed = Object.entries(told).every(
    ([name, value]) => value === undefined || (LISTED.has(name) && value !== ''),
  );
  if (!isListed) return undefined;
  const { merchant = '', provider = '', currency = '' } = told;
  const end = at === null ? period.to : endOf(at, bucket ?? 'day');
  const terms: Partial<PaymentFilters> = {
    of_merchant: merchant,
    mode,
    provider,
    currency,
    created_from: later(at ?? period.from, period.from),
    created_before: later(end, period.to) === end ? period.to : end,
  };
  return paymentsHref(terms, keep);
}

function later(one: string, other: string): string {
  return Date.parse(one) >= Date.parse(other) ? one : other;
}
