/**
 * The providers that exist. One line each: what a provider is and can do stands in its own folder.
 * Nothing here may know one provider from another.
 */
import { adyen } from './adyen/index.ts';
import { checkout } from './checkout/index.ts';
import type { Provider } from './provider.ts';
import { stripe } from './stripe/index.ts';

export const providers: readonly Provider[] = [
  stripe,
  adyen,
  checkout,
  // ./interlock new:provider adds a line above this one.
];

/**
 * Of an adapter's versions the one that is asked for; the current one, which the list has first, where that ships no
 * more or none is asked for. Undefined for a
 * name that no provider has: an account's row may outlive its adapter.
 */
export function providerByName(name: string, version?: string): Provider | undefined {
  const shipped = providers.filter((provider) => provider.name === name);
  return shipped.find(({ connectorVersion }) => connectorVersion === version) ?? shipped[0];
}
