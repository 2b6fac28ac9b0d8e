import { SHOP } from './merchant.ts';

/** The payer's browser, by plain HTTP: it goes where it is sent, fills in the bank's form, and ends at the shop. */
export type Choice = 'approve' | 'fail' | 'cancel';

/** Where a browser came to a halt: at a page, or at the merchant's shop, which the demo doesn't run. */
export type Halt =
  | { readonly type: 'page'; readonly url: string; readonly status: number }
  | { readonly type: 'shop'; readonly url: URL };

const MAX_REDIRECTS = 10;

/** Opens what the payment's `next_action` names, as far as the bank's page. */
export function open(url: string): Promise<Halt> {
  return go(url);
}

/** Presses a button on the bank's page. Without `stay` the browser goes back to the shop, where it is sent there. */
export async function choose(page: string, choice: Choice, stay = false): Promise<Halt> {
  const form = {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `outcome=${choice}`,
  };
  if (!stay) return go(page, form);
  const { status } = await fetch(page, { ...form, redirect: 'manual' });
  return { type: 'page', url: page, status };
}

async function go(from: string, first?: RequestInit): Promise<Halt> {
  let url = from;
  let init = first;
  for (let hops = 0; hops < MAX_REDIRECTS; hops += 1) {
    const response = await fetch(url, { ...init, redirect: 'manual' });
    // 303 is followed by a GET, whatever came before.
    init = undefined;
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null)
      return { type: 'page', url, status: response.status };
    const next = new URL(location, url);
    if (next.href.startsWith(SHOP)) return { type: 'shop', url: next };
    url = next.href;
  }
  throw new Error(`sent in circles from ${from}`);
}
