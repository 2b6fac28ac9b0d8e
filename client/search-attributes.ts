import {
  defineSearchAttributeKey,
  type SearchAttributePair,
  TypedSearchAttributes,
} from '@temporalio/common';

/** What a workflow can be found by in the Web UI from its start on; config/search-attributes.ts registers them. */
const MERCHANT = defineSearchAttributeKey('InterlockMerchant', 'KEYWORD');
const CURRENCY = defineSearchAttributeKey('InterlockCurrency', 'KEYWORD');
const STATUS = defineSearchAttributeKey('InterlockStatus', 'KEYWORD');

export function searchAttributes(
  merchantId: string,
  currency: string | undefined,
  status: string,
): TypedSearchAttributes {
  return new TypedSearchAttributes([
    { key: MERCHANT, value: merchantId },
    ...(currency === undefined ? [] : [{ key: CURRENCY, value: currency }]),
    { key: STATUS, value: status },
  ] satisfies SearchAttributePair[]);
}
