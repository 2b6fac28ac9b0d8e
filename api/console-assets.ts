import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import express, { type RequestHandler, type Response, type Router } from 'express';

/**
 * The console's built files, at `/console`: plain files of one folder, written by `./interlock build`. Whatever isn't a file is
 * a page of the console and gets index.html, whose script finds out which. The pages talk to the API with the session's cookie,
 * so the policy lets them run nothing, load nothing and send nothing but from and to here.
 */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=()',
  'X-Frame-Options': 'DENY',
};

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** In the order in which they are preferred; made once, when the console is built. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

/** One folder deep and without dots at the front: no path of a request leads anywhere else. */
const FILE = /^\/(?:assets\/)?[A-Za-z0-9_-][\w.-]*\.(?:js|css|svg)$/;
/** Named by its content: what it holds never changes. */
const HASHED = /^\/assets\//;

const UNBUILT =
  'The console is not built here. Run ./interlock build, and set INTERLOCK_CONSOLE_DIR to dist/console.\n';

/** Absent directory: the API runs without its console, and says so to whoever looks for it. */
export function consoleAssets(directory: string | undefined): Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  const serve: RequestHandler = async (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    response.set(HEADERS);
    const isFile = FILE.test(request.path);
    const path = isFile ? request.path : '/index.html';
    const found = directory && (await encodedFile(join(directory, path), request.get('accept-encoding')));
    if (found) return send(response, path, found);
    // A file of an older build is gone; a page there is always, once anything is built.
    response
      .status(isFile ? 404 : 503)
      .type('text/plain')
      .send(isFile ? 'There is no such file.\n' : UNBUILT);
  };
  router.use('/console', serve);
  // Browsers that come to the front door are shown in; programs are told that there is nothing.
  router.get('/', (request, response, next) => {
    if (directory === undefined || request.accepts(['json', 'html']) !== 'html') return next();
    response.redirect(302, '/console');
  });
  return router;
}

interface EncodedFile {
  readonly bytes: Buffer;
  readonly encoding?: string;
}

async function encodedFile(path: string, accepted = ''): Promise<EncodedFile | undefined> {
  for (const [encoding, suffix] of ENCODINGS) {
    if (!new RegExp(`\\b${encoding}\\b(?!\\s*;\\s*q=0(?:\\.0*)?\\b)`).test(accepted)) continue;
    const bytes = await bytesOf(`${path}${suffix}`);
    if (bytes !== undefined) return { bytes, encoding };
  }
  const bytes = await bytesOf(path);
  return bytes && { bytes };
}

async function bytesOf(path: string): Promise<Buffer | undefined> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

function send(response: Response, path: string, { bytes, encoding }: EncodedFile): void {
  const isHashed = HASHED.test(path);
  response.set({
    'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
    'Cache-Control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    Vary: 'Accept-Encoding',
    ...(encoding === undefined ? {} : { 'Content-Encoding': encoding }),
    ...(isHashed ? {} : { ETag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` }),
  });
  if (response.req.fresh) {
    response.status(304).end();
    return;
  }
  response.status(200).set('Content-Length', String(bytes.length));
  response.end(response.req.method === 'HEAD' ? undefined : bytes);
}
