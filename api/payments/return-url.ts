import type { Mode } from '../../domain/ids.ts';
import { problem } from '../problems.ts';
import type { Services } from '../route.ts';

/** A payer's browser is sent only where the merchant said that it may be: else this API would redirect anywhere. */
export async function checkReturnUrl(
  { merchantId, mode }: { readonly merchantId: string; readonly mode: Mode },
  services: Services,
  returnUrl: string | undefined,
): Promise<() => void> {
  const registered = returnUrl === undefined || (await isRegistered(merchantId, mode, services, returnUrl));
  return () => {
    if (!registered) throw problem('return_url_not_registered', { param: 'return_url' });
  };
}

async function isRegistered(
  merchantId: string,
  mode: Mode,
  services: Services,
  returnUrl: string,
): Promise<boolean> {
  const url = new URL(returnUrl);
  // Nobody else's machine is reached by it, and no real payer's browser ever comes.
  if (mode === 'test' && isLoopback(url)) return true;
  const remembered = await services.merchantSettings(merchantId);
  if (remembered?.returnOrigins.includes(url.origin) === true) return true;
  // It may have been registered this very moment.
  const fresh = await services.merchants.find(merchantId);
  return fresh?.returnOrigins.includes(url.origin) === true;
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
