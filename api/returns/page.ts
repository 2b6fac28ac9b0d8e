import { createHash } from 'node:crypto';
import type { Reply } from '../route.ts';

/** The few pages that a payer may come to see here: no script, nothing loaded, nothing of theirs quoted. */
const STYLE = `body{margin:0;min-height:100vh;display:grid;place-items:center;background:#f4f5f7;color:#1c2330;font:17px/1.5 system-ui,sans-serif}
main{max-width:24rem;margin:1rem;padding:2rem;background:#fff;border-radius:12px;box-shadow:0 1px 3px #0002}
h1{margin:0 0 .5rem;font-size:1.25rem}p{margin:0}
@media(prefers-color-scheme:dark){body{background:#12151b;color:#e7eaf0}main{background:#1c212b}}`;

const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; frame-ancestors 'none'`;

export function page(status: number, title: string, text: string): Reply {
  return {
    status,
    body: `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${STYLE}</style></head>
<body><main><h1>${title}</h1><p>${text}</p></main></body>
</html>
`,
    headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': POLICY },
  };
}

export const PAGES = {
  received: () =>
    page(
      200,
      'Thank you',
      'We have heard from your bank. You can close this page now; the shop will tell you more.',
    ),
  unknown: () => page(404, 'Nothing here', 'This link is not valid. Please go back to the shop.'),
  refused: () =>
    page(
      400,
      'This link was changed',
      'It does not belong to this payment, so nothing was done. Please go back to the shop.',
    ),
  unavailable: () =>
    page(
      503,
      'One moment, please',
      'We cannot be reached right now. Nothing is lost: please load this page again in a minute.',
    ),
} as const;
