import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consoleAssets } from './console-assets.ts';

const SCRIPT = 'console.log(1);';
const root = mkdtempSync(join(tmpdir(), 'interlock-console-'));
const servers: Server[] = [];
let built = '';
let unbuilt = '';

async function serve(directory: string | undefined): Promise<string> {
  const app = express();
  app.use(consoleAssets(directory));
  app.use((_request, response) => {
    response.status(404).json({ error: 'the API' });
  });
  const server = createServer(app);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  const directory = join(root, 'console');
  mkdirSync(join(directory, 'assets'), { recursive: true });
  writeFileSync(join(root, 'secret.js'), 'outside');
  writeFileSync(join(directory, '.hidden.js'), 'hidden');
  writeFileSync(join(directory, 'index.html'), '<!doctype html><title>Interlock</title>');
  writeFileSync(join(directory, 'theme.js'), SCRIPT);
  writeFileSync(join(directory, 'assets/index-abc.js'), SCRIPT);
  writeFileSync(join(directory, 'assets/index-abc.js.gz'), gzipSync(SCRIPT));
  built = await serve(directory);
  unbuilt = await serve(undefined);
});
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(root, { recursive: true });
});

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The path as it is written: `fetch` would tidy it up first. */
function get(base: string, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    request({ hostname, port, path, method, headers }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString('latin1');
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    })
      .on('error', reject)
      .end();
  });
}

describe('the console', () => {
  it.each(['/console', '/console/', '/console/payments/pay_1?x=1'])(
    'answers %s with its page',
    async (path) => {
      const { status, headers, body } = await get(built, path);
      expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      expect(body).toContain('<title>Interlock</title>');
      expect(headers['cache-control']).toBe('no-cache');
      const policy = headers['content-security-policy'] ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
    },
  );

  it('lets files that are named by their content be kept for ever, compressed for whoever takes that', async () => {
    const path = '/console/assets/index-abc.js';
    const plain = await get(built, path);
    expect([plain.body, plain.headers['content-encoding']]).toEqual([SCRIPT, undefined]);
    expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    const zipped = await get(built, path, { 'accept-encoding': 'br, gzip' });
    expect([zipped.headers['content-encoding'], zipped.headers.vary]).toEqual(['gzip', 'Accept-Encoding']);
    const refused = await get(built, path, { 'accept-encoding': 'gzip;q=0' });
    expect(refused.headers['content-encoding']).toBeUndefined();
  });

  it('answers that a file has not changed', async () => {
    const { headers } = await get(built, '/console/theme.js');
    const again = await get(built, '/console/theme.js', { 'if-none-match': headers.etag ?? '' });
    expect([again.status, again.body]).toEqual([304, '']);
  });

  it.each([
    '/console/assets/index-old.js',
    '/console/../secret.js',
    '/console/%2e%2e/secret.js',
    '/console/assets/..%2f..%2fsecret.js',
    '/console/.hidden.js',
  ])('gives nothing away at %s', async (path) => {
    const { body } = await get(built, path);
    expect(body).not.toMatch(/outside|hidden/);
  });

  it('leaves what is sent to it to the API, and HEAD without a body', async () => {
    expect((await get(built, '/console', {}, 'POST')).body).toBe('{"error":"the API"}');
    const { status, body } = await get(built, '/console', {}, 'HEAD');
    expect([status, body]).toEqual([200, '']);
  });

  it('shows browsers in at the front door, and no program', async () => {
    const browser = await get(built, '/', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
    expect([browser.status, browser.headers.location]).toEqual([302, '/console']);
    expect((await get(built, '/', { accept: '*/*' })).status).toBe(404);
    expect((await get(unbuilt, '/', { accept: 'text/html' })).status).toBe(404);
  });

  it('says how it is built where it is not', async () => {
    const { status, body } = await get(unbuilt, '/console');
    expect(status).toBe(503);
    expect(body).toContain('./interlock build');
  });
});
