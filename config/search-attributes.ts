/**
 * The custom search attributes of Interlock's workflows, name to Temporal's indexed value type. They are
 * registered when an embedded server starts, and through the operator API on a server somebody else runs.
 */
export const SEARCH_ATTRIBUTES = {
  InterlockMerchant: 'Keyword',
  InterlockStatus: 'Keyword',
  InterlockProvider: 'Keyword',
  InterlockCurrency: 'Keyword',
  InterlockNeedsAttention: 'Bool',
} as const satisfies Record<string, 'Keyword' | 'Bool'>;

export type SearchAttributeName = keyof typeof SEARCH_ATTRIBUTES;
