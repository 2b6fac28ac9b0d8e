/**
 * What each provider says of itself, as starting data: list prices and public facts as of the day in `source`. A contract's
 * real prices, limits and licences go into the account's own overrides.
 */
import type { ProviderListing } from '../schema.ts';
import { adyenListing } from './adyen.ts';
import { checkoutListing } from './checkout.ts';
import { stripeListing } from './stripe.ts';

export { REFERENCE_RATES } from './reference-rates.ts';

export const PROVIDER_CATALOGUE: Readonly<Record<string, ProviderListing>> = {
  stripe: stripeListing,
  adyen: adyenListing,
  checkout: checkoutListing,
  // ./interlock new:provider adds a line above this one.
};
