import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Merchant, PublicPayment } from './merchant.ts';

/**
 * A merchant's own shop, as small as one can be: the page that payers come back to. It believes nothing that stands
 * in its address but which payment to ask for, and shows what the API says, again and again until that is final.
 */
export interface Shop {
  readonly returnUrl: string;
  /** Every address that a browser came with. */
  readonly visits: readonly string[];
  close(): Promise<void>;
}

const REFRESH_SECONDS = 1;

export async function openShop(merchant: Pick<Merchant, 'payment'>): Promise<Shop> {
  const visits: string[] = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://shop');
    if (url.pathname !== '/back') {
      response.writeHead(404).end();
      return;
    }
    visits.push(`${url.pathname}${url.search}`);
    const id = url.searchParams.get('payment') ?? '';
    const payment = await merchant.payment(id).catch(() => undefined);
    response.writeHead(payment === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(payment === undefined ? 'No such payment.' : page(payment));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    returnUrl: `http://127.0.0.1:${port}/back?cart=7`,
    visits,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Whether a payer may still be asked, or the outcome come. */
export function isOpen({ status }: PublicPayment): boolean {
  return status === 'processing' || status === 'requires_action';
}

function page(payment: PublicPayment): string {
  const again = isOpen(payment) ? `<meta http-equiv="refresh" content="${REFRESH_SECONDS}">` : '';
  const title = isOpen(payment) ? 'One moment' : payment.status === 'succeeded' ? 'Thank you' : 'Not paid';
  const style =
    'body{font:18px/1.5 system-ui;display:grid;place-items:center;min-height:90vh;color:#1c2330}main{text-align:center}';
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title><style>${style}</style>${again}
<main><h1>${title}</h1><p>Your payment:</p><p id="status">${payment.status}</p></main></html>`;
}
