/**
 * The filters of the list of payments, as they stand in its address: the API's own names, but for `of_merchant`, because
 * `merchant` in every address is the one that the console looks at, and `after`, where every list of the console goes on.
 */
export const FILTERS = {
  of_merchant: '',
  mode: '',
  status: '',
  provider: '',
  reference: '',
  customer: '',
  currency: '',
  created_from: '',
  created_before: '',
  amount_from: '',
  amount_to: '',
  needs_attention: '',
  after: '',
};
export type PaymentFilters = { readonly [K in keyof typeof FILTERS]: string };

/** The list with these filters. `keep` is the search of the page that links to it (`useKeptSearch`). */
export function paymentsHref(filters: Partial<PaymentFilters>, keep = ''): string {
  const search = new URLSearchParams(keep);
  for (const [name, value] of Object.entries(filters)) if (value !== '') search.set(name, value);
  const text = search.toString();
  return text === '' ? '/payments' : `/payments?${text}`;
}

/** What the API is asked for. */
export function listQueryOf({
  of_merchant,
  after,
  ...same
}: PaymentFilters): Readonly<Record<string, string>> {
  const named = { ...same, merchant: of_merchant, cursor: after };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== ''));
}

/** An instant of the address as a field for local time has it, to the minute; nothing where it is none. */
export function localOf(instant: string): string {
  const atMs = Date.parse(instant);
  if (Number.isNaN(atMs)) return '';
  const offsetMs = new Date(atMs).getTimezoneOffset() * 60_000;
  return new Date(atMs - offsetMs).toISOString().slice(0, 16);
}

/** And back. */
export function instantOf(local: string): string {
  const atMs = Date.parse(local);
  return Number.isNaN(atMs) ? '' : new Date(atMs).toISOString();
}
