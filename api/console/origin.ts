import { problem } from '../problems.ts';

/**
 * Whether a browser says that the request comes from our own pages. Browsers say it with every POST, in one header or both, and
 * no page can make them say otherwise. A proxy may have changed `Host`, so the public URL counts as well.
 */
export function refuseOtherSite(
  headers: Readonly<Record<string, string | undefined>>,
  publicUrl: string,
  { mustSay }: { readonly mustSay: boolean },
): void {
  const { origin, host, 'sec-fetch-site': site } = headers;
  const saysNothing = origin === undefined && site === undefined;
  const isForeign =
    (site !== undefined && site !== 'same-origin') ||
    (origin !== undefined && !isOwn(origin, host, publicUrl));
  if (isForeign || (saysNothing && mustSay)) throw problem('origin_refused');
}

function isOwn(origin: string, host: string | undefined, publicUrl: string): boolean {
  if (!URL.canParse(origin)) return false;
  const said = new URL(origin);
  return said.origin === new URL(publicUrl).origin || said.host === host;
}
